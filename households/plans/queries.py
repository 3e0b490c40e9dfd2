"""Reading plans: always within the asker's regions, or a household's own."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from households.models import Household
from households.needs.models import Need
from households.plans.models import PREPARED, Objection, Plan, PlanMeasure, PlanNeed, PlanStep
from households.plans.rules import OpenNeed
from households.queries import matches_head, page_key
from kernel.accounts.models import User
from kernel.crypto import vault_of
from kernel.database import within
from kernel.errors import InvalidInput, NotFound
from kernel.paging import MOST, Page, page_of


@dataclass(frozen=True)
class PlanRow:
    """A plan beside what a list shows of its household."""

    plan: Plan
    household_number: int
    head_name: str
    region_code: str


@dataclass(frozen=True)
class StepRow:
    """One line of a plan's story."""

    step: PlanStep
    actor_name: str | None


@dataclass(frozen=True)
class MeasureNeed:
    """A need that a measure became, with the start of its period."""

    line_id: uuid.UUID
    measure_id: uuid.UUID
    period_from: date
    need: Need


@dataclass(frozen=True)
class ObjectionRow:
    """An objection beside what a list shows of its household; the words stay sealed."""

    objection: Objection
    household_number: int
    head_name: str
    region_code: str
    need_number: int | None


_GONE = "There is no such plan in the regions you work in"


