"""Who is in the pool of a round and how much each may give, take or pay: pure rules over what the database says.

Rows come out as `zhongfu-problem/1` states them (see `matching.problem`); what stays outside comes out with its reason.
Quantities are whole units, money whole fen, distances metres.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from matching.waiting import STANDARD, Wait, WaitingRule, open_weight

NEED_EXCLUSIONS = (
    "withdrawn",
    "met",
    "expired",
    "household_closed",
    "consent_missing",
    "opted_out",
    "objection",
    "promised",
)
"""Why an open need of the scope is not in the pool; the first that applies is given. `objection`: frozen until the household's objection is heard;
`promised`: an earlier round holds all of it."""
OFFERING_EXCLUSIONS = (
    "withdrawn", "paused", "donor_suspended", "ended", "nothing_left", "no_area", "no_fund", "carries_enough",
)  # fmt: skip


@dataclass(frozen=True)
class RoundScope:
    """What a round looks at and by which policy; None means no restriction. Limits as in the problem file, with ids."""

    region_code: str
    region_name: str
    categories: tuple[str, ...] | None = None
    project_id: uuid.UUID | None = None
    fund_ids: tuple[uuid.UUID, ...] | None = None
    limits: tuple[Mapping[str, Any], ...] = ()
    floor_percent: int = 90
    tolerance_permille: int = 1
    household_cap_fen: int | None = None
    waiting: WaitingRule = STANDARD


@dataclass(frozen=True)
class Held:
    """What earlier rounds already promised: offering → needs it serves, donor → households it carries now, and the pairs
    (need, offering) that wait for their delivery: one active allocation per need and offering."""

    offering_needs: Mapping[uuid.UUID, int] = field(default_factory=dict)
    donor_households: Mapping[uuid.UUID, int] = field(default_factory=dict)
    pairs: frozenset[tuple[uuid.UUID, uuid.UUID]] = frozenset()


@dataclass(frozen=True, slots=True)
class NeedFacts:
    """One need with what its household allows, as it stands now; `waited` in thousandths of a round (`matching.waiting`)."""

    id: uuid.UUID
    household_id: uuid.UUID
    region_code: str
    category_code: str
    accepts: tuple[str, ...]
    quantity: int
    reserved: int
    delivered: int
    tier: int
    weight: int
    type: str
    fill: str
    unit_worth_fen: int
    requires: tuple[str, ...]
    starts_on: date | None
    due_on: date | None
    lat: float | None
    lon: float | None
    status: str
    project_id: uuid.UUID | None
    household_status: str
    household_cap_fen: int | None
    consented: bool
    opted_out: bool
    objected: bool = False
    waited: int = 0

    @property
    def remaining(self) -> int:
        """Units nobody has promised or delivered yet."""
        return self.quantity - self.reserved - self.delivered


@dataclass(frozen=True, slots=True)
class OfferingFacts:
    """One offering with its donor, as it stands now."""

    id: uuid.UUID
    donor_id: uuid.UUID
    donor_status: str
    max_households: int | None
    category_code: str
    quantity: int
    reserved: int
    delivered: int
    areas: tuple[str, ...] | None
    radius_m: int | None
    region_code: str
    lat: float | None
    lon: float | None
    unit_cost_fen: int
    government_bought: bool
    provides: tuple[str, ...]
    starts_on: date | None
    ends_on: date | None
    max_needs: int | None
    types: tuple[str, ...] | None
    fund_ids: tuple[uuid.UUID, ...] | None
    project_ids: tuple[uuid.UUID, ...] | None
    status: str

    @property
    def available(self) -> int:
        """Units that are neither promised nor gone."""
        return self.quantity - self.reserved - self.delivered


@dataclass(frozen=True, slots=True)
class FundFacts:
    """One fund with the fen it has available, as it stands now."""

    id: uuid.UUID
    available_fen: int
    categories: tuple[str, ...] | None
    regions: tuple[str, ...] | None
    types: tuple[str, ...] | None
    project_ids: tuple[uuid.UUID, ...] | None
    status: str


def wait_of(need: NeedFacts, rule: WaitingRule) -> Wait:
    """How the open part of a need enters the pool: its own weight, what waiting makes of it, and the share still open."""
    counted = rule.weight(need.weight, need.waited)
    return Wait(
        need_id=need.id,
        region_code=need.region_code,
        tier=need.tier,
        weight=need.weight,
        waited=need.waited,
        counted=counted,
        quantity=need.quantity,
        open_units=need.remaining,
        entered=open_weight(counted, open_units=need.remaining, quantity=need.quantity),
    )


def why_need_is_out(need: NeedFacts, *, today: date) -> str | None:
    """The first of NEED_EXCLUSIONS that applies, or None: the need is in the pool."""
    if need.status in ("withdrawn", "met"):
        return need.status
    if need.status == "expired" or (need.due_on is not None and need.due_on < today):
        return "expired"
    if need.household_status != "active":
        return "household_closed"
    if not need.consented:
        return "consent_missing"
    if need.opted_out:
        return "opted_out"
    if need.objected:
        return "objection"
    return "promised" if need.remaining <= 0 else None


def why_offering_is_out(offering: OfferingFacts, *, today: date) -> str | None:
    """The first of OFFERING_EXCLUSIONS that the offering itself shows, or None."""
    if offering.status != "open":
        return offering.status
    if offering.donor_status != "active":
        return "donor_suspended"
    if offering.ends_on is not None and offering.ends_on < today:
        return "ended"
    return "nothing_left" if offering.available <= 0 else None


def need_row(need: NeedFacts, rule: WaitingRule) -> dict[str, Any]:
    """The need as the problem file states it, with the weight that `rule` gives it; what is absent is left out."""
    row: dict[str, Any] = {
        "id": str(need.id),
        "household": str(need.household_id),
        "region": need.region_code,
        "category": need.category_code,
        "quantity": need.remaining,
        "tier": need.tier,
        "weight": wait_of(need, rule).entered,
        "type": need.type,
        "fill": need.fill,
        "accepts": sorted(set(need.accepts)) or None,
        "unit_worth_fen": need.unit_worth_fen or None,
        "requires": sorted(set(need.requires)) or None,
        "from": _day(need.starts_on),
        "by": _day(need.due_on),
        "lat": need.lat,
        "lon": need.lon,
        "project": None if need.project_id is None else str(need.project_id),
    }
    return _without_nulls(row)


def offering_row(
    offering: OfferingFacts, *, known_regions: set[str], fund_ids: set[uuid.UUID], max_needs: int | None
) -> dict[str, Any] | str:
    """The offering as the problem file states it, or one of OFFERING_EXCLUSIONS.

    An area that is no region any more covers nothing; a fund outside the round pays nothing. Where nothing is left of such a
    list the offering is out: an empty list would open what it restricts.
    """
    areas = None if offering.areas is None else sorted(set(offering.areas) & known_regions)
    if areas == [] and offering.radius_m is None:
        return "no_area"
    funds = None if offering.fund_ids is None else sorted(str(one) for one in set(offering.fund_ids) & fund_ids)
    if offering.unit_cost_fen > 0 and (funds == [] or not fund_ids):
        return "no_fund"
    if max_needs is not None and max_needs <= 0:
        return "carries_enough"
    row: dict[str, Any] = {
        "id": str(offering.id),
        "donor": str(offering.donor_id),
        "category": offering.category_code,
        "capacity": offering.available,
        "areas": areas or None,
        "radius_m": offering.radius_m,
        "region": offering.region_code,
        "lat": offering.lat,
        "lon": offering.lon,
        "unit_cost_fen": offering.unit_cost_fen or None,
        "government_bought": offering.government_bought or None,
        "provides": sorted(set(offering.provides)) or None,
        "from": _day(offering.starts_on),
        "until": _day(offering.ends_on),
        "max_needs": max_needs,
        "types": sorted(set(offering.types)) if offering.types else None,
        "projects": sorted(map(str, offering.project_ids)) if offering.project_ids else None,
        "funds": funds or None,
    }
    return _without_nulls(row)


def fund_row(fund: FundFacts, *, known_regions: set[str]) -> dict[str, Any]:
    """The fund as the problem file states it. An earmarked region that is no region any more stays out of the list."""
    regions = None if fund.regions is None else sorted(set(fund.regions) & known_regions)
    row = {
        "id": str(fund.id),
        "amount_fen": 0 if regions == [] else fund.available_fen,
        "categories": sorted(set(fund.categories)) if fund.categories else None,
        "regions": regions or None,
        "types": sorted(set(fund.types)) if fund.types else None,
        "projects": sorted(map(str, fund.project_ids)) if fund.project_ids else None,
    }
    return _without_nulls(row)


def needs_left_to_serve(offerings: Iterable[OfferingFacts], held: Held) -> dict[uuid.UUID, int | None]:
    """Offering → how many needs it may serve in this round (None: any number).

    Its own `max_needs` less the needs it already serves; and where the donor is a volunteer who carries at most
    `max_households` at once, the households still free, shared out over the volunteer's offerings (the format bounds offerings,
    not donors; a share keeps the sum right). Shares go round by id, so they do not depend on the order of rows.
    """
    most: dict[uuid.UUID, int | None] = {}
    by_donor: dict[uuid.UUID, list[OfferingFacts]] = {}
    for offering in offerings:
        own = None
        if offering.max_needs is not None:
            own = max(0, offering.max_needs - held.offering_needs.get(offering.id, 0))
        most[offering.id] = own
        if offering.max_households is not None:
            by_donor.setdefault(offering.donor_id, []).append(offering)
    for donor_id, rows in by_donor.items():
        free = max(0, (rows[0].max_households or 0) - held.donor_households.get(donor_id, 0))
        each, over = divmod(free, len(rows))
        for place, offering in enumerate(sorted(rows, key=lambda row: str(row.id))):
            share, own = each + (place < over), most[offering.id]
            most[offering.id] = share if own is None else min(own, share)
    return most


def policy_row(scope: RoundScope) -> dict[str, Any]:
    """The policy part of the problem file."""
    row = {
        "floor_percent": scope.floor_percent,
        "tolerance_permille": scope.tolerance_permille,
        "household_cap_fen": scope.household_cap_fen,
    }
    return _without_nulls(row)


def in_reach(offering_region: str, areas: Collection[str] | None, round_region: str) -> bool:
    """Whether supply stands open to a round of `round_region`.

    Home in the round's county (or at or below a wider round's region) or above it, or an area that the donor named touches the
    round's region. Another county's supply is never taken only because its donor named no area.
    """
    home = round_region[:6]
    return _touch(offering_region, home) or any(_touch(area, round_region) for area in areas or ())


def _touch(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
