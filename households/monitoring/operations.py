"""Handling warnings, and households entering and leaving monitoring ("有进有出")."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household
from households.monitoring.models import OUTCOMES, HouseholdWarning, MonitoringSpell
from households.monitoring.queries import get_warning, open_spell
from households.operations import record_event
from households.queries import REVEALED, get_household
from households.rules import check_purpose, text_fault
from kernel import audit
from kernel.audit import Actor
from kernel.clock import day_of
from kernel.crypto import vault_of
from kernel.database import new_id
from kernel.errors import Conflict, InvalidFields, InvalidInput

LONGEST_NOTE = 500
ENTERS = ("facts_updated", "event_recorded", "plan_to_change")
"""Outcomes by which a household enters monitoring, where it is not in it"""


def handle_warning(
    session: Session,
    *,
    warning_id: uuid.UUID,
    outcome: str,
    note: str,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
    event_kind: str | None = None,
    event_on: date | None = None,
    seen_to: int | None = None,
) -> HouseholdWarning:
    """Records what came of a warning, with the note sealed. An event is put on the household's record with it; facts said to be updated must have been.

    `seen_to` is the warning's `counted_to` as it was read: what came in later was not looked at. Raises InvalidFields, NotFound, Conflict
    (handled before; more came in; facts not changed since; the household is not monitored).
    """
    warning = get_warning(session, warning_id, scope=scope, lock=True)
    if warning.status != "open":
        raise Conflict("This warning was handled already; look at what came of it")
    _check(outcome, note, event_kind, event_on)
    if seen_to is not None and seen_to != warning.counted_to:
        raise Conflict("More came in since you opened this warning; look at it again")
    household = get_household(session, warning.household_id, scope=scope)
    if outcome == "facts_updated" and household.updated_at <= warning.raised_at:
        raise Conflict("The household's facts were not changed since the warning; set its indicators first")
    if outcome == "event_recorded" and event_kind is not None and event_on is not None:
        record_event(
            session, household_id=household.id, kind=event_kind, happened_on=event_on, source=f"#{warning.number}",
            actor=actor, scope=scope, now=now,
        )  # fmt: skip
    if outcome == "left_monitoring":
        _leave(session, household, note, actor, now, but=warning.id)
    elif outcome in ENTERS and warning.way == "in" and household.status == "active":
        _enter(session, household, warning.rule, actor, now)
    warning.status, warning.outcome, warning.handled_at, warning.handled_by = "handled", outcome, now, actor.id
    warning.note_sealed = vault_of(session).seal(note.strip(), table="warnings", row=warning.id, column="note")
    session.flush()
    audit.record(
        session, actor=actor, action="warning.handled", subject_type="warning", subject_id=warning.id, now=now,
        region_code=warning.region_code, outcome=outcome, household=household.id,
    )  # fmt: skip
    return warning


def reveal_note(
    session: Session, *, warning_id: uuid.UUID, purpose: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> str | None:
    """What was written when the warning was handled, for a purpose; who, when and what for stands on the trail, where the household reads it
    (promise 20). None where nothing was. Raises NotFound, InvalidInput (purpose)."""
    warning = get_warning(session, warning_id, scope=scope)
    text = check_purpose(purpose)
    if warning.note_sealed is None:
        return None
    household = get_household(session, warning.household_id, scope=scope)
    _record(session, household, REVEALED, actor, now, purpose=text, of="warning")
    return vault_of(session).open(warning.note_sealed, table="warnings", row=warning.id, column="note")


def carry_spell(session: Session, *, household: Household, other: Household, actor: Actor, now: datetime) -> None:
    """`other` came into `household`: the time in which it is monitored goes on there; where both are monitored, that of `other` ends."""
    spell = open_spell(session, other.id)
    if spell is None:
        return
    if open_spell(session, household.id) is None:
        spell.household_id = household.id
        session.flush()
        _record(session, household, "monitoring.entered", actor, now, rule=spell.entered_by_rule, other=other.id)
        return
    spell.left_on = day_of(now)
    spell.reason_sealed = vault_of(session).seal(
        f"#{household.number}", table="monitoring_spells", row=spell.id, column="reason"
    )
    session.flush()
    _record(session, other, "monitoring.left", actor, now, other=household.id)


def enter_monitoring(
    session: Session, *, household_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Household:
    """The household is monitored from today; again changes nothing. Raises NotFound, Conflict (closed)."""
    household = get_household(session, household_id, scope=scope)
    if household.status != "active":
        raise Conflict("The household is closed; reopen it first")
    _enter(session, household, None, actor, now)
    return household


def leave_monitoring(
    session: Session, *, household_id: uuid.UUID, reason: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Household:
    """The household leaves monitoring, with the reason sealed. Raises NotFound, InvalidInput, Conflict (not in it, or a warning is open)."""
    household = get_household(session, household_id, scope=scope)
    fault = text_fault(reason, most=LONGEST_NOTE, field="reason")
    if fault is not None:
        raise fault
    _leave(session, household, reason, actor, now)
    return household


def _check(outcome: str, note: str, event_kind: str | None, event_on: date | None) -> None:
    faults = []
    if outcome not in OUTCOMES:
        faults.append(InvalidInput("Choose what came of it", field="outcome"))
    fault = text_fault(note, most=LONGEST_NOTE, field="note", lines=True)
    if fault is not None:
        faults.append(fault)
    if outcome == "event_recorded":
        if not event_kind:
            faults.append(InvalidInput("Choose what happened", field="event_kind"))
        if event_on is None:
            faults.append(InvalidInput("Say on which day it happened", field="event_on"))
    if faults:
        raise InvalidFields(faults)


def _enter(session: Session, household: Household, rule: str | None, actor: Actor, now: datetime) -> None:
    if open_spell(session, household.id) is not None:
        return
    session.add(MonitoringSpell(id=new_id(), household_id=household.id, entered_on=day_of(now), entered_by_rule=rule))
    session.flush()
    _record(session, household, "monitoring.entered", actor, now, rule=rule)


def _leave(
    session: Session, household: Household, reason: str, actor: Actor, now: datetime, *, but: uuid.UUID | None = None
) -> None:
    spell = open_spell(session, household.id)
    if spell is None:
        raise Conflict("The household is not monitored")
    others = sa.select(sa.func.count()).where(
        HouseholdWarning.household_id == household.id, HouseholdWarning.status == "open", HouseholdWarning.id != but
    )
    if session.scalar(others):
        raise Conflict("A warning about this household is open; handle it first")
    spell.left_on = day_of(now)
    spell.reason_sealed = vault_of(session).seal(
        reason.strip(), table="monitoring_spells", row=spell.id, column="reason"
    )
    session.flush()
    _record(session, household, "monitoring.left", actor, now)


def _record(session: Session, household: Household, action: str, actor: Actor, now: datetime, **detail: object) -> None:
    audit.record(
        session, actor=actor, action=action, subject_type="household", subject_id=household.id, now=now,
        region_code=household.region_code, **detail,
    )  # fmt: skip
