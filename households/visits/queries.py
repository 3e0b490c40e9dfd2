"""Reading visits, problems and reviews: always within the asker's regions, by where the household lives now; free texts stay sealed.

A household that moved took its visits, reviews and problems along: whoever works where it lives now sees them, nobody else.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household
from households.queries import matches_head
from households.visits.models import CareVisit, HouseholdReview, Problem, ProblemStep, VisitTry
from households.visits.rules import Stop, in_order_of_place
from kernel.accounts.models import RoleGrant, User
from kernel.database import within
from kernel.errors import InvalidInput, NotFound
from kernel.paging import MOST, Page, page_of

LONGEST_ROUND = 200
"""Visits that are put in order at once, those due first: more than anybody goes round in a day. Narrow by place to see the others"""


@dataclass(frozen=True)
class VisitLine:
    """A planned visit with its household."""

    visit: CareVisit
    household: Household
    late: bool
    tries: int


@dataclass(frozen=True)
class ReviewLine:
    """An open review with its household."""

    review: HouseholdReview
    household: Household


@dataclass(frozen=True)
class ProblemLine:
    """A problem with its household and the name of who answers for it."""

    problem: Problem
    household: Household
    owner: str


def visits_due(
    session: Session,
    *,
    scope: tuple[str, ...],
    today: date,
    region_code: str | None = None,
    late: bool = False,
    limit: int = LONGEST_ROUND,
) -> list[VisitLine]:
    """The visits of the day, in the order of the way: late ones first, then by village and nearness. `late` keeps to the late ones.

    A visit to be tried again is there from that day on; it is late from the day after the one it was due.
    """
    tries = sa.select(sa.func.count()).select_from(VisitTry).where(VisitTry.visit_id == CareVisit.id).scalar_subquery()
    query = (
        sa.select(CareVisit, Household, tries)
        .join(Household, Household.id == CareVisit.household_id)
        .where(
            within(Household.region_code, scope), CareVisit.status == "planned", Household.status == "active",
            CareVisit.due_on <= today, sa.or_(CareVisit.try_on.is_(None), CareVisit.try_on <= today),
        )
        .order_by(CareVisit.due_on, Household.number)
        .limit(min(limit, LONGEST_ROUND))
    )  # fmt: skip
    if late:
        query = query.where(CareVisit.due_on < today)
    if region_code:
        query = query.where(within(Household.region_code, (region_code,)))
    lines = {
        visit.id: VisitLine(visit, household, visit.due_on < today, count)
        for visit, household, count in session.execute(query)
    }
    stops = [
        Stop(key, line.late, line.household.region_code, line.household.number, line.household.lat, line.household.lon)
        for key, line in lines.items()
    ]
    return [lines[stop.id] for stop in in_order_of_place(stops)]


def visits_ahead(
    session: Session, *, scope: tuple[str, ...], after: date, until: date, limit: int = 50
) -> list[VisitLine]:
    """Visits that come up after the day `after`, up to and with `until`, and those to be tried again then; by day."""
    day = sa.func.greatest(CareVisit.due_on, sa.func.coalesce(CareVisit.try_on, CareVisit.due_on))
    rows = session.execute(
        sa.select(CareVisit, Household)
        .join(Household, Household.id == CareVisit.household_id)
        .where(
            within(Household.region_code, scope), CareVisit.status == "planned", Household.status == "active",
            CareVisit.due_on <= until,  # follows from the next, and is what the index knows
            day > after, day <= until,
        )
        .order_by(day, Household.region_code, Household.number)
        .limit(min(limit, MOST))
    )  # fmt: skip
    return [VisitLine(visit, household, visit.due_on <= after, 0) for visit, household in rows]


@dataclass(frozen=True)
class DueCounts:
    """Visits due by today, of them late; reviews due by today, of them late; open problems, of them late, and with the county."""

    visits: int
    visits_late: int
    reviews: int
    reviews_late: int
    problems: int
    problems_late: int
    problems_escalated: int


def count_due(session: Session, *, scope: tuple[str, ...], today: date) -> DueCounts:
    """The figures of the day."""

    def counts(model: Any, bounds: Any, *conditions: Any) -> Any:
        return session.execute(
            sa.select(*(sa.func.count().filter(one) for one in conditions))
            .select_from(model)
            .join(Household, Household.id == model.household_id)
            .where(within(Household.region_code, scope), *bounds)
        ).one()

    ready = sa.and_(CareVisit.due_on <= today, sa.or_(CareVisit.try_on.is_(None), CareVisit.try_on <= today))
    # every household has a visit and a review ahead: without its bound in the WHERE the page of a day would read them all
    visits = counts(
        CareVisit, (CareVisit.status == "planned", CareVisit.due_on <= today), ready, CareVisit.due_on < today
    )
    reviews = counts(
        HouseholdReview,
        (HouseholdReview.status == "open", HouseholdReview.due_on <= today),
        sa.true(),
        HouseholdReview.due_on < today,
    )
    problems = counts(
        Problem, (Problem.status == "open",), sa.true(), Problem.due_on < today, Problem.escalated_at.is_not(None)
    )
    return DueCounts(*visits, *reviews, *problems)


def list_reviews(
    session: Session,
    *,
    scope: tuple[str, ...],
    until: date,
    text: str = "",
    region_code: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Open reviews due up to and with `until`, the one due first first, as ReviewLines; `after` is ``day.number``."""
    limit = min(limit, MOST)
    query = (
        sa.select(HouseholdReview, Household)
        .join(Household, Household.id == HouseholdReview.household_id)
        .where(
            within(Household.region_code, scope), HouseholdReview.status == "open", Household.status == "active",
            HouseholdReview.due_on <= until,
        )
        .order_by(HouseholdReview.due_on, Household.number)
    )  # fmt: skip
    if text.strip():
        query = query.where(matches_head(text, Household.number))
    if region_code:
        query = query.where(within(Household.region_code, (region_code,)))
    if after is not None:
        day, number = day_key(after)
        query = query.where(sa.tuple_(HouseholdReview.due_on, Household.number) > sa.tuple_(sa.literal(day), number))
    rows = [ReviewLine(*row) for row in session.execute(query.limit(limit + 1))]
    return page_of(rows, limit=limit, key=lambda row: f"{row.review.due_on.isoformat()}.{row.household.number}")


