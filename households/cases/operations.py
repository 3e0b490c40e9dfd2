"""Writing case conferences: called with its people and facts, decided by one person, confirmed by another, revoked where it no longer holds."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.cases.models import CaseConference, CaseMeasure, CaseParticipant
from households.cases.queries import get_case
from households.cases.rules import CaseEntry, DecisionEntry, check_case, check_decision
from households.models import Household
from households.queries import get_household
from households.revealing import open_sealed
from kernel import audit
from kernel.audit import Actor
from kernel.catalogue.models import Category
from kernel.checking import checked_text
from kernel.clock import day_of
from kernel.crypto import vault_of
from kernel.database import new_id
from kernel.errors import Conflict, InvalidInput


def call_case(
    session: Session, *, household_id: uuid.UUID, entry: CaseEntry, actor: Actor, scope: tuple[str, ...], now: datetime
) -> CaseConference:
    """A conference on a household: its reason, day, people and facts. Raises NotFound, InvalidFields (every fault), InvalidInput (no person)."""
    if actor.id is None:
        raise InvalidInput("A case conference is put on record by a person who answers for it", field="creator_id")
    household = get_household(session, household_id, scope=scope)
    case = CaseConference(
        id=new_id(), household_id=household.id, creator_id=actor.id, created_at=now, updated_at=now, extra_fen=0
    )
    _fill(session, case, check_case(entry, today=day_of(now)))
    session.add(case)
    session.flush()
    _record(session, case, household, "case.called", actor, now, reason=case.reason, people=len(case.participants))
    return case


def change_case(
    session: Session,
    *,
    case_id: uuid.UUID,
    entry: CaseEntry,
    version: int,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> CaseConference:
    """Corrects the minutes before a decision. Raises NotFound, Conflict (changed meanwhile, decided), InvalidFields."""
    case, household = _read(session, case_id, version, scope)
    if case.status != "called":
        raise Conflict("The conference is decided; its minutes stay as they are")
    checked = check_case(entry, today=day_of(now))
    case.participants.clear()
    session.flush()
    _fill(session, case, checked)
    case.updated_at = now
    session.flush()
    _record(session, case, household, "case.changed", actor, now, people=len(case.participants))
    return case


def decide_case(
    session: Session,
    *,
    case_id: uuid.UUID,
    entry: DecisionEntry,
    version: int,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> CaseConference:
    """Records what was decided; it acts once another person confirms it. Raises NotFound, Conflict, InvalidFields, InvalidInput (no person)."""
    if actor.id is None:
        raise InvalidInput("A decision is recorded by a person who answers for it", field="decider_id")
    case, household = _read(session, case_id, version, scope)
    if case.status not in ("called", "decided"):
        raise Conflict("This decision is confirmed; call a new conference to decide otherwise")
    codes = session.scalars(sa.select(Category.code)).all()
    checked = check_decision(entry, held_on=case.held_on, categories=codes)
    case.measures.clear()
    session.flush()
    vault = vault_of(session)
    case.measures = [
        CaseMeasure(
            position=place, category_code=one.category_code, unit=one.unit, due_on=one.due_on,
            words_sealed=vault.seal(one.words, table="case_measures", row=f"{case.id}|{place}", column="words"),
        )
        for place, one in enumerate(checked.measures)
    ]  # fmt: skip
    case.decision_sealed = vault.seal(checked.decision, table="case_conferences", row=case.id, column="decision")
    case.extra_fen, case.legal_basis = checked.extra_fen, checked.legal_basis
    case.valid_from, case.valid_to = checked.valid_from, checked.valid_to
    case.status, case.decider_id, case.decided_at, case.updated_at = "decided", actor.id, now, now
    case.status_reason_sealed = None
    session.flush()
    _record(session, case, household, "case.decided", actor, now, extra_fen=case.extra_fen, measures=len(case.measures))
    return case


def confirm_case(
    session: Session, *, case_id: uuid.UUID, version: int, actor: Actor, scope: tuple[str, ...], now: datetime
) -> CaseConference:
    """The second pair of eyes: from now on the decision acts (promise 14). Raises NotFound, Conflict (not decided, or by the same person)."""
    case, household = _read(session, case_id, version, scope)
    _require_second(case, actor)
    case.status, case.confirmer_id, case.confirmed_at, case.updated_at = "confirmed", actor.id, now, now
    session.flush()
    _record(session, case, household, "case.confirmed", actor, now, extra_fen=case.extra_fen)
    return case


def send_back_case(
    session: Session,
    *,
    case_id: uuid.UUID,
    reason: str,
    version: int,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> CaseConference:
    """The second person does not confirm: back to the conference, with the reason. Raises NotFound, Conflict, InvalidInput (no reason)."""
    case, household = _read(session, case_id, version, scope)
    _require_second(case, actor)
    _give_reason(session, case, reason)
    case.status, case.updated_at = "called", now
    session.flush()
    _record(session, case, household, "case.sent_back", actor, now)
    return case


def revoke_case(
    session: Session,
    *,
    case_id: uuid.UUID,
    reason: str,
    version: int,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> CaseConference:
    """A confirmed decision no longer holds; later rounds know the usual cap again. Raises NotFound, Conflict, InvalidInput (no reason)."""
    case, household = _read(session, case_id, version, scope)
    if case.status != "confirmed":
        raise Conflict("Only a confirmed decision can be revoked")
    _give_reason(session, case, reason)
    case.status, case.ended_at, case.updated_at = "revoked", now, now
    session.flush()
    _record(session, case, household, "case.revoked", actor, now)
    return case


def open_facts(
    session: Session, *, case_id: uuid.UUID, purpose: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> str:
    """The facts in clear, for a purpose that goes on the household's trail (promise 20). Raises NotFound, InvalidInput."""
    case = get_case(session, case_id, scope=scope)
    [facts] = open_sealed(
        session, household_id=case.household_id, rows=[(case, "case_conferences", "facts")], subject="case",
        purpose=purpose, actor=actor, scope=scope, now=now,
    )  # fmt: skip
    return facts.text


def _fill(session: Session, case: CaseConference, checked: CaseEntry) -> None:
    case.reason, case.held_on = checked.reason, checked.held_on
    case.facts_sealed = vault_of(session).seal(checked.facts, table="case_conferences", row=case.id, column="facts")
    case.participants = [
        CaseParticipant(position=place, unit=one.unit, name=one.name) for place, one in enumerate(checked.participants)
    ]


def _give_reason(session: Session, case: CaseConference, reason: str) -> None:
    checked = checked_text(reason, field="reason", most=500) or ""
    case.status_reason_sealed = vault_of(session).seal(
        checked, table="case_conferences", row=case.id, column="status_reason"
    )


def _read(
    session: Session, case_id: uuid.UUID, version: int, scope: tuple[str, ...]
) -> tuple[CaseConference, Household]:
    case = get_case(session, case_id, scope=scope)
    if case.version != version:
        raise Conflict("Somebody changed this case meanwhile; look at it again and repeat your change")
    return case, get_household(session, case.household_id, scope=scope)


def _require_second(case: CaseConference, actor: Actor) -> None:
    if case.status != "decided":
        raise Conflict("There is no decision to confirm")
    if actor.id is None or actor.id == case.decider_id:
        raise Conflict("You recorded this decision; another person confirms it")


def _record(
    session: Session,
    case: CaseConference,
    household: Household,
    action: str,
    actor: Actor,
    now: datetime,
    **detail: object,
) -> None:
    audit.record(
        session, actor=actor, action=action, subject_type="case", subject_id=case.id, now=now,
        region_code=household.region_code, household_id=household.id, **detail,
    )  # fmt: skip
