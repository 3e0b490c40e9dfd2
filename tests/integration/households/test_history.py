"""Indicators keep their history: nothing is overwritten, the latest that nobody corrected is the current one, the database holds it so."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.history.models import IndicatorValue
from households.history.operations import withdraw_value
from households.history.queries import current_rows, history_of, value_of
from households.indicators import IndicatorEntry
from households.models import Household, Indicator
from households.operations import set_indicators
from kernel.audit import SYSTEM, Actor
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotFound
from tests.factories import COUNTY, NOW, SIBLING_TOWNSHIP, make_person, resident_id
from tests.factories_demand import a_head, make_household

WORKER = {"actor": SYSTEM, "scope": (COUNTY,), "now": NOW}


def put(session: Session, household: Household, *entries: IndicatorEntry, **changes: object) -> None:
    set_indicators(session, household_id=household.id, entries=entries, **{**WORKER, **changes})


def wages(value: int, day: date = date(2027, 1, 1), **more: object) -> IndicatorEntry:
    return IndicatorEntry("wages_year", value, day, "入户", **more)


def now_on_file(session: Session, household: Household) -> dict[str, int]:
    rows = session.execute(sa.select(Indicator.code, Indicator.value).where(Indicator.household_id == household.id))
    return {code: int(value) for code, value in rows}


def test_a_new_value_is_a_new_row_and_the_latest_day_counts(session: Session) -> None:
    household = make_household(session)
    put(session, household, wages(100), IndicatorEntry("savings", 7, date(2027, 1, 1), "存折", "bank_record"))
    put(session, household, wages(300, date(2027, 3, 1)))
    put(session, household, wages(200, date(2027, 2, 1)))  # learnt late, of an earlier day
    assert now_on_file(session, household) == {"wages_year": 300, "savings": 7}
    assert {row.code: int(row.value) for row in household.indicators} == {"wages_year": 300, "savings": 7}
    rows = history_of(session, household.id, code="wages_year")
    assert [int(row.value) for row in rows] == [300, 200, 100]
    assert current_rows(history_of(session, household.id))["savings"].evidence == "bank_record"


def test_who_recorded_it_stands_beside_it(session: Session) -> None:
    worker = make_person(session, "worker.li", ("worker", COUNTY))
    household = make_household(session)
    put(session, household, wages(100), actor=worker.actor)
    (row,) = history_of(session, household.id)
    assert (row.recorded_by, row.recorder, row.recorded_at) == (worker.id, "worker.li", NOW)


def test_the_same_again_writes_nothing(session: Session) -> None:
    household = make_household(session)
    put(session, household, wages(100))
    put(session, household, wages(100))
    assert len(history_of(session, household.id)) == 1


def test_a_correction_names_what_was_wrong_and_is_made_once(session: Session) -> None:
    household = make_household(session)
    put(session, household, wages(10_000))
    (wrong,) = history_of(session, household.id)
    put(session, household, wages(1_000, corrects=wrong.id))
    assert now_on_file(session, household) == {"wages_year": 1_000}
    assert len(history_of(session, household.id)) == 2
    with pytest.raises(Conflict):
        put(session, household, wages(5, corrects=wrong.id))


def test_a_correction_to_an_earlier_day_lets_the_older_value_hold(session: Session) -> None:
    household = make_household(session)
    put(session, household, wages(100, date(2027, 1, 1)))
    put(session, household, wages(900, date(2027, 3, 1)))
    wrong = history_of(session, household.id)[0]
    put(session, household, wages(50, date(2026, 12, 1), corrects=wrong.id))
    assert now_on_file(session, household) == {"wages_year": 100}


def test_a_value_is_taken_back_and_the_one_before_holds_again(session: Session) -> None:
    household = make_household(session)
    put(session, household, wages(100))
    put(session, household, wages(900, date(2027, 3, 1)))
    latest = history_of(session, household.id)[0]
    with pytest.raises(InvalidInput):
        withdraw_value(session, value_id=latest.id, reason=" ", **WORKER)
    withdraw_value(session, value_id=latest.id, reason="录到了别家", **WORKER)
    assert now_on_file(session, household) == {"wages_year": 100}
    with pytest.raises(Conflict):
        withdraw_value(session, value_id=latest.id, reason="再来一次", **WORKER)
    first = next(row for row in history_of(session, household.id) if row.value == 100)
    withdraw_value(session, value_id=first.id, reason="也不对", **WORKER)
    assert now_on_file(session, household) == {}
    assert household.indicators == []


def test_a_value_of_another_township_is_not_found(session: Session) -> None:
    household = make_household(session)
    put(session, household, wages(100))
    (row,) = history_of(session, household.id)
    with pytest.raises(NotFound):
        withdraw_value(session, value_id=row.id, reason="不是我的", **{**WORKER, "scope": (SIBLING_TOWNSHIP,)})


def test_negative_spending_and_unknown_evidence_are_refused(session: Session) -> None:
    household = make_household(session)
    with pytest.raises(InvalidFields) as refused:
        put(session, household, IndicatorEntry("medical_year", -1, date(2027, 1, 1), "发票"))
    assert refused.value.faults[0].field == "indicators.medical_year"
    with pytest.raises(InvalidFields):
        put(session, household, wages(1, evidence="rumour"))
    with pytest.raises(sa.exc.IntegrityError, match="value_not_negative"):
        session.execute(
            sa.insert(IndicatorValue).values(
                household_id=household.id,
                code="medical_year",
                value=-1,
                as_of=date(2027, 1, 1),
                source="x",
                recorder="x",
                recorded_at=NOW,
            )  # fmt: skip
        )


@pytest.mark.parametrize(
    "statement", ["UPDATE indicator_values SET value = 0", "DELETE FROM indicator_values", "UPDATE indicators SET value = 0", "DELETE FROM indicators"]
)  # fmt: skip
def test_the_database_itself_overwrites_nothing(session: Session, statement: str) -> None:
    put(session, make_household(session), wages(100))
    with pytest.raises(sa.exc.DBAPIError, match="append-only|by a row of its history alone|permission denied"):
        session.execute(sa.text(statement))


def test_a_bulk_fill_of_current_values_is_remembered(session: Session) -> None:
    household = make_household(session)
    session.execute(
        sa.insert(Indicator).values(
            household_id=household.id, code="debt", value=5, as_of=date(2027, 1, 1), source="批量"
        )
    )
    (row,) = history_of(session, household.id)
    assert (row.code, int(row.value), row.source, row.recorder) == ("debt", 5, "批量", "system")
    put(session, household, IndicatorEntry("debt", 9, date(2027, 2, 1), "入户"), actor=Actor(None, "x"))
    assert now_on_file(session, household) == {"debt": 9}


def test_a_correction_of_another_households_value_is_refused_by_the_database_too(session: Session) -> None:
    household, other = (
        make_household(session),
        make_household(session, a_head(resident_id=resident_id(born="19700202"))),
    )
    put(session, household, wages(100))
    (row,) = history_of(session, household.id)
    with pytest.raises(NotFound):
        put(session, other, wages(1, corrects=row.id))
    with pytest.raises(sa.exc.IntegrityError, match="corrects_its_own"):
        session.execute(
            sa.insert(IndicatorValue).values(
                household_id=other.id,
                code="wages_year",
                value=1,
                as_of=date(2027, 1, 1),
                source="x",
                recorder="x",
                recorded_at=NOW,
                corrects=row.id,
            )  # fmt: skip
        )


def test_a_long_history_of_one_indicator_cuts_off_no_other_and_an_old_value_is_corrected(session: Session) -> None:
    household = make_household(session)
    rows = [
        {"household_id": household.id, "code": "debt", "value": n, "as_of": date(2020, 1, 1) + timedelta(days=n), "source": "入户",
         "recorder": "x", "recorded_at": NOW} for n in range(1_100)
    ]  # fmt: skip
    session.execute(sa.insert(IndicatorValue), rows)
    put(session, household, wages(100))
    shown = history_of(session, household.id)
    assert {row.code: sum(one.code == row.code for one in shown) for row in shown} == {"debt": 50, "wages_year": 1}
    assert int(shown[0].value) == 1_099 and len(history_of(session, household.id, code="debt")) == 1_100
    oldest = session.scalars(sa.select(IndicatorValue).order_by(IndicatorValue.as_of)).first()
    assert value_of(session, household.id, oldest.id) == oldest
    put(session, household, IndicatorEntry("debt", 7, oldest.as_of, "更正", corrects=oldest.id))
    assert value_of(session, household.id, oldest.id) is None
