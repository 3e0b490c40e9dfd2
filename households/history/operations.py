"""Recording values of indicators. Nothing is overwritten: a new value is a new row, and so is a correction."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from households.history.models import IndicatorValue
from households.history.queries import corrected_ids, history_of
from households.indicators import IndicatorEntry
from households.models import Household
from households.portrait.operations import renew_portrait
from households.queries import get_household
from households.visits.schedule import follow_household
from kernel import audit
from kernel.audit import Actor
from kernel.checking import plain
from kernel.clock import day_of
from kernel.database import constraint_of, new_id
from kernel.errors import Conflict, InvalidInput, NotFound


def record_values(
    session: Session,
    household: Household,
    entries: Sequence[IndicatorEntry],
    values: Mapping[str, Decimal],
    *,
    actor: Actor,
    now: datetime,
) -> list[str]:
    """Adds rows for checked entries and brings the household's current values up to date; returns the codes that were written.

    What stands there already in the same words is not written again. Raises NotFound (a corrected row is not this household's),
    Conflict (it was corrected before).
    """
    known = [row for entry in entries for row in history_of(session, household.id, code=entry.code)]
    wrong = corrected_ids(known)
    ids = {row.id for row in known}
    rows = []
    for entry in entries:
        if entry.corrects is not None and entry.corrects not in ids:
            raise NotFound("There is no such value of this household", field=f"indicators.{entry.code}")
        if entry.corrects in wrong:
            raise _corrected_before(entry.code)
        row = _row(household.id, entry, values[entry.code], actor, now)
        # a value that came back to what it was on the same day is news; the same told twice is not
        told = [one for one in known if one.id not in wrong and (one.code, one.as_of) == (row.code, row.as_of)]
        if entry.corrects is None and told and _same(row, max(told, key=lambda one: (one.recorded_at, one.id))):
            continue
        rows.append(row)
    _write(session, household, rows)
    return sorted(row.code for row in rows)


def withdraw_value(
    session: Session, *, value_id: uuid.UUID, reason: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Household:
    """Takes a wrong value back without another in its place; the one before holds again. `reason` stands as the row's source.

    Raises NotFound, InvalidInput (no reason), Conflict (it was corrected before).
    """
    value = session.get(IndicatorValue, value_id)
    if value is None or value.value is None:
        raise NotFound("There is no such value of this household")
    household = get_household(session, value.household_id, scope=scope)
    text = reason.strip()
    if not 1 <= len(text) <= 100:
        raise InvalidInput("Say in at most 100 characters why the value is taken back", field="reason")
    plain(text, field="reason")
    if value.id in corrected_ids(history_of(session, household.id, code=value.code)):
        raise _corrected_before(value.code)
    row = IndicatorValue(
        id=new_id(), household_id=household.id, code=value.code, value=None, as_of=day_of(now), source=text,
        evidence="none", corrects=value.id, recorded_by=actor.id, recorder=actor.label, recorded_at=now,
    )  # fmt: skip
    household.updated_at = now
    _write(session, household, [row])
    renew_portrait(session, household, now=now)
    follow_household(session, household=household, now=now)
    audit.record(
        session, actor=actor, action="household.value_withdrawn", subject_type="household", subject_id=household.id,
        now=now, region_code=household.region_code, code=value.code, value_id=value.id,
    )  # fmt: skip
    return household


def _row(household_id: uuid.UUID, entry: IndicatorEntry, value: Decimal, actor: Actor, now: datetime) -> IndicatorValue:
    return IndicatorValue(
        id=new_id(), household_id=household_id, code=entry.code, value=value, as_of=entry.as_of,
        source=entry.source.strip(), evidence=entry.evidence, corrects=entry.corrects,
        recorded_by=actor.id, recorder=actor.label, recorded_at=now,
    )  # fmt: skip


def _same(one: IndicatorValue, other: IndicatorValue) -> bool:
    def told(row: IndicatorValue) -> tuple[str, Decimal | None, date, str, str]:
        return row.code, row.value, row.as_of, row.source, row.evidence

    return told(one) == told(other)


def _write(session: Session, household: Household, rows: Sequence[IndicatorValue]) -> None:
    """The database brings `indicators` up to date by itself; what the session held of them is read anew."""
    session.flush()
    try:
        # one statement for all rows, whatever the session would make of them
        if rows:
            session.execute(sa.insert(IndicatorValue), [_columns(row) for row in rows])
    except IntegrityError as error:
        if constraint_of(error) == "uq_indicator_values_corrects":
            raise _corrected_before(rows[0].code) from error
        raise
    for indicator in household.indicators:
        session.expire(indicator)
    session.expire(household, ["indicators"])


def _columns(row: IndicatorValue) -> dict[str, object]:
    return {column.name: getattr(row, column.name) for column in IndicatorValue.__table__.columns}


def _corrected_before(code: str) -> Conflict:
    return Conflict("This value was corrected already; look at the history again", field=f"indicators.{code}")