def list_plans(
    session: Session,
    *,
    scope: tuple[str, ...],
    status: str | None = None,
    due_on: date | None = None,
    text: str = "",
    region_code: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """PlanRows by the household's number; `after` is ``number.version``. `due_on` keeps to plans in force whose review falls on or before it."""
    limit = min(limit, MOST)
    query = (
        sa.select(Plan, Household.number, Household.head_name, Household.region_code)
        .join(Household, Household.id == Plan.household_id)
        .where(within(Household.region_code, scope))
        .order_by(Household.number, Plan.version_no)
    )
    if status:
        query = query.where(Plan.status == status)
    else:
        query = query.where(Plan.status.in_((*PREPARED, "in_force")))
    if due_on is not None:
        query = query.where(Plan.status == "in_force", Plan.review_on <= due_on)
    if text.strip():
        query = query.where(matches_head(text, Household.number))
    if region_code:
        query = query.where(within(Household.region_code, (region_code,)))
    if after is not None:
        number, _, version = after.partition(".")
        query = query.where(
            sa.tuple_(Household.number, Plan.version_no) > sa.tuple_(page_key(number), page_key(version))
        )
    rows = [PlanRow(*row) for row in session.execute(query.limit(limit + 1))]
    return page_of(rows, limit=limit, key=lambda row: f"{row.household_number}.{row.plan.version_no}")


def get_plan(session: Session, plan_id: uuid.UUID, *, scope: tuple[str, ...]) -> Plan:
    """The version with its measures. Raises NotFound, also outside `scope`."""
    plan = session.scalar(
        sa.select(Plan)
        .join(Household, Household.id == Plan.household_id)
        .where(Plan.id == plan_id, within(Household.region_code, scope))
        .options(selectinload(Plan.measures))
    )
    if plan is None:
        raise NotFound(_GONE)
    return plan


def plans_of(session: Session, household_ids: Collection[uuid.UUID]) -> list[Plan]:
    """All versions of these households, the newest first; the caller has looked at whose they are."""
    return list(
        session.scalars(
            sa.select(Plan)
            .where(Plan.household_id.in_(household_ids))
            .order_by(Plan.household_id, Plan.version_no.desc())
            .options(selectinload(Plan.measures))
        )
    )


def plan_in_force(session: Session, household_id: uuid.UUID) -> Plan | None:
    """The household's current plan."""
    return session.scalar(sa.select(Plan).where(Plan.household_id == household_id, Plan.status == "in_force"))


def plan_in_preparation(session: Session, household_id: uuid.UUID) -> Plan | None:
    """The version that is drafted, agreed or approved and not in force yet."""
    return session.scalar(sa.select(Plan).where(Plan.household_id == household_id, Plan.status.in_(PREPARED)))


def steps_of(session: Session, plan_id: uuid.UUID) -> list[StepRow]:
    """The story of a version, in order."""
    rows = session.execute(
        sa.select(PlanStep, User.display_name)
        .outerjoin(User, User.id == PlanStep.actor_id)
        .where(PlanStep.plan_id == plan_id)
        .order_by(PlanStep.number)
    )
    return [StepRow(*row) for row in rows]


def authors_of(session: Session, plan: Plan) -> set[uuid.UUID | None]:
    """Everybody who wrote at the version or recorded its agreement."""
    written = session.scalars(
        sa.select(PlanStep.actor_id).where(
            PlanStep.plan_id == plan.id, PlanStep.step.in_(("draft", "write", "choose", "agree"))
        )
    )
    return {plan.drafter_id, plan.agreement_recorder_id, *written} - {None}


def needs_of_lines(session: Session, line_ids: Collection[uuid.UUID]) -> list[MeasureNeed]:
    """Every need of the plan's household that these lines became, the newest period first."""
    rows = session.execute(
        sa.select(PlanNeed.line_id, PlanNeed.measure_id, PlanNeed.period_from, Need)
        .join(Need, Need.id == PlanNeed.need_id)
        .join(PlanMeasure, PlanMeasure.id == PlanNeed.measure_id)
        .join(Plan, _of_one_household())
        .where(PlanNeed.line_id.in_(line_ids))
        .order_by(PlanNeed.period_from.desc())
    )
    return [MeasureNeed(*row) for row in rows]


def measure_of_need(session: Session, need_id: uuid.UUID) -> PlanMeasure | None:
    """The measure that a need comes from; None where it was posted by hand."""
    return session.scalar(
        sa.select(PlanMeasure).join(PlanNeed, PlanNeed.measure_id == PlanMeasure.id).where(PlanNeed.need_id == need_id)
    )


def open_needs_of(
    session: Session, household_id: uuid.UUID, *, rounds: dict[uuid.UUID, int], lock: bool = False
) -> list[OpenNeed]:
    """The open needs that plans of this household became and that are its own still; `rounds`: need → number of the round under way that holds it."""
    query = (
        sa.select(
            Need.id, Need.number, PlanNeed.line_id, PlanNeed.measure_id, Need.reserved, Need.delivered
        )
        .join(PlanNeed, PlanNeed.need_id == Need.id)
        .join(PlanMeasure, PlanMeasure.id == PlanNeed.measure_id)
        .join(Plan, _of_one_household())
        .where(Need.household_id == household_id, Need.status == "open")
        .order_by(Need.id)
    )  # fmt: skip
    if lock:
        query = query.with_for_update(of=Need)
    return [OpenNeed(*row, rounds.get(row[0])) for row in session.execute(query)]


def _of_one_household() -> sa.ColumnElement[bool]:
    """The plan of the measure, where the need is its household's still: one taken along in a split or a joining follows no plan."""
    return sa.and_(Plan.id == PlanMeasure.plan_id, Plan.household_id == Need.household_id)


def holds_back() -> sa.ColumnElement[bool]:
    """Whether an objection keeps the row of `needs` out of rounds: one that is open to it or to the whole plan, or one to the whole plan
    that was upheld, until a version agreed to after it is in force or the plan has ended (promise 23).
    """
    stands = sa.or_(
        sa.and_(Objection.status == "open", sa.or_(Objection.need_id.is_(None), Objection.need_id == Need.id)),
        _not_carried_out(),
    )
    return sa.exists().where(Objection.household_id == Need.household_id, stands).correlate(Need)


def _not_carried_out() -> sa.ColumnElement[bool]:
    unchanged = sa.exists().where(
        Plan.id == Objection.plan_id,
        Plan.status.in_((*PREPARED, "in_force")),
        sa.or_(Plan.in_force_at.is_(None), Plan.in_force_at <= Objection.ended_at),
    )
    return sa.and_(Objection.status == "upheld", Objection.need_id.is_(None), unchanged)


def waits_for_change(session: Session, household_id: uuid.UUID) -> bool:
    """Whether an objection to the household's plan was upheld and the plan is neither changed nor ended."""
    query = sa.select(Objection.id).where(Objection.household_id == household_id, _not_carried_out()).limit(1)
    return session.scalar(query) is not None


def held_back(session: Session, need_ids: Collection[uuid.UUID]) -> list[int]:
    """The numbers of those needs that an objection keeps out of rounds."""
    return list(
        session.scalars(sa.select(Need.number).where(Need.id.in_(need_ids), holds_back()).order_by(Need.number))
    )


def has_open_objection(session: Session, household_id: uuid.UUID) -> bool:
    """Whether an objection of the household waits to be heard."""
    query = sa.select(Objection.id).where(Objection.household_id == household_id, Objection.status == "open").limit(1)
    return session.scalar(query) is not None


def list_objections(
    session: Session,
    *,
    scope: tuple[str, ...],
    status: str | None = "open",
    after: str | None = None,
    limit: int = 100,
) -> Page:
    """ObjectionRows: those that are open by how long they wait, others the newest first. `after`: the key of the page before.

    Raises InvalidInput for a key that is none.
    """
    limit, waiting = min(limit, MOST), status == "open"
    order = (Objection.raised_at, Objection.id)
    query = (
        sa.select(Objection, Household.number, Household.head_name, Household.region_code, Need.number)
        .join(Household, Household.id == Objection.household_id)
        .outerjoin(Need, Need.id == Objection.need_id)
        .where(within(Household.region_code, scope))
        .order_by(*(order if waiting else (one.desc() for one in order)))
    )
    if status:
        query = query.where(Objection.status == status)
    if after is not None:
        place = sa.tuple_(*(sa.literal(one) for one in _objection_key(after)))
        query = query.where(sa.tuple_(*order) > place if waiting else sa.tuple_(*order) < place)
    rows = [ObjectionRow(*row) for row in session.execute(query.limit(limit + 1))]
    return page_of(rows, limit=limit, key=lambda row: f"{row.objection.raised_at.isoformat()}_{row.objection.id}")


def _objection_key(after: str) -> tuple[datetime, uuid.UUID]:
    moment, _, key = after.partition("_")
    try:
        found = datetime.fromisoformat(moment), uuid.UUID(key)
    except ValueError:
        found = None
    if found is None or found[0].tzinfo is None:
        raise InvalidInput("This is no page of the list; start at its first page", field="after")
    return found


def objections_of(session: Session, household_id: uuid.UUID) -> list[Objection]:
    """A household's own objections, the newest first; the caller has looked at whose they are."""
    return list(
        session.scalars(
            sa.select(Objection).where(Objection.household_id == household_id).order_by(Objection.raised_at.desc())
        )
    )


def get_objection(session: Session, objection_id: uuid.UUID, *, scope: tuple[str, ...]) -> ObjectionRow:
    """One objection. Raises NotFound, also outside `scope`."""
    row = session.execute(
        sa.select(Objection, Household.number, Household.head_name, Household.region_code, Need.number)
        .join(Household, Household.id == Objection.household_id)
        .outerjoin(Need, Need.id == Objection.need_id)
        .where(Objection.id == objection_id, within(Household.region_code, scope))
    ).first()
    if row is None:
        raise NotFound("There is no such objection in the regions you work in")
    return ObjectionRow(*row)


def answer_of(session: Session, objection: Objection) -> str | None:
    """The answer in clear, for the household itself and for whoever opens it with a purpose that is logged; None while it waits."""
    sealed = objection.answer_sealed
    if sealed is None:
        return None
    return vault_of(session).open(sealed, table="objections", row=objection.id, column="answer")


def words_of(session: Session, objection: Objection) -> str:
    """The household's words in clear: for the household itself, and for whoever opens them with a purpose that is logged."""
    return vault_of(session).open(objection.words_sealed, table="objections", row=objection.id, column="words")
