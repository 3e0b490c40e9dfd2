"""Reading households: always within the asker's regions, numbers masked."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, selectinload

from households.models import Household, HouseholdPerson, Member
from kernel.audit import AuditEntry
from kernel.crypto import vault_of
from kernel.database import escape_like, within
from kernel.errors import InvalidInput, NotFound
from kernel.identity import masked, parse_resident_id
from kernel.paging import MOST, Page, page_of

REVEALED = "household.revealed"


@dataclass(frozen=True)
class MemberView:
    """A member as shown: the resident ID masked, the diagnosis only as being there or not."""

    id: uuid.UUID
    name: str
    relation: str
    sex: str
    born_on: date
    resident_id_masked: str | None
    disability_grade: int | None
    has_diagnosis: bool
    able_to_work: bool
    in_school: bool


@dataclass(frozen=True)
class MaskedHousehold:
    """A household as shown: `row` for what is not sealed, members and phone masked."""

    row: Household
    phone_masked: str | None
    members: tuple[MemberView, ...]


@dataclass(frozen=True)
class Look:
    """Somebody opened the sealed numbers: who, when, what for."""

    at: datetime
    actor: str
    purpose: str


def matches_head(text: str, *numbers: Any) -> sa.ColumnElement[bool]:
    """Households found by a part of the head's name, by the start of its pinyin or initials, or by one of `numbers`, columns of the list.

    What is typed says which of them can be meant, so that each is one walk of an index: digits are a number, letters are pinyin or
    initials, anything else is a name.
    """
    wanted = text.strip()
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 16 and numbers:
        return sa.or_(*(number == int(wanted) for number in numbers))
    if wanted.isascii() and wanted.isalpha():
        spelled = escape_like(wanted.lower())
        return sa.or_(Household.pinyin.like(f"{spelled}%"), Household.initials.like(f"{spelled}%"))
    characters = sa.cast(sorted(set(wanted)), ARRAY(sa.Text))
    return sa.and_(_name_characters().contains(characters), Household.head_name.like(f"%{escape_like(wanted)}%"))


def _name_characters() -> sa.ColumnElement[Any]:
    """The characters of the head's name as the index of them has it."""
    return sa.func.string_to_array(Household.head_name, sa.null(), type_=ARRAY(sa.Text))


def at_level(scope: tuple[str, ...]) -> sa.ColumnElement[bool]:
    """`within` for households, said as the indexes of lists have it where the scope is one prefecture, county or township."""
    if len(scope) == 1 and len(scope[0]) in (4, 6, 9):
        return sa.func.left(Household.region_code, len(scope[0])) == scope[0]
    return within(Household.region_code, scope)


def list_households(
    session: Session,
    *,
    scope: tuple[str, ...],
    text: str = "",
    region_code: str | None = None,
    status_category: str | None = None,
    main_type: str | None = None,
    risk_tier: str | None = None,
    status: str | None = "active",
    consented: bool | None = None,
    ids: tuple[uuid.UUID, ...] | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Households (rows of the table) by number. `text` is a part of the head's name, pinyin, initials or the number.

    `ids` keeps to these households (a person's own). Raises InvalidInput for a key that is none.
    """
    limit = min(limit, MOST)
    query = sa.select(Household).where(at_level(scope)).order_by(Household.number)
    if text.strip():
        query = query.where(matches_head(text, Household.number))
    if region_code:
        query = query.where(at_level((region_code,)))
    for column, value in (
        (Household.status_category, status_category),
        (Household.main_type, main_type),
        (Household.risk_tier, risk_tier),
        (Household.status, status),
    ):
        if value:
            query = query.where(column == value)
    if consented is not None:
        query = query.where(Household.consented_at.is_not(None) if consented else Household.consented_at.is_(None))
    if ids is not None:
        query = query.where(Household.id.in_(ids))
    if after is not None:
        query = query.where(Household.number > page_key(after))
    rows = list(session.scalars(query.limit(limit + 1)))
    return page_of(rows, limit=limit, key=lambda row: row.number)


def page_key(after: str) -> int:
    """The number behind a page key. Raises InvalidInput."""
    if not (after.isascii() and after.isdigit() and len(after) < 16):
        raise InvalidInput("This is no page of the list; start at its first page", field="after")
    return int(after)


def get_household(session: Session, household_id: uuid.UUID, *, scope: tuple[str, ...]) -> Household:
    """The household with members and indicators. Raises NotFound, also outside `scope`."""
    household = session.scalar(
        sa.select(Household)
        .where(Household.id == household_id, within(Household.region_code, scope))
        .options(selectinload(Household.members), selectinload(Household.indicators))
    )
    if household is None:
        raise NotFound("There is no such household in the regions you work in")
    return household


def find_by_resident_id(session: Session, resident_id: str, *, scope: tuple[str, ...], today: date) -> Household | None:
    """The household of the person with this number, by the blind index; None also where it lies outside `scope`."""
    number = parse_resident_id(resident_id, today=today).number
    return session.scalar(
        sa.select(Household)
        .join(Member)
        .where(
            Member.resident_id_index == vault_of(session).blind_index("resident_id", number),
            within(Household.region_code, scope),
        )
    )


def masked_view(session: Session, household: Household) -> MaskedHousehold:
    """The household as shown to whoever may read it (promise 20: masked by default)."""
    vault = vault_of(session)
    phone = None
    if household.phone_sealed is not None:
        phone = masked(
            vault.open(household.phone_sealed, table="households", row=household.id, column="phone"), head=6, tail=2
        )
    return MaskedHousehold(
        household,
        phone,
        tuple(
            MemberView(
                member.id,
                member.name,
                member.relation,
                member.sex,
                member.born_on,
                masked(
                    vault.open(member.resident_id_sealed, table="members", row=member.id, column="resident_id"),
                    head=6,
                    tail=1,
                )
                if member.resident_id_sealed is not None
                else None,
                member.disability_grade,
                member.diagnosis_sealed is not None,
                member.able_to_work,
                member.in_school,
            )
            for member in household.members
        ),
    )


def who_looked(session: Session, household_id: uuid.UUID, *, limit: int = 50) -> list[Look]:
    """Who opened the household's sealed numbers, newest first; the household may see this (promise 20)."""
    entries = session.scalars(
        sa.select(AuditEntry)
        .where(
            AuditEntry.subject_type == "household",
            AuditEntry.subject_id == str(household_id),
            AuditEntry.action == REVEALED,
        )
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    return [Look(entry.at, entry.actor, entry.detail["purpose"]) for entry in entries]


def households_of(session: Session, user_id: uuid.UUID) -> tuple[uuid.UUID, ...]:
    """The households whose account this is."""
    return tuple(
        session.scalars(
            sa.select(HouseholdPerson.household_id)
            .where(HouseholdPerson.user_id == user_id)
            .order_by(HouseholdPerson.household_id)
        )
    )
