"""Consents by purpose over the real database: who gave them, taken back at once, and what rounds see of it."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from households.consents.models import Consent
from households.consents.operations import give_consent, withdraw_consent
from households.consents.queries import consents_of, in_force
from households.consents.rules import Giving
from households.models import Household
from households.operations import register_household
from households.plans.objections import hear_objection, object_to, read_words, take_back
from households.plans.operations import agree, open_draft
from households.plans.queries import answer_of
from households.plans.rules import HearerIsAuthor, MeasureEntry
from households.queries import who_looked
from kernel.audit import SYSTEM, AuditEntry
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotFound
from matching.rounds.commit import PoolChanged, changes_of, commit_round
from matching.rounds.models import Allocation
from tests import factories_plans as make
from tests import factories_rounds as rounds
from tests.factories import COUNTY, NOW, SIBLING_TOWNSHIP
from tests.factories_demand import a_head, a_household, make_household, make_need
from tests.factories_plans import ON_PAPER, ON_SCREEN, by

DAY = timedelta(days=1)
CHILD = a_head(name="周小明", resident_id=None, sex="male", born_on=(NOW - timedelta(days=15 * 365)).date())
GUARDIAN = Giving("screen", "guardian", giver="周大山", relation="祖父")


def test_each_purpose_is_given_and_taken_back_by_itself(session):  # promise 22
    household = make_household(session, consented=False)
    give_consent(session, household_id=household.id, purpose="share", giving=ON_PAPER, **by(SYSTEM))
    assert household.consented_at is None  # departments may know; charities may not
    give_consent(session, household_id=household.id, purpose="match", giving=ON_PAPER, **by(SYSTEM))
    assert household.consented_at == NOW
    withdraw_consent(
        session, household_id=household.id, purpose="share", words="不想让别人知道", **by(SYSTEM, now=NOW + DAY)
    )
    session.commit()
    standing = in_force(consents_of(session, household_id=household.id, scope=(COUNTY,)))
    assert set(standing) == {"match"} and standing["match"].reference == ON_PAPER.reference
    assert standing["match"].text_version and standing["match"].giver == household.head_name
    withdraw_consent(session, household_id=household.id, **by(SYSTEM, now=NOW + DAY))
    assert household.consented_at is None
    give_consent(session, household_id=household.id, purpose="match", giving=ON_SCREEN, **by(SYSTEM, now=NOW + 2 * DAY))
    assert household.consented_at == NOW + 2 * DAY
    kept = consents_of(session, household_id=household.id, scope=(COUNTY,))
    assert kept[0].withdrawn_at is None and {one.purpose for one in kept[1:]} == {"share", "match"}
    assert len(kept) == 3 and all(one.withdrawn_at for one in kept[1:])


def test_what_was_ticked_at_registration_is_completed_later(session):
    household = make_household(session)
    (noted,) = consents_of(session, household_id=household.id, scope=(COUNTY,))
    assert (noted.way, noted.purpose, household.consented_at) == ("registration", "match", NOW)
    given = give_consent(
        session, household_id=household.id, purpose="match", giving=ON_PAPER, **by(SYSTEM, now=NOW + DAY)
    )
    assert given.id != noted.id and given.way == "paper" and noted.withdrawn_at == NOW + DAY
    again = give_consent(session, household_id=household.id, purpose="match", giving=ON_SCREEN, **by(SYSTEM))
    assert again.id == given.id


def test_the_day_of_consent_is_written_by_consents_alone(session):
    household = make_household(session, consented=False)
    session.commit()
    with pytest.raises(sa.exc.DBAPIError, match="follows from consents alone"):
        session.execute(sa.update(Household).values(consented_at=NOW))
    session.rollback()
    with pytest.raises(sa.exc.DBAPIError, match="follows from consents alone"):
        session.add(
            Household(
                region_code=household.region_code, head_name="李", pinyin="li", initials="l", status_category="other",
                main_type="care", consented_at=NOW, created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip
        session.flush()


def test_two_consents_to_one_purpose_are_refused_by_the_database(session):
    household = make_household(session)
    values = {"purpose": "match", "text_version": "2027-1", "way": "screen", "given_by": "self", "giver": "周"}
    with pytest.raises(sa.exc.IntegrityError, match="uq_consents_in_force"):
        session.execute(
            sa.insert(Consent).values(household_id=household.id, given_on=NOW.date(), recorded_at=NOW, **values)
        )


def test_for_a_minor_head_a_guardian_agrees(session):
    make.load_policy(session)
    entry = a_household(CHILD, consented=True)
    with pytest.raises(InvalidFields) as refused:
        register_household(session, entry=entry, **by(SYSTEM))
    assert [fault.field for fault in refused.value.faults] == ["consented"]
    household = make.poor_household(session, CHILD, consented=False)
    plan = open_draft(session, household_id=household.id, **by(SYSTEM))
    for giving in (ON_SCREEN, ON_PAPER, Giving("screen", "proxy", giver="李四", relation="邻居")):
        with pytest.raises(InvalidFields, match="mending"):
            give_consent(session, household_id=household.id, purpose="match", giving=giving, **by(SYSTEM))
        with pytest.raises(InvalidFields, match="mending"):
            agree(session, plan_id=plan.id, giving=giving, **by(SYSTEM))
    assert household.consented_at is None
    consent = give_consent(session, household_id=household.id, purpose="match", giving=GUARDIAN, **by(SYSTEM))
    assert (consent.given_by, consent.giver, consent.relation) == ("guardian", "周大山", "祖父")
    agree(session, plan_id=plan.id, giving=GUARDIAN, **by(SYSTEM))
    assert (plan.status, plan.agreed_giver) == ("agreed", "周大山")


def test_wrong_purposes_old_words_and_other_regions_are_refused(session):
    household = make_household(session, consented=False)
    give = {"household_id": household.id, "giving": ON_SCREEN}
    with pytest.raises(InvalidInput):
        give_consent(session, purpose="sell", **give, **by(SYSTEM))
    with pytest.raises(InvalidInput, match="changed"):
        give_consent(session, purpose="match", text_version="1999-1", **give, **by(SYSTEM))
    for act in (give_consent, withdraw_consent):
        values = {**give, "purpose": "match"} if act is give_consent else {"household_id": household.id}
        with pytest.raises(NotFound):
            act(session, **values, **by(SYSTEM, scope=(SIBLING_TOWNSHIP,)))


# ---- rounds ----


def test_consent_taken_back_between_freeze_and_commit_stops_the_commit(
    session: Session, sessions: sessionmaker[Session]
):  # promise 22
    people, pool = rounds.make_people(session), rounds.make_pool(session)
    one = rounds.approved(session, people)
    session.commit()
    with sessions() as own:
        withdraw_consent(own, household_id=pool.households[0].id, **by(SYSTEM, now=NOW + DAY))
        own.commit()
    with pytest.raises(PoolChanged) as refused:
        commit_round(session, round_id=one.id, actor=people.committer.actor, scope=(COUNTY,), now=NOW + DAY)
    session.rollback()
    assert {change.kind for change in refused.value.changes} == {"consent_missing"}
    assert (
        session.scalar(sa.select(sa.func.count()).select_from(Allocation).where(Allocation.status == "reserved")) == 0
    )
    summary = rounds.frozen(session, people).pool_summary
    assert summary["excluded_needs"] == {"consent_missing": 2}


def test_a_withdrawal_and_a_commit_at_the_same_moment_never_both_win(
    session: Session, sessions: sessionmaker[Session]
):  # promise 22
    people, pool = rounds.make_people(session), rounds.make_pool(session)
    one = rounds.approved(session, people)
    session.commit()
    barrier, ends = threading.Barrier(2), {}

    def commit() -> None:
        with sessions() as own:
            barrier.wait()
            try:
                commit_round(own, round_id=one.id, actor=people.committer.actor, scope=(COUNTY,), now=NOW + DAY)
                own.commit()
                ends["commit"] = "committed"
            except PoolChanged:
                own.rollback()
                ends["commit"] = "refused"

    def withdraw() -> None:
        with sessions() as own:
            barrier.wait()
            withdraw_consent(own, household_id=pool.households[0].id, **by(SYSTEM, now=NOW + DAY))
            own.commit()
            ends["withdrawal"] = own.scalar(
                sa.select(sa.func.count()).select_from(Allocation).where(Allocation.status == "reserved")
            )

    threads = [threading.Thread(target=step) for step in (commit, withdraw)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Either the promise was made before the consent was taken back, or it was not made at all.
    assert (ends["commit"], ends["withdrawal"] > 0) in (("committed", True), ("refused", False))


def test_an_objection_freezes_the_needs_until_another_person_has_heard_it(session: Session):  # promises 23, 29
    make.load_policy(session)
    people, pool = rounds.make_people(session), rounds.make_pool(session)
    worker, approver = make.make_worker(session), make.make_approver(session)
    household = make.poor_household(
        session, a_head(resident_id=None, sex="female", born_on=(NOW - 30_000 * DAY).date())
    )
    plan = make.plan_in_force(session, household, worker, approver)
    one = rounds.approved(session, people)
    objection = object_to(
        session, household_id=pool.households[0].id, words="我家不需要修房，儿子患病更要紧", **by(SYSTEM)
    )
    kinds = {change.kind for change in changes_of(session, round_id=one.id, scope=(COUNTY,), now=NOW + DAY)}
    assert kinds == {"objection"}
    with pytest.raises(PoolChanged, match="not heard yet"):
        commit_round(session, round_id=one.id, actor=people.committer.actor, scope=(COUNTY,), now=NOW + DAY)
    own = object_to(
        session,
        household_id=household.id,
        words="金额太低",
        **by(make.make_person(session, "zhou", ("household", COUNTY))),
    )
    assert rounds.frozen(session, people).pool_summary["excluded_needs"] == {"objection": 4}
    with pytest.raises(Conflict, match="open already"), session.begin_nested():
        object_to(session, household_id=household.id, words="再说一次", **by(SYSTEM))
    for author in (worker, approver):
        with pytest.raises(HearerIsAuthor):
            hear_objection(session, objection_id=own.id, upheld=True, answer="同意", **by(author))
    with pytest.raises(InvalidInput):
        hear_objection(session, objection_id=own.id, upheld=True, answer=" ", **by(people.reviewer))
    hear_objection(session, objection_id=own.id, upheld=True, answer="下月起调高", **by(people.reviewer))
    take_back(session, objection_id=objection.id, **by(SYSTEM))
    assert (own.status, own.hearer_id, objection.status) == ("upheld", people.reviewer.id, "taken_back")
    assert own.plan_id == plan.id and answer_of(session, own) == "下月起调高"
    # upheld and not carried out is as good as not heard: only another version that the household agreed to, or the end of the plan, lets go
    assert rounds.frozen(session, people).pool_summary["excluded_needs"] == {"objection": 2}
    later = {"now": NOW + 2 * DAY}
    make.plan_in_force(session, household, worker, approver, MeasureEntry("cash-aid", quantity=20), **later)
    assert rounds.frozen(session, people).pool_summary["excluded_needs"] == {}
    with pytest.raises(Conflict, match="answered already"):
        take_back(session, objection_id=own.id, **by(SYSTEM))


def test_an_objection_to_one_need_freezes_that_need_alone(session):
    people, pool = rounds.make_people(session), rounds.make_pool(session)
    household = pool.households[0]
    object_to(session, household_id=household.id, need_id=pool.repair_need.id, words="不修", **by(SYSTEM))
    assert rounds.frozen(session, people).pool_summary["excluded_needs"] == {"objection": 1}
    with pytest.raises(NotFound):
        object_to(session, household_id=household.id, need_id=pool.hours_need.id, words="不是我家的", **by(SYSTEM))


def test_the_words_of_an_objection_are_sealed_and_reading_them_is_logged(session):  # promises 19, 20
    household = make_household(session)
    make_need(session, household)
    words = "儿子患精神疾病，不愿公开"
    objection = object_to(session, household_id=household.id, words=words, **by(SYSTEM))
    session.commit()
    assert words.encode() not in objection.words_sealed
    assert read_words(session, objection_id=objection.id, **by(make.make_approver(session))) == words
    session.commit()
    (look,) = who_looked(session, household.id)
    assert (look.actor, look.purpose) == ("plan.approver", "hearing the household's objection")
    for detail in session.scalars(sa.select(AuditEntry.detail)):
        assert "精神" not in str(detail)
