"""Freezing, drawing, running, reviewing and ending rounds against the database."""

import hashlib
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from donors.operations import suspend_donor
from kernel.audit import SYSTEM, AuditEntry, verify_chain
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotAllowed, NotFound, OutsideScope
from kernel.outbox import OutboxItem
from matching.rounds import expiry, lines, operations, queries
from matching.rounds.documents import problem_text
from matching.rounds.lifecycle import CreatorMayNotReview, OnlyTheCreatorCancels, WrongStep
from matching.rounds.models import Allocation, ExcludedNeed, MatchRound, PoolDraw
from matching.rounds.operations import AlreadyDrawn, EmptyPool, NotDrawn, ValueKnownBefore
from matching.rounds.rules import LimitEntry, seed_from
from tests import factories_rounds as make
from tests.factories import COUNTY, NOW, OTHER_COUNTY, SIBLING_TOWNSHIP, TOWNSHIP
from tests.factories_demand import make_need
from tests.factories_rounds import SCOPE

LATER = NOW + timedelta(hours=1)


def test_the_frozen_pool_is_published_by_its_hash_and_kept_as_it_was(session: Session) -> None:  # promise 26
    people, pool = make.make_people(session), make.make_pool(session)
    one = make.frozen(session, people)
    text = problem_text(session, one.id, seed=None)
    assert hashlib.sha256(text.encode()).hexdigest() == one.pool_sha256
    assert one.pool_summary["needs"] == 5 and one.pool_summary["offerings"] == 3
    assert one.pool_summary["funds_fen"] == 1_000_000
    pool.rice.title = "another title"
    session.flush()
    assert problem_text(session, one.id, seed=None) == text
    assert str(one.number) not in text.split('"name":')[1][:40]


def test_needs_outside_the_pool_are_listed_with_their_reason(session: Session) -> None:  # promise 29
    people, pool = make.make_people(session), make.make_pool(session)
    without = make.household_number(session, 50, consented=False)
    make_need(session, without, quantity=2, tier=1, weight=100, type="care")
    pool.households[1].opted_out = True
    pool.rice_needs[2].due_on = date(2027, 3, 4)
    session.flush()
    one = make.frozen(session, people)
    rows = lines.list_excluded(session, one.id, scope=SCOPE).rows
    assert sorted(row.reason for row in rows) == ["consent_missing", "expired", "opted_out"]
    assert one.pool_summary["excluded_needs"] == {"consent_missing": 1, "expired": 1, "opted_out": 1}
    assert one.pool_summary["needs"] == 3


def test_scope_by_region_category_and_fund_narrows_the_pool(session: Session) -> None:
    people, pool = make.make_people(session), make.make_pool(session)
    assert make.frozen(session, people, region_code=SIBLING_TOWNSHIP).pool_summary["needs"] == 2
    assert make.frozen(session, people, categories=("rice",)).pool_summary["needs"] == 3
    own = make.frozen(session, people, fund_ids=(pool.fund.id,))
    assert own.pool_summary["funds"] == 1


def test_an_entry_that_names_what_is_not_there_is_refused_with_every_field(session: Session) -> None:
    people = make.make_people(session)
    with pytest.raises(InvalidFields) as refused:
        make.draft(
            session,
            people,
            categories=("gold",),
            project_id=people.other.id,
            fund_ids=(people.other.id,),
            limits=(LimitEntry(5, regions=("99",), categories=("silver",)),),
        )
    assert {fault.field for fault in refused.value.faults} == {
        "categories", "project_id", "fund_ids", "limits.0.regions", "limits.0.categories",
    }  # fmt: skip


def test_a_round_stays_within_the_regions_of_its_creator(session: Session) -> None:
    people, _ = make.make_people(session), make.make_pool(session)
    with pytest.raises(OutsideScope):
        make.draft(session, people, region_code=OTHER_COUNTY)
    one = make.draft(session, people)
    for act in (operations.freeze_round, operations.refreeze, operations.press_run):
        with pytest.raises(NotFound):
            act(session, round_id=one.id, actor=people.creator.actor, scope=(TOWNSHIP,), now=NOW)
    with pytest.raises(NotFound):
        queries.view_round(session, one.id, scope=(OTHER_COUNTY,))
    assert queries.list_rounds(session, scope=(OTHER_COUNTY,)).rows == []


def test_a_scope_with_nothing_to_match_is_refused_and_says_what_there_is(session: Session) -> None:
    people = make.make_people(session)
    one = make.draft(session, people)
    with pytest.raises(EmptyPool) as refused:
        operations.freeze_round(session, round_id=one.id, actor=people.creator.actor, scope=SCOPE, now=NOW)
    assert "0 needs and 0 offerings" in refused.value.text


