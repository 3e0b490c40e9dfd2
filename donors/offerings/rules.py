"""Rules of offerings: what makes an entry right, and what a movement of stock is. Pure."""

import uuid
from dataclasses import dataclass, replace
from datetime import date

from kernel.catalogue.models import HOUSEHOLD_TYPES
from kernel.checking import (
    MOST_FEN,
    MOST_METRES,
    MOST_UNITS,
    Faults,
    checked_period,
    checked_point,
    checked_text,
    checked_whole,
)
from kernel.errors import InvalidInput, NotEnough


@dataclass(frozen=True)
class OfferingEntry:
    """What is handed in about an offering: whole units of the category, metres, fen, days both inclusive.

    An absent list (None) means "any"; an empty one is a fault, because it would mean "none".
    """

    donor_id: uuid.UUID
    category_code: str
    title: str
    quantity: int
    region_code: str
    unit_cost_fen: int = 0
    government_bought: bool = False
    areas: tuple[str, ...] | None = None
    radius_m: int | None = None
    lat: float | None = None
    lon: float | None = None
    provides: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    max_needs: int | None = None
    types: tuple[str, ...] | None = None
    fund_ids: tuple[uuid.UUID, ...] | None = None


def checked_offering(entry: OfferingEntry, *, least_quantity: int = 1) -> OfferingEntry:
    """The entry, normalised. `least_quantity` is what is promised or gone already. Raises InvalidFields with every fault."""
    faults = Faults()
    given: dict[str, object] = {}
    with faults.gathering():
        given["title"] = checked_text(entry.title, field="title", most=120)
    with faults.gathering():
        checked_text(entry.region_code, field="region_code", most=60)
    with faults.gathering():
        checked_text(entry.category_code, field="category_code", most=60)
    with faults.gathering():
        checked_whole(entry.quantity, field="quantity", least=max(least_quantity, 1), most=MOST_UNITS)
    with faults.gathering():
        checked_whole(entry.unit_cost_fen, field="unit_cost_fen", least=0, most=MOST_FEN)
    with faults.gathering():
        checked_whole(entry.radius_m, field="radius_m", least=1, most=MOST_METRES, required=False)
    with faults.gathering():
        checked_whole(entry.max_needs, field="max_needs", least=1, most=MOST_UNITS, required=False)
    with faults.gathering():
        given["lat"], given["lon"] = checked_point(entry.lat, entry.lon)
    with faults.gathering():
        checked_period(entry.starts_on, entry.ends_on)
    given["provides"] = tuple(dict.fromkeys(entry.provides))
    for field in ("areas", "types", "fund_ids"):
        codes = getattr(entry, field)
        if codes is not None and not codes:
            faults.add(InvalidInput("An empty list would mean none; leave it out to mean any", field=field))
        given[field] = tuple(dict.fromkeys(codes)) if codes else None
    for code in entry.types or ():
        if code not in HOUSEHOLD_TYPES:
            faults.add(
                InvalidInput(
                    "There is no household type %(type)s; choose among %(types)s",
                    field="types",
                    type=code,
                    types=", ".join(HOUSEHOLD_TYPES),
                )
            )
    if entry.unit_cost_fen == 0 and entry.fund_ids:
        faults.add(
            InvalidInput(
                "What costs nothing needs no fund; leave the funds out, or give the price of a unit", field="fund_ids"
            )
        )
    if entry.unit_cost_fen == 0 and entry.government_bought:
        faults.add(
            InvalidInput("What the government buys has a price; give the price of a unit", field="unit_cost_fen")
        )
    faults.raise_any()
    return replace(entry, **given)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Hold:
    """`quantity` > 0 units of one offering, held under a `reference` that is used once per kind of movement."""

    offering_id: uuid.UUID
    quantity: int
    reference: str


@dataclass(frozen=True)
class ShortOffering:
    """An offering that cannot give what is asked: `asked` and `left` in units; `reason` is ``stock``, ``status``, ``donor`` or ``gone``."""

    offering_id: uuid.UUID
    number: int | None
    title: str
    asked: int
    left: int
    reason: str


class OfferingsShort(NotEnough):
    """Some offerings cannot give what is asked; nothing was held. `short` names every one of them."""

    def __init__(self, short: tuple[ShortOffering, ...]) -> None:
        self.short = short
        first = short[0]
        if len(short) == 1 and first.reason == "stock":
            super().__init__(
                "Only %(left)s of %(title)s (no. %(number)s) are left; %(asked)s were asked for",
                field="quantity",
                left=first.left,
                title=first.title,
                number=first.number,
                asked=first.asked,
            )
        elif len(short) == 1:
            super().__init__(
                "%(title)s (no. %(number)s) is not open for new promises any more",
                field="offering_id",
                title=first.title or "—",
                number=first.number or "—",
            )
        else:
            super().__init__(
                "%(count)s offerings cannot give what is asked: %(offerings)s",
                field="offering_id",
                count=len(short),
                offerings="; ".join(f"{row.title or row.offering_id} {row.left}/{row.asked}" for row in short),
            )
