"""A plan from the draft to its review over the real database: who may take which step, one current version, needs that follow."""

import threading
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from households.models import Household
from households.needs.models import Need
from households.operations import close_household
from households.plans.approval import approve_plan, close_plan, plans_to_start, refuse_plan, review_plan, start_plan
from households.plans.models import Plan
from households.plans.operations import agree, choose_measures, drop_draft, open_draft, reopen_draft, write_measures
from households.plans.queries import list_plans, measure_of_need, steps_of
from households.plans.rules import ApproverIsAuthor, MeasureEntry, WrongPlanStep
from households.plans.texts import open_words
from households.queries import who_looked
from kernel.audit import SYSTEM, AuditEntry
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotFound
from tests import factories_plans as make
from tests.factories import COUNTY, NOW, SIBLING_TOWNSHIP
from tests.factories_demand import make_household
from tests.factories_plans import MEASURES, ON_PAPER, ON_SCREEN, by

DAY = timedelta(days=1)


@pytest.fixture
def people(session: Session):
    make.load_policy(session)
    return make.make_worker(session), make.make_approver(session)


def needs_of(session: Session, household: Household) -> dict[str, Need]:
    session.expire_all()
    rows = session.scalars(sa.select(Need).where(Need.household_id == household.id).order_by(Need.number))
    return {need.category_code: need for need in rows}


def test_a_draft_holds_what_the_portrait_suggests_with_its_reasons(session, people):
    worker, _ = people
    household = make.poor_household(session)
    plan = open_draft(session, household_id=household.id, **by(worker))
    asked = {one.measure_code: (one.category_code, one.quantity, one.tier, one.weight) for one in plan.measures}
    assert asked["food-parcels"] == ("food_parcel", 2, 2, 500) and asked["cash-aid"] == ("cash_aid", 10, 2, 600)
    assert plan.basis["main_type"] == "subsistence" and plan.version_no == 1
    reason = next(one for one in plan.measures if one.measure_code == "food-parcels").reasons[0]
    assert {name: reason[name] for name in ("fact", "value", "at_least", "at_most")} == {
        "fact": "income_per_head", "value": 0, "at_least": None, "at_most": 1_500_000,
    }  # fmt: skip
    # of the income only part was ever recorded, and the plan says so
    assert "farming_year" in reason["missing"] and set(reason["missing"]) <= set(plan.basis["not_on_file"])
    assert open_draft(session, household_id=household.id, **by(worker)).id == plan.id  # a double tap opens one


def test_without_a_policy_there_is_no_catalogue(session):
    household = make_household(session)
    with pytest.raises(Conflict, match="No policy set"):
        open_draft(session, household_id=household.id, **by(SYSTEM))


def test_the_way_from_draft_to_force_and_its_needs(session, people):
    worker, approver = people
    household = make.poor_household(session)
    plan = open_draft(session, household_id=household.id, **by(worker))
    entries = (
        MeasureEntry("food-parcels", quantity=4, tier=1, weight=700, deliver_to="村委会", lat=28.2, lon=120.7),
        MeasureEntry("cash-aid"),
    )
    plan = write_measures(session, plan_id=plan.id, entries=entries, version=plan.version, **by(worker))
    with pytest.raises(WrongPlanStep):
        approve_plan(session, plan_id=plan.id, starts_on=None, rounds={}, **by(approver))
    agree(session, plan_id=plan.id, giving=ON_PAPER, **by(worker))
    plan, followed = approve_plan(session, plan_id=plan.id, starts_on=None, rounds={}, **by(approver))
    session.commit()
    assert (plan.status, plan.starts_on, plan.review_on) == ("in_force", date(2027, 3, 5), date(2028, 3, 5))
    assert len(followed.posted) == 2
    needs = needs_of(session, household)
    parcel = needs["food_parcel"]
    assert (parcel.quantity, parcel.tier, parcel.weight, parcel.lat, parcel.note) == (4, 1, 700, 28.2, "村委会")
    assert (parcel.starts_on, parcel.due_on) == (date(2027, 3, 5), date(2027, 6, 3))
    assert (needs["cash_aid"].quantity, needs["cash_aid"].type) == (10, "subsistence")
    assert measure_of_need(session, parcel.id).measure_code == "food-parcels"
    assert [row.step.step for row in steps_of(session, plan.id)] == ["draft", "write", "agree", "approve", "start"]
    again, nothing = approve_plan(session, plan_id=plan.id, starts_on=None, rounds={}, **by(approver))
    assert (again.id, nothing) == (plan.id, None)  # a second tap
    actions = session.scalars(
        sa.select(AuditEntry.action).where(AuditEntry.subject_id == str(plan.id)).order_by(AuditEntry.id)
    ).all()
    assert actions == ["plan.draft", "plan.write", "plan.agree", "plan.approve", "plan.start"]