def test_the_seed_follows_from_the_pool_and_a_value_known_later(session: Session) -> None:  # promise 26
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.frozen(session, people)
    with pytest.raises(NotDrawn):
        operations.press_run(session, round_id=one.id, actor=people.creator.actor, scope=SCOPE, now=LATER)
    drawn = operations.draw_seed(
        session, round_id=one.id, value=" 04 11 17 ", actor=people.creator.actor, scope=SCOPE, now=LATER
    )
    assert drawn.seed == seed_from(drawn.pool_sha256, "04 11 17") and drawn.seed_value == "04 11 17"
    with pytest.raises(AlreadyDrawn):
        operations.draw_seed(session, round_id=one.id, value="05", actor=people.creator.actor, scope=SCOPE, now=LATER)
    with pytest.raises(Conflict):
        operations.draw_seed(
            session,
            round_id=make.draft(session, people).id,
            value="05",
            actor=people.creator.actor,
            scope=SCOPE,
            now=LATER,
        )


def test_an_unchanged_pool_frozen_again_keeps_its_hash_and_its_one_draw(session: Session) -> None:  # promise 26
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.queued(session, people)
    operations.cancel_round(
        session, round_id=one.id, reason="noch einmal", actor=people.creator.actor, scope=SCOPE, now=LATER
    )
    again = operations.refreeze(
        session, round_id=one.id, actor=people.other.actor, scope=SCOPE, now=NOW + timedelta(days=2)
    )
    assert again.pool_sha256 == one.pool_sha256 and again.refreezes_id == one.id
    assert (again.seed, again.seed_value) == (one.seed, one.seed_value)
    assert session.scalar(sa.select(sa.func.count()).select_from(PoolDraw)) == 1
    view = queries.view_round(session, again.id, scope=SCOPE)
    assert [row.number for row in view.same_pool] == [one.number] and view.refreezes.number == one.number


def test_a_value_that_was_public_before_the_freeze_is_refused(session: Session) -> None:  # promise 26
    people, pool = make.make_people(session), make.make_pool(session)
    make.queued(session, people, draw="03 09")
    pool.rice.quantity += 1
    session.flush()
    other = make.draft(session, people)
    at = LATER + timedelta(hours=1)
    operations.freeze_round(session, round_id=other.id, actor=people.creator.actor, scope=SCOPE, now=at)
    with pytest.raises(ValueKnownBefore):
        operations.draw_seed(session, round_id=other.id, value="03 09", actor=people.creator.actor, scope=SCOPE, now=at)


def test_pressing_run_queues_the_round_and_writes_the_wake_up_in_the_same_transaction(session: Session) -> None:
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.queued(session, people)
    item = session.scalars(sa.select(OutboxItem).where(OutboxItem.topic == "round.solve")).one()
    assert item.payload == {"round_id": str(one.id)} and one.status == "queued"
    with pytest.raises(WrongStep) as refused:
        operations.press_run(session, round_id=one.id, actor=people.creator.actor, scope=SCOPE, now=LATER)
    assert "queued now" in refused.value.text


def test_the_creator_does_not_review_and_only_the_creator_cancels(session: Session) -> None:  # promises 14, 23
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.proposed(session, people)
    with pytest.raises(CreatorMayNotReview):
        operations.approve_round(
            session, round_id=one.id, reason="ok", actor=people.creator.actor, scope=SCOPE, now=LATER
        )
    with pytest.raises(OnlyTheCreatorCancels):
        operations.cancel_round(session, round_id=one.id, reason="no", actor=people.other.actor, scope=SCOPE, now=LATER)
    with pytest.raises(InvalidInput):
        operations.approve_round(
            session, round_id=one.id, reason="  ", actor=people.reviewer.actor, scope=SCOPE, now=LATER
        )


@pytest.mark.parametrize("same", ["reviewer_id", "committer_id"])
def test_the_database_itself_refuses_that_two_of_the_three_are_one(session: Session, same: str) -> None:  # promise 14
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.draft(session, people)
    with pytest.raises(IntegrityError, match="three_people"):
        session.execute(sa.update(MatchRound).where(MatchRound.id == one.id).values({same: one.creator_id}))


@pytest.mark.parametrize("way", ["reject", "cancel", "expire"])
def test_a_plan_that_is_not_taken_up_is_dropped_with_its_reason(session: Session, way: str) -> None:
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.proposed(session, people)
    if way == "reject":
        operations.reject_round(
            session, round_id=one.id, reason="数据有误", actor=people.reviewer.actor, scope=SCOPE, now=LATER
        )
    elif way == "cancel":
        operations.cancel_round(
            session, round_id=one.id, reason="数据有误", actor=people.creator.actor, scope=SCOPE, now=LATER
        )
    else:
        assert expiry.expire_rounds(session, now=NOW + timedelta(days=13)) == 0
        assert expiry.expire_rounds(session, now=NOW + timedelta(days=15)) == 1
    session.refresh(one)
    assert one.status in ("rejected", "cancelled", "expired") and one.status_reason and one.ended_at
    assert set(session.scalars(sa.select(Allocation.status).where(Allocation.round_id == one.id))) == {"dropped"}
    assert queries.events_of(session, one.id, scope=SCOPE)[-1].event.reason == one.status_reason


