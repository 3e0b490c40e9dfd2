"""Objections 异议: a household says no in its own words; its needs wait outside the rounds until another person has heard it."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from households.consents.operations import locked
from households.needs.models import Need
from households.needs.operations import withdraw_need
from households.plans.models import Objection, Plan
from households.plans.queries import authors_of, get_objection, measure_of_need, plans_of, words_of
from households.plans.rules import HearerIsAuthor
from households.queries import REVEALED
from kernel import audit
from kernel.audit import Actor
from kernel.checking import checked_text
from kernel.crypto import vault_of
from kernel.database import constraint_of, new_id
from kernel.errors import Conflict, NotFound

LONGEST_WORDS = 1_000
HEARING = "hearing the household's objection"
"""The purpose of whoever opens the words; pages show it in the reader's language"""
UPHELD = "The household's objection to it was upheld"


def object_to(
    session: Session,
    *,
    household_id: uuid.UUID,
    words: str,
    need_id: uuid.UUID | None = None,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Objection:
    """Opens an objection of the household: to its plan as a whole, or to one need. From now on no round takes up what it concerns, and
    none that holds it can be committed. The plan it speaks of, whose authors do not hear it, is the one that the need comes from, or else
    the one in force, or else the newest. Raises InvalidInput, NotFound (need of another household), Conflict (one is open).
    """
    household = locked(session, household_id, scope)
    said = checked_text(words, field="words", most=LONGEST_WORDS, lines=True) or ""
    if need_id is not None and session.scalar(sa.select(Need.household_id).where(Need.id == need_id)) != household_id:
        raise NotFound("There is no such plan or need of this household")
    objection = Objection(
        id=new_id(), household_id=household_id, plan_id=_spoken_of(session, household_id, need_id), need_id=need_id,
        raised_at=now, raiser_id=actor.id,
    )  # fmt: skip
    objection.words_sealed = vault_of(session).seal(said, table="objections", row=objection.id, column="words")
    session.add(objection)
    try:
        session.flush()
    except IntegrityError as error:
        if constraint_of(error) == "uq_objections_open":
            raise Conflict("An objection to this is open already; it will be heard first") from error
        raise
    _record(session, objection, household.region_code, "objection.raised", actor, now)
    return objection


def read_words(
    session: Session, *, objection_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> str:
    """The words in clear for whoever hears it; who read them stands where the household can see it (promise 20). Raises NotFound."""
    row = get_objection(session, objection_id, scope=scope)
    audit.record(
        session, actor=actor, action=REVEALED, subject_type="household", subject_id=row.objection.household_id, now=now,
        region_code=row.region_code, purpose=HEARING,
    )  # fmt: skip
    return words_of(session, row.objection)


def hear_objection(
    session: Session,
    *,
    objection_id: uuid.UUID,
    upheld: bool,
    answer: str,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Objection:
    """Another person than the plan's authors and its approver decides and answers in words for the household.

    Rejected: its needs enter rounds again. Upheld against one need: that need is withdrawn; upheld against the plan: its needs stay
    out of rounds until another version is in force or the plan has ended. Raises NotFound, InvalidInput, Conflict (heard already; a
    need to withdraw is promised), HearerIsAuthor.
    """
    objection, region = _open(session, objection_id, scope)
    said = checked_text(answer, field="answer", most=LONGEST_WORDS, lines=True)
    plan = session.get(Plan, objection.plan_id) if objection.plan_id else None
    # where nobody knows of which plan it speaks, everybody who wrote or approved one of them is involved
    plans = [plan] if plan is not None else plans_of(session, [objection.household_id])
    involved = {objection.raiser_id}
    for one in plans:
        involved |= {*authors_of(session, one), one.approver_id}
    if actor.id is None or actor.id in involved:
        raise HearerIsAuthor("You wrote or approved this plan, or raised the objection; another person must hear it")
    if upheld and objection.need_id is not None:
        _withdraw(session, objection.need_id, actor, now)
    objection.status = "upheld" if upheld else "rejected"
    objection.answer_sealed = vault_of(session).seal(said or "", table="objections", row=objection.id, column="answer")
    objection.hearer_id, objection.ended_at = actor.id, now
    session.flush()
    _record(session, objection, region, f"objection.{objection.status}", actor, now)
    return objection


def take_back(
    session: Session, *, objection_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Objection:
    """The household takes its objection back. Raises NotFound, Conflict."""
    objection, region = _open(session, objection_id, scope)
    objection.status, objection.ended_at = "taken_back", now
    session.flush()
    _record(session, objection, region, "objection.taken_back", actor, now)
    return objection


def _spoken_of(session: Session, household_id: uuid.UUID, need_id: uuid.UUID | None) -> uuid.UUID | None:
    measure = measure_of_need(session, need_id) if need_id is not None else None
    plans = plans_of(session, [household_id])
    if measure is not None and any(one.id == measure.plan_id for one in plans):
        return measure.plan_id
    spoken_of = next((one for one in plans if one.status == "in_force"), plans[0] if plans else None)
    return spoken_of.id if spoken_of is not None else None


def _withdraw(session: Session, need_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    need = session.scalars(
        sa.select(Need).where(Need.id == need_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if need.status != "open":
        return
    if need.reserved:
        raise Conflict(
            "Help is promised for need no. %(number)s; void or deliver that promise first, then uphold the objection",
            field="outcome",
            number=need.number,
        )
    withdraw_need(session, need_id=need.id, reason=UPHELD, actor=actor, scope=(need.region_code,), now=now)


def _open(session: Session, objection_id: uuid.UUID, scope: tuple[str, ...]) -> tuple[Objection, str]:
    row = get_objection(session, objection_id, scope=scope)
    locked(session, row.objection.household_id, (row.region_code,))
    session.refresh(row.objection)
    if row.objection.status != "open":
        raise Conflict("This objection has been answered already")
    return row.objection, row.region_code


def _record(session: Session, objection: Objection, region: str, action: str, actor: Actor, now: datetime) -> None:
    audit.record(
        session, actor=actor, action=action, subject_type="objection", subject_id=objection.id, now=now, region_code=region,
        household_id=objection.household_id,
    )  # fmt: skip