def test_who_drafted_wrote_or_recorded_the_agreement_does_not_approve(session, people):  # promise 14
    worker, approver = people
    other = make.make_approver(session, "plan.other")
    household = make.poor_household(session)
    plan = open_draft(session, household_id=household.id, **by(worker))
    plan = write_measures(session, plan_id=plan.id, entries=MEASURES, version=plan.version, **by(other))
    plan = write_measures(session, plan_id=plan.id, entries=MEASURES, version=plan.version, **by(worker))
    agree(session, plan_id=plan.id, giving=ON_PAPER, **by(worker))
    for author in (worker, other, SYSTEM):
        with pytest.raises(ApproverIsAuthor):
            approve_plan(session, plan_id=plan.id, starts_on=None, rounds={}, **by(author))
    session.commit()
    for column in ("drafter_id", "agreement_recorder_id"):  # and the database holds it too
        with pytest.raises(sa.exc.IntegrityError, match="approver_is_another"):
            session.execute(sa.update(Plan).values({"approver_id": worker.id, column: worker.id}))
        session.rollback()
    assert approve_plan(session, plan_id=plan.id, starts_on=None, rounds={}, **by(approver))[0].status == "in_force"


def test_refused_reopened_and_dropped_versions_say_why(session, people):
    worker, approver = people
    household = make.poor_household(session)
    plan = make.agreed_plan(session, household, worker)
    with pytest.raises(InvalidInput):
        refuse_plan(session, plan_id=plan.id, reason=" ", **by(approver))
    refuse_plan(session, plan_id=plan.id, reason="金额偏高", **by(approver))
    assert (plan.status, plan.agreed_on, plan.agreement_recorder_id) == ("draft", None, None)
    agree(session, plan_id=plan.id, giving=ON_SCREEN, **by(worker))
    reopen_draft(session, plan_id=plan.id, reason="家庭改变主意", **by(worker))
    drop_draft(session, plan_id=plan.id, reason="已搬走", **by(worker))
    assert plan.status == "closed"
    told = open_words(session, subject="plan", subject_id=plan.id, purpose="复核计划", **by(approver))
    assert [one.text for one in told] == ["金额偏高", "家庭改变主意", "已搬走"]
    assert [row.step.has_reason for row in steps_of(session, plan.id)] == [False, False, True, False, True, True]
    session.commit()
    assert who_looked(session, household.id)[0].purpose == "复核计划"  # promise 20
    assert open_draft(session, household_id=household.id, **by(worker)).version_no == 2


def test_only_a_draft_is_written_and_only_as_it_was_seen(session, people):
    worker, _ = people
    household = make.poor_household(session)
    plan = open_draft(session, household_id=household.id, **by(worker))
    seen = plan.version
    write_measures(session, plan_id=plan.id, entries=MEASURES, version=seen, **by(worker, now=NOW + DAY))
    with pytest.raises(Conflict, match="changed this plan"):
        write_measures(session, plan_id=plan.id, entries=MEASURES, version=seen, **by(worker, now=NOW + DAY))
    with pytest.raises(InvalidFields):
        write_measures(
            session, plan_id=plan.id, entries=(MeasureEntry("gold"),), version=plan.version, **by(worker)
        )  # fmt: skip
    write_measures(session, plan_id=plan.id, entries=(), version=plan.version, **by(worker))
    with pytest.raises(Conflict, match="no measure"):
        agree(session, plan_id=plan.id, giving=ON_PAPER, **by(worker))


def test_a_plan_outside_ones_regions_does_not_exist(session, people):  # promise 11
    worker, _ = people
    household = make.poor_household(session)
    plan = open_draft(session, household_id=household.id, **by(worker))
    far = by(worker, scope=(SIBLING_TOWNSHIP,))
    for step in (
        lambda: open_draft(session, household_id=household.id, **far),
        lambda: write_measures(session, plan_id=plan.id, entries=(), version=1, **far),
        lambda: agree(session, plan_id=plan.id, giving=ON_PAPER, **far),
        lambda: approve_plan(session, plan_id=plan.id, starts_on=None, rounds={}, **far),
    ):
        with pytest.raises(NotFound):
            step()
    assert list_plans(session, scope=(SIBLING_TOWNSHIP,)).rows == []
    assert [row.plan.id for row in list_plans(session, scope=(COUNTY,)).rows] == [plan.id]


