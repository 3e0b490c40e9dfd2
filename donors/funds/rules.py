"""Rules of funds: entries, earmarks, charges. Pure."""

import uuid
from dataclasses import dataclass, replace
from datetime import date

from donors.funds.models import FUND_KINDS
from kernel.catalogue.models import HOUSEHOLD_TYPES
from kernel.checking import MOST_FEN, Faults, checked_period, checked_text, checked_whole
from kernel.errors import Conflict, InvalidInput, NotEnough
from kernel.money import yuan_text


@dataclass(frozen=True)
class FundEntry:
    """What is handed in about a fund. `region_code` is where it is managed; the lists are its earmarks, None meaning any."""

    name: str
    kind: str
    region_code: str
    categories: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None


@dataclass(frozen=True)
class DonationEntry:
    """Money received: whole fen, the day it arrived, and who gave it (a registered donor, or a name alone)."""

    fund_id: uuid.UUID
    amount_fen: int
    received_on: date
    giver_name: str = ""
    donor_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Earmarks:
    """What a fund's money is for. None: no restriction of that sort. Region codes stand for themselves and all below."""

    categories: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    types: frozenset[str] | None = None
    projects: frozenset[uuid.UUID] | None = None


@dataclass(frozen=True)
class Purpose:
    """What money is asked for: the need's category, the household's region and type, the projects the need belongs to."""

    category: str
    region: str
    type: str
    project_ids: frozenset[uuid.UUID] = frozenset()


@dataclass(frozen=True)
class Charge:
    """`amount_fen` > 0 that one fund is to pay for one purpose. Charges of one `reference` are booked together."""

    fund_id: uuid.UUID
    amount_fen: int
    reference: str
    purpose: Purpose


def may_pay(earmarks: Earmarks, purpose: Purpose) -> bool:
    """Whether money so earmarked may pay for this purpose: every restriction present is met."""
    if earmarks.categories is not None and purpose.category not in earmarks.categories:
        return False
    if earmarks.types is not None and purpose.type not in earmarks.types:
        return False
    if earmarks.regions is not None and not any(purpose.region.startswith(code) for code in earmarks.regions):
        return False
    return earmarks.projects is None or bool(earmarks.projects & purpose.project_ids)


class EarmarkBroken(Conflict):
    """A fund was asked to pay for something its earmarks exclude (HTTP 409)."""

    code = "earmark"


@dataclass(frozen=True)
class ShortFund:
    """A fund that has less than is asked: fen asked, fen available, and whether it is closed."""

    fund_id: uuid.UUID
    number: int | None
    name: str
    asked_fen: int
    available_fen: int
    closed: bool = False


class FundsShort(NotEnough):
    """Some funds cannot pay; nothing was booked. `short` names every one of them."""

    def __init__(self, short: tuple[ShortFund, ...]) -> None:
        self.short = short
        first = short[0]
        if len(short) == 1 and first.closed:
            super().__init__("The fund %(fund)s is closed", field="fund_id", fund=first.name or first.fund_id)
        elif len(short) == 1:
            super().__init__(
                "The fund %(fund)s has %(available)s yuan left; %(asked)s yuan were asked for",
                field="fund_id",
                fund=first.name,
                available=yuan_text(first.available_fen),
                asked=yuan_text(first.asked_fen),
            )
        else:
            super().__init__(
                "%(count)s funds cannot pay what is asked: %(funds)s",
                field="fund_id",
                count=len(short),
                funds="; ".join(
                    f"{row.name or row.fund_id} {yuan_text(row.available_fen)}/{yuan_text(row.asked_fen)}"
                    for row in short
                ),
            )


def checked_fund(entry: FundEntry) -> FundEntry:
    """The entry, normalised. Raises InvalidFields with every fault."""
    faults = Faults()
    given: dict[str, object] = {}
    with faults.gathering():
        given["name"] = checked_text(entry.name, field="name", most=120)
    with faults.gathering():
        checked_text(entry.region_code, field="region_code", most=60)
    with faults.gathering():
        checked_text(entry.kind, field="kind", most=60)
    if entry.kind and entry.kind not in FUND_KINDS:
        faults.add(
            InvalidInput(
                "There is no kind of fund %(kind)s; choose among %(kinds)s",
                field="kind",
                kind=entry.kind,
                kinds=", ".join(FUND_KINDS),
            )
        )
    for field in ("categories", "regions", "types"):
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
    faults.raise_any()
    return replace(entry, **given)  # type: ignore[arg-type]


def checked_donation(entry: DonationEntry, *, today: date) -> DonationEntry:
    """The entry, normalised. Raises InvalidFields with every fault."""
    faults = Faults()
    given: dict[str, object] = {}
    with faults.gathering():
        checked_whole(entry.amount_fen, field="amount_fen", least=1, most=MOST_FEN)
    with faults.gathering():
        given["giver_name"] = checked_text(
            entry.giver_name, field="giver_name", most=120, required=entry.donor_id is None
        )
    with faults.gathering():
        checked_period(entry.received_on, None, start_field="received_on")
    if entry.received_on is None:
        faults.add(InvalidInput("Fill this in", field="received_on"))
    elif entry.received_on > today:
        faults.add(InvalidInput("Money that has not arrived is not booked; check the date", field="received_on"))
    faults.raise_any()
    return replace(entry, **given)  # type: ignore[arg-type]
