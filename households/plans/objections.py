"""Objections 异议: a household says no in its own words; its needs wait outside the rounds until another person has heard it."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from households.consents.operations import locked
from households.needs.models import Need
from households.plans.models import Objection, Plan
from households.plans.queries import authors_of, get_objection, words_of
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


def object_to(
    session: Session,
    *,
    household_id: uuid.UUID,
    words: str,
    plan_id: uuid.UUID | None = None,
    need_id: uuid.UUID | None = None,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Objection:
    """Opens an objection of the household: to its plan as a whole, or to one need. From now on no round takes up what it concerns, and
    none that holds it can be committed. Raises InvalidInput, NotFound (plan or need of another household), Conflict (one is open).
    """
    household = locked(session, household_id, scope)
    said = checked_text(words, field="words", most=LONGEST_WORDS, lines=True) or ""
    for model, key in ((Plan, plan_id), (Need, need_id)):
        if key is not None and not session.scalar(
            sa.select(sa.literal(1)).where(model.id == key, model.household_id == household_id)
        ):
            raise NotFound("There is no such plan or need of this household")
    objection = Objection(
        id=new_id(), household_id=household_id, plan_id=plan_id, need_id=need_id, raised_at=now, raiser_id=actor.id
    )
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
    """Another person than the plan's authors and its approver decides and answers in words for the household; its needs enter rounds again.

    Raises NotFound, InvalidInput, Conflict (heard already), HearerIsAuthor.
    """
    objection, region = _open(session, objection_id, scope)
    said = checked_text(answer, field="answer", most=LONGEST_WORDS, lines=True)
    plan = session.get(Plan, objection.plan_id) if objection.plan_id else None
    involved = {objection.raiser_id} | ({*authors_of(session, plan), plan.approver_id} if plan is not None else set())
    if actor.id is None or actor.id in involved:
        raise HearerIsAuthor("You wrote or approved this plan, or raised the objection; another person must hear it")
    objection.status, objection.answer = ("upheld" if upheld else "rejected"), said
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