def test_a_household_has_one_current_plan_whatever_eight_threads_do(
    session: Session, sessions: sessionmaker[Session], people
):
    worker, approver = people
    household = make.poor_household(session)
    make.plan_in_force(session, household, worker, approver)
    session.commit()
    barrier, results = threading.Barrier(8), []

    def press(number: int) -> None:
        with sessions() as own:
            barrier.wait()
            try:
                plan = open_draft(own, household_id=household.id, **by(worker))
                own.commit()
                agree(own, plan_id=plan.id, giving=ON_PAPER, **by(worker))
                own.commit()
                approve_plan(own, plan_id=plan.id, starts_on=None, rounds={}, **by(approver))
                own.commit()
                results.append("done")
            except Conflict as error:
                results.append(type(error).__name__)

    threads = [threading.Thread(target=press, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8 and "done" in results
    statuses = session.scalars(
        sa.select(Plan.status).where(Plan.household_id == household.id).order_by(Plan.version_no)
    ).all()
    assert statuses.count("in_force") == 1 and statuses[-1] in ("in_force", "draft", "agreed")
    # However many versions came and went, each measure asked once.
    assert session.scalar(sa.select(sa.func.count()).select_from(Need).where(Need.household_id == household.id)) == 2
    with pytest.raises(sa.exc.IntegrityError, match="uq_plans_one_in_force"):  # without the application's own check
        session.execute(sa.update(Plan).where(Plan.household_id == household.id).values(status="in_force"))


def test_a_later_start_waits_for_its_day(session, people):
    worker, approver = people
    household = make.poor_household(session)
    plan = make.agreed_plan(session, household, worker, *MEASURES)
    for day in (date(2027, 3, 4), date(2029, 1, 1)):
        with pytest.raises(InvalidInput):
            approve_plan(session, plan_id=plan.id, starts_on=day, rounds={}, **by(approver))
    start = date(2027, 3, 10)
    plan, followed = approve_plan(session, plan_id=plan.id, starts_on=start, rounds={}, **by(approver))
    assert (plan.status, followed, needs_of(session, household)) == ("approved", None, {})
    with pytest.raises(Conflict, match="not come"):
        start_plan(session, plan_id=plan.id, rounds={}, **by(SYSTEM))
    assert plans_to_start(session, today=date(2027, 3, 9)) == []
    assert plans_to_start(session, today=start) == [plan.id]
    start_plan(session, plan_id=plan.id, rounds={}, **by(SYSTEM, now=NOW + 5 * DAY))
    assert (plan.status, len(needs_of(session, household))) == ("in_force", 2)
    assert start_plan(session, plan_id=plan.id, rounds={}, **by(SYSTEM, now=NOW + 5 * DAY)) is None


def test_a_review_continues_changes_or_closes(session, people):
    worker, approver = people
    household = make.poor_household(session)
    plan = make.plan_in_force(session, household, worker, approver)
    assert [row.plan.id for row in list_plans(session, scope=(COUNTY,), due_on=plan.review_on).rows] == [plan.id]
    assert list_plans(session, scope=(COUNTY,), due_on=plan.review_on - DAY).rows == []
    at = {"rounds": {}, **by(worker, now=NOW + 365 * DAY)}
    with pytest.raises(InvalidInput):
        review_plan(session, plan_id=plan.id, outcome="continue", words="", **at)
    assert review_plan(session, plan_id=plan.id, outcome="continue", words="情况未变", **at).review_on == date(
        2029, 3, 4
    )
    draft = review_plan(session, plan_id=plan.id, outcome="change", words="病情加重", **at)
    assert (draft.status, draft.version_no, plan.status) == ("draft", 2, "in_force")
    assert {one.line_id for one in draft.measures} == {one.line_id for one in plan.measures}
    drop_draft(session, plan_id=draft.id, reason="重填", **by(worker))
    close_plan(session, plan_id=plan.id, reason="已脱困", **at)
    assert plan.status == "closed" and {need.status for need in needs_of(session, household).values()} == {"withdrawn"}


def test_with_the_household_its_plans_close(session, people):
    worker, approver = people
    household = make.poor_household(session)
    plan = make.plan_in_force(session, household, worker, approver)
    draft = open_draft(session, household_id=household.id, **by(worker))
    close_household(session, household_id=household.id, reason="迁出", **by(worker))
    assert (plan.status, draft.status) == ("closed", "closed")
    with pytest.raises(Conflict, match="closed"):
        open_draft(session, household_id=household.id, **by(worker))


def test_the_household_chooses_among_what_is_suggested(session, people):
    worker, approver = people
    own = make.make_person(session, "zhou", ("household", COUNTY))
    household = make.poor_household(session)
    plan = choose_measures(session, household_id=household.id, codes=["food-parcels"], **by(own))
    assert [(one.measure_code, one.chosen_by, one.quantity) for one in plan.measures] == [
        ("food-parcels", "worker", 2)
    ] or [one.measure_code for one in plan.measures] == ["food-parcels"]
    with pytest.raises(InvalidInput, match="job"):
        choose_measures(session, household_id=household.id, codes=["job"], **by(own))
    write_measures(
        session, plan_id=plan.id, entries=(MEASURES[0], MeasureEntry("escort")), version=plan.version, **by(worker)
    )
    plan = choose_measures(session, household_id=household.id, codes=["cash-aid"], **by(own))
    chosen = {one.measure_code: one.chosen_by for one in plan.measures}
    assert chosen == {"escort": "worker", "cash-aid": "household"}  # what its worker added stays
    agree(session, plan_id=plan.id, giving=ON_SCREEN, **by(own))
    with pytest.raises(Conflict, match="has agreed"):
        choose_measures(session, household_id=household.id, codes=[], **by(own))
    with pytest.raises(ApproverIsAuthor):
        approve_plan(session, plan_id=plan.id, starts_on=None, rounds={}, **by(own))
