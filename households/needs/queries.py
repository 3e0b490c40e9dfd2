"""Reading needs: always within the asker's regions."""

import uuid
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household, Member
from households.needs.models import Need
from households.needs.rules import Catalogue, HouseholdFacts
from households.queries import matches_head
from kernel.catalogue.models import Category, Skill
from kernel.database import within
from kernel.errors import InvalidInput, NotFound
from kernel.paging import MOST, Page, page_of


@dataclass(frozen=True)
class NeedRow:
    """A need beside what a list shows of its household."""

    need: Need
    household_number: int
    head_name: str


def list_needs(
    session: Session,
    *,
    scope: tuple[str, ...] | None,
    text: str = "",
    tier: int | None = None,
    category_code: str | None = None,
    type: str | None = None,
    region_code: str | None = None,
    status: str | None = "open",
    overdue_on: date | None = None,
    household_ids: tuple[uuid.UUID, ...] | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """NeedRows, most urgent tier first, then by number; `after` is ``tier.number``.

    `text` is a part of the head's name, pinyin, initials, or the need's number; `overdue_on` keeps to needs whose last day lies
    before it. `scope` None is for a person's own households alone: then `household_ids` bound the answer. Raises InvalidInput.
    """
    if scope is None and household_ids is None:
        raise InvalidInput("A list of needs is bounded by regions or by households", field="region_code")
    limit = min(limit, MOST)
    query = (
        sa.select(Need, Household.number, Household.head_name)
        .join(Household, Household.id == Need.household_id)
        .order_by(Need.tier, Need.number)
    )
    if scope is not None:
        query = query.where(within(Need.region_code, scope))
    if overdue_on is not None:
        query = query.where(Need.due_on < overdue_on)
    if text.strip():
        query = query.where(matches_head(text, Need.number))
    for column, value in (
        (Need.tier, tier),
        (Need.category_code, category_code),
        (Need.type, type),
        (Need.status, status),
    ):
        if value:
            query = query.where(column == value)
    if region_code:
        query = query.where(within(Need.region_code, (region_code,)))
    if household_ids is not None:
        query = query.where(Need.household_id.in_(household_ids))
    if after is not None:
        query = query.where(sa.tuple_(Need.tier, Need.number) > sa.tuple_(*_key(after)))
    rows = [NeedRow(*row) for row in session.execute(query.limit(limit + 1))]
    return page_of(rows, limit=limit, key=lambda row: f"{row.need.tier}.{row.need.number}")


def _key(after: str) -> tuple[int, int]:
    tier, dot, number = after.partition(".")
    if not (dot and after.isascii() and tier in ("1", "2", "3") and number.isdigit() and len(number) < 16):
        raise InvalidInput("This is no page of the list; start at its first page", field="after")
    return int(tier), int(number)


def get_need(session: Session, need_id: uuid.UUID, *, scope: tuple[str, ...]) -> Need:
    """The need. Raises NotFound, also outside `scope`."""
    need = session.scalar(sa.select(Need).where(Need.id == need_id, within(Need.region_code, scope)))
    if need is None:
        raise NotFound("There is no such need in the regions you work in")
    return need


def catalogue_of(session: Session) -> Catalogue:
    """The categories and skills that needs may refer to."""
    pairs = session.execute(sa.select(Category.code, Category.single_source))
    return Catalogue({code: single for code, single in pairs}, frozenset(session.scalars(sa.select(Skill.code))))


_FACTS = (
    Household.id,
    Household.region_code,
    Household.main_type,
    Household.risk_tier,
    Household.status_category,
    Household.lat,
    Household.lon,
    Household.status == "active",
)


def household_facts(session: Session, household_id: uuid.UUID, *, scope: tuple[str, ...]) -> HouseholdFacts:
    """What a need takes from this household. Raises NotFound, also outside `scope`."""
    row = session.execute(
        sa.select(*_FACTS).where(Household.id == household_id, within(Household.region_code, scope))
    ).first()
    if row is None:
        raise NotFound("There is no such household in the regions you work in", field="household_id")
    return HouseholdFacts(*row)


def facts_by_number(session: Session, numbers: set[int]) -> dict[int, HouseholdFacts]:
    """The facts of the households with these numbers, in any region: the caller holds each against its scope."""
    rows = session.execute(sa.select(Household.number, *_FACTS).where(Household.number.in_(numbers)))
    return {row[0]: HouseholdFacts(*row[1:]) for row in rows}


def facts_of_heads(session: Session, indexes: set[bytes]) -> dict[bytes, HouseholdFacts]:
    """The facts of the households whose head's resident ID has these blind indexes, in any region, as `facts_by_number`."""
    rows = session.execute(
        sa.select(Member.resident_id_index, *_FACTS)
        .join(Household, Household.id == Member.household_id)
        .where(Member.resident_id_index.in_(indexes), Member.relation == "head")
    )
    return {row[0]: HouseholdFacts(*row[1:]) for row in rows}