def list_problems(
    session: Session,
    *,
    scope: tuple[str, ...],
    status: str | None = "open",
    kind: str | None = None,
    owner_id: uuid.UUID | None = None,
    late_on: date | None = None,
    escalated: bool = False,
    household_id: uuid.UUID | None = None,
    region_code: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Problems as ProblemLines, the one due first first; `after` is ``day.number``. `late_on` keeps to those past their day then."""
    limit = min(limit, MOST)
    query = (
        sa.select(Problem, Household, User.display_name)
        .join(Household, Household.id == Problem.household_id)
        .join(User, User.id == Problem.owner_id)
        .where(within(Household.region_code, scope))
        .order_by(Problem.due_on, Problem.number)
    )
    for column, value in (
        (Problem.status, status), (Problem.kind, kind), (Problem.owner_id, owner_id), (Problem.household_id, household_id),
    ):  # fmt: skip
        if value is not None:
            query = query.where(column == value)
    if late_on is not None:
        query = query.where(Problem.due_on < late_on)
    if escalated:
        query = query.where(Problem.escalated_at.is_not(None))
    if region_code:
        query = query.where(within(Household.region_code, (region_code,)))
    if after is not None:
        day, number = day_key(after)
        query = query.where(sa.tuple_(Problem.due_on, Problem.number) > sa.tuple_(sa.literal(day), number))
    rows = [ProblemLine(*row) for row in session.execute(query.limit(limit + 1))]
    return page_of(rows, limit=limit, key=lambda row: f"{row.problem.due_on.isoformat()}.{row.problem.number}")


def day_key(after: str) -> tuple[date, int]:
    """The day and the number behind a page key. Raises InvalidInput."""
    day, _, number = after.partition(".")
    try:
        if number.isascii() and number.isdigit() and len(number) < 16:
            return date.fromisoformat(day), int(number)
    except ValueError:
        pass
    raise InvalidInput("This is no page of the list; start at its first page", field="after")


def get_visit(session: Session, visit_id: uuid.UUID, *, scope: tuple[str, ...]) -> CareVisit:
    """The visit. Raises NotFound, also where its household lives outside `scope` now."""
    return _one(session, CareVisit, visit_id, scope, "There is no such visit in the regions you work in")


def get_problem(session: Session, problem_id: uuid.UUID, *, scope: tuple[str, ...]) -> Problem:
    """The problem. Raises NotFound, also where its household lives outside `scope` now."""
    return _one(session, Problem, problem_id, scope, "There is no such problem in the regions you work in")


def get_review(session: Session, review_id: uuid.UUID, *, scope: tuple[str, ...]) -> HouseholdReview:
    """The review. Raises NotFound, also where its household lives outside `scope` now."""
    return _one(session, HouseholdReview, review_id, scope, "There is no such review in the regions you work in")


def _one(session: Session, model: Any, key: uuid.UUID, scope: tuple[str, ...], words: str) -> Any:
    row = session.scalar(
        sa.select(model)
        .join(Household, Household.id == model.household_id)
        .where(model.id == key, within(Household.region_code, scope))
    )
    if row is None:
        raise NotFound(words)
    return row


def ways_before(session: Session, household_id: uuid.UUID, *, limit: int) -> list[str]:
    """How the last visits were made, the last one first."""
    rows = session.scalars(
        sa.select(CareVisit.way)
        .where(CareVisit.household_id == household_id, CareVisit.status == "done")
        .order_by(CareVisit.done_on.desc(), CareVisit.recorded_at.desc())
        .limit(limit)
    )
    return [way for way in rows if way is not None]


def tries_of(session: Session, visit_id: uuid.UUID) -> list[VisitTry]:
    """The days on which nobody was at home, the last first."""
    return list(session.scalars(sa.select(VisitTry).where(VisitTry.visit_id == visit_id).order_by(VisitTry.day.desc())))


def steps_of(session: Session, problem_id: uuid.UUID) -> list[ProblemStep]:
    """A problem's way, from its opening."""
    return list(
        session.scalars(
            sa.select(ProblemStep).where(ProblemStep.problem_id == problem_id).order_by(ProblemStep.at, ProblemStep.id)
        )
    )


@dataclass(frozen=True)
class CareOfHousehold:
    """What is ahead of a household and what was last: the planned and the last visit, the open and the last review, its open problems."""

    next_visit: CareVisit | None
    last_visit: CareVisit | None
    next_review: HouseholdReview | None
    last_review: HouseholdReview | None
    problems: list[ProblemLine]


def care_of(session: Session, household: Household, *, scope: tuple[str, ...]) -> CareOfHousehold:
    """For the page of a household that the asker may read."""

    def newest(model: Any, status: str) -> Any:
        return session.scalar(
            sa.select(model)
            .where(model.household_id == household.id, model.status == status)
            .order_by(model.done_on.desc().nulls_first(), model.recorded_at.desc())
            .limit(1)
        )

    return CareOfHousehold(
        newest(CareVisit, "planned"), newest(CareVisit, "done"),
        newest(HouseholdReview, "open"), newest(HouseholdReview, "done"),
        list(list_problems(session, scope=scope, household_id=household.id, limit=MOST).rows),
    )  # fmt: skip


def visits_of(session: Session, household_id: uuid.UUID, *, limit: int = 20) -> list[CareVisit]:
    """The visits done to a household that the asker may read, the last first."""
    return list(
        session.scalars(
            sa.select(CareVisit)
            .where(CareVisit.household_id == household_id, CareVisit.status == "done")
            .order_by(CareVisit.done_on.desc(), CareVisit.recorded_at.desc())
            .limit(limit)
        )
    )


def owners_for(session: Session, region_code: str, *, roles: Iterable[str]) -> list[User]:
    """The active people of these roles who work where `region_code` lies, those nearest to it first."""
    return list(
        session.scalars(
            sa.select(User)
            .join(RoleGrant, RoleGrant.user_id == User.id)
            .where(
                User.active, RoleGrant.role.in_(tuple(roles)),
                sa.func.starts_with(sa.literal(region_code), RoleGrant.region_code),
            )
            .group_by(User.id)
            .order_by(sa.func.max(sa.func.length(RoleGrant.region_code)).desc(), User.login)
        )
    )  # fmt: skip


def names_of(session: Session, user_ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID | None, str]:
    """Account → the name that people know it by."""
    wanted = {key for key in user_ids if key is not None}
    rows = session.execute(sa.select(User.id, User.display_name).where(User.id.in_(wanted)))
    return {key: name for key, name in rows}