def test_freezing_anew_cancels_the_living_round_and_refuses_a_running_one(session: Session) -> None:
    people, pool = make.make_people(session), make.make_pool(session)
    old = make.approved(session, people, limits=(LimitEntry(150_000),), floor_percent=50)
    suspend_donor(
        session, donor_id=pool.hours.donor_id, reason="调查", actor=people.creator.actor, scope=("33",), now=NOW
    )
    new = operations.refreeze(session, round_id=old.id, actor=people.creator.actor, scope=SCOPE, now=LATER)
    session.refresh(old)
    assert old.status == "cancelled" and str(new.number) in old.status_reason
    assert new.status == "frozen" and new.limits == old.limits and new.floor_percent == 50
    assert new.pool_sha256 != old.pool_sha256 and new.seed is None
    running = make.queued(session, people, categories=("rice",))
    with pytest.raises(Conflict):
        operations.refreeze(session, round_id=running.id, actor=people.creator.actor, scope=SCOPE, now=LATER)


def test_every_step_is_on_the_rounds_story_and_on_the_audit_trail(
    sessions: sessionmaker[Session],
) -> None:  # promise 18
    with sessions() as session:
        people, _ = make.make_people(session), make.make_pool(session)
        one = make.committed(session, people)
        session.commit()
        story = [row.event.to_status for row in queries.events_of(session, one.id, scope=SCOPE)]
        assert story == ["draft", "frozen", "frozen", "queued", "solving", "proposed", "approved", "committed"]
        actions = list(
            session.scalars(
                sa.select(AuditEntry.action).where(AuditEntry.subject_id == str(one.id)).order_by(AuditEntry.id)
            )
        )
        assert actions == [
            "round.created", "round.frozen", "round.drawn", "round.queued", "round.solving", "round.proposed",
            "round.approved", "round.committed",
        ]  # fmt: skip
        assert list(verify_chain(session)) == []


def test_two_people_who_press_at_once_take_one_step_and_the_other_learns_what_the_round_is(
    sessions: sessionmaker[Session],
) -> None:
    with sessions() as session:
        people, _ = make.make_people(session), make.make_pool(session)
        one = make.proposed(session, people)
        session.commit()
    with sessions() as first, sessions() as second:
        queries.get_round(second, one.id, scope=SCOPE)  # read before the other acts
        operations.approve_round(
            first, round_id=one.id, reason="好", actor=people.reviewer.actor, scope=SCOPE, now=LATER
        )
        first.commit()
        with pytest.raises(WrongStep, match="approved now"):
            operations.reject_round(
                second, round_id=one.id, reason="不好", actor=people.other.actor, scope=SCOPE, now=LATER
            )


def test_lists_find_rounds_by_name_number_and_status_and_page_by_key(session: Session) -> None:
    people, _ = make.make_people(session), make.make_pool(session)
    rounds = [make.draft(session, people, name=f"第{n}轮") for n in range(5)]
    first = queries.list_rounds(session, scope=SCOPE, limit=2)
    second = queries.list_rounds(session, scope=SCOPE, limit=2, after=first.next_after)
    assert [row.round.name for row in (*first.rows, *second.rows)] == ["第4轮", "第3轮", "第2轮", "第1轮"]
    assert [row.round.id for row in queries.list_rounds(session, scope=SCOPE, text="第3").rows] == [rounds[3].id]
    assert queries.list_rounds(session, scope=SCOPE, status="frozen").rows == []
    with pytest.raises(InvalidInput):
        queries.list_rounds(session, scope=SCOPE, after="x")


def test_a_person_without_an_account_creates_nothing(session: Session) -> None:
    make.make_pool(session)
    with pytest.raises(InvalidInput):
        operations.create_round(session, entry=make.round_entry(), actor=SYSTEM, scope=(COUNTY,), now=NOW)


def test_the_system_does_not_review(session: Session) -> None:  # promise 23
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.proposed(session, people)
    with pytest.raises(NotAllowed):
        operations.approve_round(session, round_id=one.id, reason="ok", actor=SYSTEM, scope=SCOPE, now=LATER)
    assert session.scalar(sa.select(sa.func.count()).select_from(ExcludedNeed)) == 0
