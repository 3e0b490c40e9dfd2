"""What a round's tables read: its lines of allocation, of unmet and of excluded needs.

The caller has read the round within the person's scope; every list here is bound to that one round. Names of households are
masked here already (head's first character), and those of volunteers too, because people of finance and audit read these lines and take
them along as files (promise 14: full names in bulk leave by no one's hand alone, so they do not leave).
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds.models import Fund
from donors.models import Donor
from donors.offerings.models import Offering
from donors.rules import masked_name
from households.models import Household
from households.needs.models import Need
from kernel.catalogue.models import Category
from kernel.database import escape_like, within
from kernel.errors import InvalidInput
from kernel.identity import masked
from kernel.paging import MOST, Page, page_of
from matching.rounds.models import Allocation, AllocationCharge, ExcludedNeed, UnmetNeed


@dataclass(frozen=True)
class LineFilter:
    """What a table of lines is narrowed to. `text` is a household's number, or a part of its head's name, pinyin or initials."""

    region_code: str | None = None
    tier: int | None = None
    category_code: str | None = None
    reason: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class FundShare:
    """What one fund pays, in fen."""

    fund_id: uuid.UUID
    name: str
    fen: int


@dataclass(frozen=True, slots=True)
class NeedLine:
    """A need as a line names it; `head` is masked."""

    need_id: uuid.UUID
    need_number: int
    household_id: uuid.UUID
    household_number: int
    head: str
    region_code: str
    tier: int
    type: str
    category: Category
    quantity: int


@dataclass(frozen=True, slots=True)
class AllocationLine:
    """`quantity` units of an offering to a need; cost in fen, distance in metres."""

    id: uuid.UUID
    need: NeedLine
    offering_id: uuid.UUID
    offering_number: int
    offering_title: str
    offered: Category
    donor_name: str
    quantity: int
    cost_fen: int
    distance_m: int
    status: str
    funds: tuple[FundShare, ...]


@dataclass(frozen=True, slots=True)
class UnmetLine:
    """A need that lacks `missing` units, with the reason's code and its detail as the plan states it."""

    need: NeedLine
    missing: int
    reason: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExcludedLine:
    """An open need of the scope that is not in the pool."""

    need: NeedLine
    reason: str


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many needs lack something for one reason, by tier."""

    reason: str
    needs: int
    by_tier: tuple[int, int, int]


_OFFERED = sa.orm.aliased(Category)
_NEED_COLUMNS = (
    Need.id, Need.number, Household.id, Household.number, Household.head_name,
    Need.region_code, Need.tier, Need.type, Category, Need.quantity,
)  # fmt: skip


def list_allocations(
    session: Session, round_id: uuid.UUID, *, wanted: LineFilter, after: str | None = None, limit: int = 50
) -> Page:
    """AllocationLines by household number; `after` is the id of the last line seen. Raises InvalidInput for no such line."""
    limit = min(limit, MOST)
    query = _allocations(round_id, wanted)
    if after is not None:
        query = query.where(
            sa.tuple_(Household.number, Allocation.id) > sa.tuple_(*_allocation_key(session, round_id, after))
        )
    rows = session.execute(query.limit(limit + 1)).all()
    page = page_of(rows, limit=limit, key=lambda row: row[0].id)
    return Page(_with_funds(session, page.rows), page.next_after)


def every_allocation(session: Session, round_id: uuid.UUID, *, wanted: LineFilter) -> Iterator[AllocationLine]:
    """All AllocationLines of the filter, for an export."""
    rows = session.execute(_allocations(round_id, wanted)).all()
    for start in range(0, len(rows), 1000):
        yield from _with_funds(session, rows[start : start + 1000])


def count_allocations(session: Session, round_id: uuid.UUID, *, wanted: LineFilter) -> int:
    """How many lines the filter leaves."""
    return session.scalar(sa.select(sa.func.count()).select_from(_allocations(round_id, wanted).subquery())) or 0


def list_unmet(
    session: Session, round_id: uuid.UUID, *, wanted: LineFilter, after: str | None = None, limit: int = 50
) -> Page:
    """UnmetLines, most urgent first; `after` is ``tier.number`` of the last need seen."""
    limit = min(limit, MOST)
    query = _unmet(round_id, wanted)
    if after is not None:
        query = query.where(sa.tuple_(UnmetNeed.tier, Need.number) > sa.tuple_(*_tier_key(after)))
    rows = session.execute(query.limit(limit + 1)).all()
    lines = [UnmetLine(_need_line(row[1:]), row[0].missing, row[0].reason, row[0].detail) for row in rows]
    return page_of(lines, limit=limit, key=lambda line: f"{line.need.tier}.{line.need.need_number}")


def every_unmet(session: Session, round_id: uuid.UUID, *, wanted: LineFilter) -> list[UnmetLine]:
    """All UnmetLines of the filter, for an export."""
    return [
        UnmetLine(_need_line(row[1:]), row[0].missing, row[0].reason, row[0].detail)
        for row in session.execute(_unmet(round_id, wanted))
    ]


def unmet_by_reason(session: Session, round_id: uuid.UUID, *, wanted: LineFilter) -> list[ReasonCount]:
    """Unmet needs per reason under the filter (its own reason left out of account), the most frequent first."""
    everything = LineFilter(wanted.region_code, wanted.tier, wanted.category_code, None, wanted.text)
    tiers = [sa.func.count().filter(UnmetNeed.tier == tier) for tier in (1, 2, 3)]
    query = (
        _narrowed(
            sa.select(UnmetNeed.reason, sa.func.count(), *tiers)
            .join(Need, Need.id == UnmetNeed.need_id)
            .join(Household, Household.id == Need.household_id)
            .where(UnmetNeed.round_id == round_id),
            UnmetNeed.region_code,
            everything,
        )
        .group_by(UnmetNeed.reason)
        .order_by(sa.func.count().desc(), UnmetNeed.reason)
    )
    return [ReasonCount(row[0], row[1], tuple(row[2:])) for row in session.execute(query)]


def list_excluded(
    session: Session, round_id: uuid.UUID, *, wanted: LineFilter, after: str | None = None, limit: int = 50
) -> Page:
    """ExcludedLines, most urgent first; `after` is ``tier.number`` of the last need seen."""
    limit = min(limit, MOST)
    query = _narrowed(
        sa.select(ExcludedNeed.reason, *_NEED_COLUMNS)
        .join(Need, Need.id == ExcludedNeed.need_id)
        .join(Household, Household.id == Need.household_id)
        .join(Category, Category.code == Need.category_code)
        .where(ExcludedNeed.round_id == round_id),
        ExcludedNeed.region_code,
        wanted,
    ).order_by(ExcludedNeed.tier, Need.number)
    if wanted.reason:
        query = query.where(ExcludedNeed.reason == wanted.reason)
    if after is not None:
        query = query.where(sa.tuple_(ExcludedNeed.tier, Need.number) > sa.tuple_(*_tier_key(after)))
    lines = [ExcludedLine(_need_line(row[1:]), row[0]) for row in session.execute(query.limit(limit + 1))]
    return page_of(lines, limit=limit, key=lambda line: f"{line.need.tier}.{line.need.need_number}")


def _allocations(round_id: uuid.UUID, wanted: LineFilter) -> sa.Select[Any]:
    query = (
        sa.select(Allocation, Offering.number, Offering.title, _OFFERED, Donor.kind, Donor.name, *_NEED_COLUMNS)
        .join(Need, Need.id == Allocation.need_id)
        .join(Household, Household.id == Need.household_id)
        .join(Category, Category.code == Need.category_code)
        .join(Offering, Offering.id == Allocation.offering_id)
        .join(_OFFERED, _OFFERED.code == Offering.category_code)
        .join(Donor, Donor.id == Offering.donor_id)
        .where(Allocation.round_id == round_id)
        .order_by(Household.number, Allocation.id)
    )
    return _narrowed(query, Allocation.region_code, wanted)


def _unmet(round_id: uuid.UUID, wanted: LineFilter) -> sa.Select[Any]:
    query = (
        sa.select(UnmetNeed, *_NEED_COLUMNS)
        .join(Need, Need.id == UnmetNeed.need_id)
        .join(Household, Household.id == Need.household_id)
        .join(Category, Category.code == Need.category_code)
        .where(UnmetNeed.round_id == round_id)
        .order_by(UnmetNeed.tier, Need.number)
    )
    if wanted.reason:
        query = query.where(UnmetNeed.reason == wanted.reason)
    return _narrowed(query, UnmetNeed.region_code, wanted)


def _narrowed(query: sa.Select[Any], region_column: Any, wanted: LineFilter) -> sa.Select[Any]:
    if wanted.region_code:
        query = query.where(within(region_column, (wanted.region_code,)))
    if wanted.tier:
        query = query.where(Need.tier == wanted.tier)
    if wanted.category_code:
        query = query.where(Need.category_code == wanted.category_code)
    text = wanted.text.strip().lower()
    if text:
        pattern = escape_like(text)
        found = [
            Household.head_name.like(f"%{pattern}%"),
            Household.pinyin.like(f"{pattern}%"),
            Household.initials.like(f"{pattern}%"),
        ]
        if text.isascii() and text.isdigit() and len(text) < 16:
            found.append(Household.number == int(text))
        query = query.where(sa.or_(*found))
    return query


def _need_line(row: Sequence[Any]) -> NeedLine:
    need_id, number, household_id, household_number, head, region, tier, type_, category, quantity = row
    return NeedLine(
        need_id,
        number,
        household_id,
        household_number,
        masked(head, head=1, tail=0),
        region,
        tier,
        type_,
        category,
        quantity,
    )


def _with_funds(session: Session, rows: Sequence[Any]) -> list[AllocationLine]:
    shares: dict[uuid.UUID, list[FundShare]] = {}
    for allocation_id, fund_id, name, fen in session.execute(
        sa.select(AllocationCharge.allocation_id, Fund.id, Fund.name, AllocationCharge.fen)
        .join(Fund, Fund.id == AllocationCharge.fund_id)
        .where(AllocationCharge.allocation_id.in_([row[0].id for row in rows if row[0].cost_fen]))
        .order_by(Fund.number)
    ):
        shares.setdefault(allocation_id, []).append(FundShare(fund_id, name, fen))
    return [
        AllocationLine(
            id=one.id, need=_need_line(rest), offering_id=one.offering_id, offering_number=number, offering_title=title,
            offered=offered, donor_name=masked_name(kind, donor), quantity=one.quantity, cost_fen=one.cost_fen, distance_m=one.distance_m,
            status=one.status, funds=tuple(shares.get(one.id, ())),
        )
        for one, number, title, offered, kind, donor, *rest in rows
    ]  # fmt: skip


def _allocation_key(session: Session, round_id: uuid.UUID, after: str) -> tuple[int, uuid.UUID]:
    try:
        allocation_id = uuid.UUID(after)
    except ValueError as error:
        raise _no_page() from error
    number = session.scalar(
        sa.select(Household.number)
        .join(Allocation, Allocation.household_id == Household.id)
        .where(Allocation.id == allocation_id, Allocation.round_id == round_id)
    )
    if number is None:
        raise _no_page()
    return number, allocation_id


def _tier_key(after: str) -> tuple[int, int]:
    tier, _, number = after.partition(".")
    if not (after.isascii() and tier in ("1", "2", "3") and number.isdigit() and len(number) < 16):
        raise _no_page()
    return int(tier), int(number)


def _no_page() -> InvalidInput:
    return InvalidInput("This is no page of the list; start at its first page", field="after")
