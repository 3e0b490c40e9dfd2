"""Freezing the pool: the only reader of supply, demand and projects on behalf of a round.

A snapshot is a `zhongfu-problem/1` document without seed, and beside it the needs that are not in it, each with its reason. The
document depends on the pool and the policy alone, not on the round, its number or the day: a pool that has not changed gives
the same hash when it is frozen again (promise 26). County (6,000 needs × 2,500 offerings): about half a second.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from donors.funds.models import Fund, LedgerAccount
from donors.models import Donor
from donors.offerings.models import Offering
from households.cases.queries import RaisedCap, raised_caps
from households.cases.rules import raised_cap
from households.models import Household, Member
from households.needs.models import Need
from households.plans.queries import holds_back
from kernel.database import within
from kernel.regions.models import Region
from kernel.regions.queries import with_ancestors
from matching.fields import FORMAT
from matching.pool import (
    FundFacts,
    Held,
    NeedFacts,
    OfferingFacts,
    RoundScope,
    fund_row,
    in_reach,
    need_row,
    needs_left_to_serve,
    offering_row,
    policy_row,
    wait_of,
    why_need_is_out,
    why_offering_is_out,
)
from matching.waiting import Wait, waiting_sha256
from projects.models import ProjectFund, ProjectNeed, ProjectOffering


@dataclass(frozen=True, slots=True)
class Excluded:
    """An open need of the scope that is not in the pool, and why (one of `pool.NEED_EXCLUSIONS`)."""

    need_id: uuid.UUID
    region_code: str
    tier: int
    reason: str


@dataclass(frozen=True)
class Snapshot:
    """`document`: the frozen problem without seed; `excluded`: the needs outside it; `summary`: counts for people; `waits`: the
    needs that entered with another weight than their own."""

    document: dict[str, Any]
    excluded: tuple[Excluded, ...]
    summary: dict[str, Any]
    waits: tuple[Wait, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberTraits:
    """What coverage is conditioned on, of one member: sex, age in whole years, disability grade 1 (gravest) to 4 or None, head or not."""

    sex: str
    age: int
    disability_grade: int | None
    head: bool


def among(column: Any, ids: Collection[uuid.UUID]) -> sa.ColumnElement[bool]:
    """Rows whose id is one of `ids`, sent as one array: thousands of single parameters would take longer to write than to answer."""
    return column == sa.func.any(sa.cast(list(ids), ARRAY(sa.Uuid)))


def take_snapshot(
    session: Session, scope: RoundScope, *, held: Held, today: date, waited: Mapping[uuid.UUID, int] | None = None
) -> Snapshot:
    """Reads the pool of `scope` as it stands in this transaction. Nothing is written or locked.

    `waited`: need → thousandths of a round it waited. The format has no field for a need's own weight, so the list of what waiting
    changed is kept beside the problem and its hash stands in the problem's name: the hash of the pool covers both.
    """
    needs, excluded = [], []
    for need in needs_in_scope(session, scope, today=today, waited=waited):
        reason = why_need_is_out(need, today=today)
        if reason is None:
            needs.append(need)
        else:
            excluded.append(Excluded(need.id, need.region_code, need.tier, reason))
    funds = read_funds(session, scope)
    wanted = {code for need in needs for code in (need.category_code, *need.accepts)}
    offered, left_out = [], Counter[str]()
    for offering in read_offerings(session, categories=wanted, round_region=scope.region_code):
        reason = why_offering_is_out(offering, today=today)
        if reason is None:
            offered.append(offering)
        else:
            left_out[reason] += 1
    regions = _regions(session, needs, offered, funds, scope)
    known = {region.code for region in regions}
    most, fund_ids = needs_left_to_serve(offered, held), {fund.id for fund in funds}
    offerings = []
    for offering in offered:
        row = offering_row(offering, known_regions=known, fund_ids=fund_ids, max_needs=most[offering.id])
        if isinstance(row, str):
            left_out[row] += 1
        else:
            offerings.append(row)
    waits = tuple(one for one in (wait_of(need, scope.waiting) for need in needs) if one.entered != one.weight)
    name = scope.region_name
    if waits:
        name += f" · waiting {waiting_sha256(scope.waiting, waits)}"
    document = {
        "format": FORMAT,
        "name": name,
        "regions": [_region_row(region, known) for region in regions],
        "needs": [need_row(need, scope.waiting) for need in needs],
        "offerings": offerings,
        "funds": [fund_row(fund, known_regions=known) for fund in funds],
        "limits": [dict(limit) for limit in scope.limits],
        "forbids": _forbids(held, needs, offerings),
        "households": {
            str(need.household_id): {"cap_fen": need.household_cap_fen}
            for need in needs
            if need.household_cap_fen is not None
        },
        "policy": policy_row(scope),
    }
    summary = _summary(document, excluded, left_out) | {"waiting": sum(one.counted > one.weight for one in waits)}
    raised = raised_caps(session, {need.household_id for need in needs}, on=today)
    if raised:
        summary |= {"raised_caps": _raised_rows(raised)}
    return Snapshot(document, tuple(excluded), summary, waits)


def needs_in_scope(
    session: Session,
    scope: RoundScope,
    *,
    today: date,
    waited: Mapping[uuid.UUID, int] | None = None,
    ids: Collection[uuid.UUID] | None = None,
) -> list[NeedFacts]:
    """The open needs of the scope, by id; with `ids` these needs whatever their status. `waited` as in `take_snapshot`.

    A household's cap is what holds for it `today`: what a confirmed case conference grants above the usual cap is in it.
    """
    query = (
        sa.select(
            Need.id, Need.household_id, Need.region_code, Need.category_code, Need.accepts, Need.quantity, Need.reserved,
            Need.delivered, Need.tier, Need.weight, Need.type, Need.fill, Need.unit_worth_fen,
            Need.requires, Need.starts_on, Need.due_on,
            # A need without a point of its own stands where its household lives.
            sa.func.coalesce(Need.lat, Household.lat), sa.func.coalesce(Need.lon, Household.lon),
            Need.status, ProjectNeed.project_id, Household.status, Household.cap_fen,
            Household.consented_at.is_not(None), Household.opted_out, holds_back(),
        )
        .join(Household, Household.id == Need.household_id)
        .outerjoin(ProjectNeed, ProjectNeed.need_id == Need.id)
        .order_by(Need.id)
    )  # fmt: skip
    if ids is not None:
        query = query.where(among(Need.id, ids))
    else:
        query = query.where(Need.status == "open", within(Need.region_code, (scope.region_code,)))
        if scope.categories is not None:
            query = query.where(Need.category_code.in_(scope.categories))
        if scope.project_id is not None:
            query = query.where(ProjectNeed.project_id == scope.project_id)
    known = waited or {}
    needs = [NeedFacts(*_frozen(row), waited=known.get(row[0], 0)) for row in session.execute(query)]
    raised = raised_caps(session, {need.household_id for need in needs}, on=today)
    return [
        _with_raised_cap(need, raised[need.household_id], scope) if need.household_id in raised else need
        for need in needs
    ]


def _with_raised_cap(need: NeedFacts, decisions: tuple[RaisedCap, ...], scope: RoundScope) -> NeedFacts:
    extra = sum(one.extra_fen for one in decisions)
    return replace(need, household_cap_fen=raised_cap(need.household_cap_fen, scope.household_cap_fen, extra))


def _raised_rows(raised: Mapping[uuid.UUID, tuple[RaisedCap, ...]]) -> dict[str, list[dict[str, int]]]:
    """For the explanation of the round: household → the case conferences that raised its cap, as they stood at the freeze."""
    return {
        str(key): [{"case": one.number, "extra_fen": one.extra_fen} for one in rows]
        for key, rows in sorted(raised.items())
    }


def read_offerings(
    session: Session,
    *,
    categories: Collection[str] = (),
    round_region: str = "",
    ids: Collection[uuid.UUID] | None = None,
) -> list[OfferingFacts]:
    """Offerings of these categories that stand open to a round of this region (`pool.in_reach`), by id; with `ids` these."""
    projects = (
        sa.select(
            ProjectOffering.offering_id, sa.func.array_agg(ProjectOffering.project_id).label("project_ids")
        ).group_by(ProjectOffering.offering_id)
    ).subquery()
    volunteer = Donor.kind == "volunteer"
    query = (
        sa.select(
            Offering.id, Offering.donor_id, Donor.status, sa.case((volunteer, Donor.max_households)),
            Offering.category_code, Offering.quantity, Offering.reserved, Offering.delivered, Offering.areas,
            # A volunteer travels as far as they said, unless the offering says otherwise.
            sa.case(
                (sa.and_(volunteer, Offering.areas.is_(None)), sa.func.coalesce(Offering.radius_m, Donor.reach_m)),
                else_=Offering.radius_m,
            ),
            Offering.region_code,
            sa.func.coalesce(Offering.lat, Donor.lat), sa.func.coalesce(Offering.lon, Donor.lon),
            Offering.unit_cost_fen, Offering.government_bought,
            sa.case((volunteer, Offering.provides + Donor.skills), else_=Offering.provides),
            Offering.starts_on, Offering.ends_on, Offering.max_needs, Offering.types, Offering.fund_ids,
            projects.c.project_ids, Offering.status,
        )
        .join(Donor, Donor.id == Offering.donor_id)
        .outerjoin(projects, projects.c.offering_id == Offering.id)
        .order_by(Offering.id)
    )  # fmt: skip
    if ids is not None:
        return [OfferingFacts(*_frozen(row)) for row in session.execute(query.where(among(Offering.id, ids)))]
    query = query.where(Offering.category_code.in_(categories), Offering.status.in_(("open", "paused")))
    facts = (OfferingFacts(*_frozen(row)) for row in session.execute(query))
    return [one for one in facts if in_reach(one.region_code, one.areas, round_region)]


def read_funds(session: Session, scope: RoundScope, *, ids: Collection[uuid.UUID] | None = None) -> list[FundFacts]:
    """The open funds of the round's county (or below the round's region, or above), by id; with `ids` these, closed ones too."""
    projects = (
        sa.select(ProjectFund.fund_id, sa.func.array_agg(ProjectFund.project_id).label("project_ids"))
        .group_by(ProjectFund.fund_id)
        .subquery()
    )
    query = (
        sa.select(
            Fund.id,
            sa.func.coalesce(LedgerAccount.balance_fen, 0),
            Fund.categories,
            Fund.regions,
            Fund.types,
            projects.c.project_ids,
            Fund.status,
            Fund.region_code,
        )
        .outerjoin(LedgerAccount, sa.and_(LedgerAccount.fund_id == Fund.id, LedgerAccount.kind == "available"))
        .outerjoin(projects, projects.c.fund_id == Fund.id)
        .order_by(Fund.id)
    )
    if ids is not None:
        return [FundFacts(*_frozen(row[:-1])) for row in session.execute(query.where(among(Fund.id, ids)))]
    query = query.where(Fund.status == "open")
    if scope.fund_ids is not None:
        query = query.where(Fund.id.in_(scope.fund_ids))
    rows = session.execute(query)
    return [FundFacts(*_frozen(row[:-1])) for row in rows if in_reach(row[-1], row[3], scope.region_code)]


def traits_of(
    session: Session, household_ids: Collection[uuid.UUID], *, today: date
) -> dict[uuid.UUID, list[MemberTraits]]:
    """Household → what coverage is conditioned on, member by member. Only counts made from it are ever stored."""
    query = (
        sa.select(Member.household_id, Member.sex, Member.born_on, Member.disability_grade, Member.relation == "head")
        .where(among(Member.household_id, household_ids))
        .order_by(Member.household_id, Member.position)
    )
    found: dict[uuid.UUID, list[MemberTraits]] = {}
    for household_id, sex, born, grade, head in session.execute(query):
        found.setdefault(household_id, []).append(MemberTraits(sex, _age(born, today), grade, head))
    return found


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _frozen(row: Sequence[Any]) -> list[Any]:
    return [tuple(value) if isinstance(value, list) else value for value in row]


def _regions(
    session: Session,
    needs: list[NeedFacts],
    offerings: list[OfferingFacts],
    funds: list[FundFacts],
    scope: RoundScope,
) -> list[Region]:
    codes = {scope.region_code, *(need.region_code for need in needs)}
    for offering in offerings:
        codes.update((offering.region_code, *(offering.areas or ())))
    for fund in funds:
        codes.update(fund.regions or ())
    for limit in scope.limits:
        codes.update(limit.get("regions") or ())
    return with_ancestors(session, codes)


def _region_row(region: Region, known: set[str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "code": region.code,
        "parent": region.parent_code if region.parent_code in known else "",
    }
    if region.lat is not None and region.lon is not None:
        row |= {"lat": region.lat, "lon": region.lon}
    return row


def _forbids(held: Held, needs: list[NeedFacts], offerings: list[dict[str, Any]]) -> list[dict[str, str]]:
    """A helper who already promises something to a need is not proposed to it again before that is delivered or given back."""
    need_ids, offering_ids = {str(need.id) for need in needs}, {row["id"] for row in offerings}
    pairs = sorted((str(need_id), str(offering_id)) for need_id, offering_id in held.pairs)
    return [
        {"need": need_id, "offering": offering_id}
        for need_id, offering_id in pairs
        if need_id in need_ids and offering_id in offering_ids
    ]


def _summary(document: dict[str, Any], excluded: list[Excluded], left_out: Counter[str]) -> dict[str, Any]:
    needs, offerings, funds = document["needs"], document["offerings"], document["funds"]
    return {
        "needs": len(needs),
        "households": len({row["household"] for row in needs}),
        "needs_by_tier": {str(tier): sum(row["tier"] == tier for row in needs) for tier in (1, 2, 3)},
        "offerings": len(offerings),
        "donors": len({row["donor"] for row in offerings}),
        "funds": len(funds),
        "funds_fen": sum(row["amount_fen"] for row in funds),
        "categories": len({row["category"] for row in needs}),
        "excluded_needs": dict(sorted(Counter(one.reason for one in excluded).items())),
        "excluded_offerings": dict(sorted(left_out.items())),
    }
