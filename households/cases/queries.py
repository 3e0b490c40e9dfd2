"""Reading case conferences within the asker's regions, and which caps they raise on a day."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from households.cases.models import CaseConference
from households.cases.rules import MeasureEntry
from households.models import Household
from households.queries import page_key
from kernel.crypto import vault_of
from kernel.database import within
from kernel.errors import NotFound
from kernel.paging import MOST, Page, page_of


@dataclass(frozen=True)
class CaseLine:
    """A conference with its household."""

    case: CaseConference
    household: Household


@dataclass(frozen=True)
class RaisedCap:
    """What one confirmed decision adds to a household's cap in each round of its period, fen."""

    case_id: uuid.UUID
    number: int
    extra_fen: int


def list_cases(
    session: Session,
    *,
    scope: tuple[str, ...],
    status: str | None = None,
    household_id: uuid.UUID | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Conferences as CaseLines, the newest first; `after` is a number."""
    limit = min(limit, MOST)
    query = (
        sa.select(CaseConference, Household)
        .join(Household, Household.id == CaseConference.household_id)
        .where(within(Household.region_code, scope))
        .order_by(CaseConference.number.desc())
    )
    if status is not None:
        query = query.where(CaseConference.status == status)
    if household_id is not None:
        query = query.where(CaseConference.household_id == household_id)
    if after is not None:
        query = query.where(CaseConference.number < page_key(after))
    rows = [CaseLine(*row) for row in session.execute(query.limit(limit + 1))]
    return page_of(rows, limit=limit, key=lambda row: row.case.number)


def get_case(session: Session, case_id: uuid.UUID, *, scope: tuple[str, ...]) -> CaseConference:
    """The conference. Raises NotFound, also where its household lives outside `scope`."""
    row = session.scalar(
        sa.select(CaseConference)
        .join(Household, Household.id == CaseConference.household_id)
        .where(CaseConference.id == case_id, within(Household.region_code, scope))
    )
    if row is None:
        raise NotFound("There is no such case conference in the regions you work in")
    return row


def decision_of(session: Session, case: CaseConference) -> str | None:
    """What was decided, in words: for those who act on it. It rests sealed, because it may speak of an illness."""
    if case.decision_sealed is None:
        return None
    return vault_of(session).open(case.decision_sealed, table="case_conferences", row=case.id, column="decision")


def measures_of(session: Session, case: CaseConference) -> list[MeasureEntry]:
    """The measures that were decided, in words, in their order: for those who act on them."""
    vault = vault_of(session)
    return [
        MeasureEntry(
            vault.open(one.words_sealed, table="case_measures", row=f"{case.id}|{one.position}", column="words"),
            one.category_code, one.unit, one.due_on,
        )
        for one in case.measures
    ]  # fmt: skip


def status_reason_of(session: Session, case: CaseConference) -> str | None:
    """Why the decision was sent back or revoked."""
    if case.status_reason_sealed is None:
        return None
    return vault_of(session).open(
        case.status_reason_sealed, table="case_conferences", row=case.id, column="status_reason"
    )


def decisions_for(session: Session, household_id: uuid.UUID, *, scope: tuple[str, ...]) -> list[CaseConference]:
    """The confirmed decisions about a household, the newest first: what its worker acts on. Facts are not among what is shown of them."""
    page = list_cases(session, scope=scope, status="confirmed", household_id=household_id, limit=MOST)
    return [line.case for line in page.rows]


def raised_caps(
    session: Session, household_ids: Collection[uuid.UUID], *, on: date
) -> dict[uuid.UUID, tuple[RaisedCap, ...]]:
    """Household → the confirmed decisions that raise its cap on that day, by number; a household without one is left out."""
    rows = session.execute(
        sa.select(CaseConference.household_id, CaseConference.id, CaseConference.number, CaseConference.extra_fen)
        .where(
            CaseConference.household_id == sa.func.any(sa.cast(list(household_ids), ARRAY(sa.Uuid))),
            CaseConference.status == "confirmed", CaseConference.extra_fen > 0,
            CaseConference.valid_from <= on, CaseConference.valid_to >= on,
        )
        .order_by(CaseConference.number)
    )  # fmt: skip
    found: dict[uuid.UUID, tuple[RaisedCap, ...]] = {}
    for household_id, *values in rows:
        found[household_id] = (*found.get(household_id, ()), RaisedCap(*values))
    return found
