"""Committing and voiding: everything or nothing, what changed is named, nothing is promised twice."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from donors.funds.models import Fund, LedgerAccount, LedgerEntry
from donors.funds.operations import close_fund
from donors.offerings.models import Offering
from donors.offerings.operations import pause_offering, withdraw_offering
from donors.operations import suspend_donor
from households.consents.operations import withdraw_consent
from households.needs.models import Need
from households.needs.operations import withdraw_need
from households.operations import set_opt_out
from kernel.audit import SYSTEM
from kernel.clock import day_of
from kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from matching.rounds import queries
from matching.rounds.commit import PoolChanged, changes_of, commit_round, void_round
from matching.rounds.lifecycle import (
    CommitterMayNotVoid,
    CreatorMayNotCommit,
    ReviewerMayNotCommit,
    WrongStep,
)
from matching.rounds.models import Allocation, MatchRound
from matching.rounds.operations import freeze_round, refreeze
from matching.rounds.references import scope_of_round
from matching.snapshot import take_snapshot
from tests import factories_rounds as make
from tests.factories import NOW, OTHER_COUNTY
from tests.factories_demand import make_need
from tests.factories_rounds import SCOPE

LATER = NOW + timedelta(hours=5)


def balances(session: Session, fund: Fund) -> dict[str, int]:
    rows = session.execute(
        sa.select(LedgerAccount.kind, LedgerAccount.balance_fen).where(LedgerAccount.fund_id == fund.id)
    )
    return {kind: fen for kind, fen in rows}


def standing(session: Session) -> dict[str, list[tuple]]:
    """Every count that a round moves."""
    return {
        "offerings": session.execute(sa.select(Offering.id, Offering.reserved, Offering.delivered).order_by(Offering.id)).all(),
        "needs": session.execute(
            sa.select(Need.id, Need.reserved, Need.delivered, Need.status, Need.rounds_waited).order_by(Need.id)
        ).all(),
        "accounts": session.execute(
            sa.select(LedgerAccount.id, LedgerAccount.balance_fen).order_by(LedgerAccount.id)
        ).all(),
    }  # fmt: skip


def test_a_commit_reserves_every_offering_need_and_charge(session: Session) -> None:  # promise 2
    people, pool = make.make_people(session), make.make_pool(session)
    one = make.approved(session, people)
    commit_round(session, round_id=one.id, actor=people.committer.actor, scope=SCOPE, now=LATER)
    session.commit()
    session.expire_all()
    assert (pool.rice.reserved, pool.repair.reserved, pool.hours.reserved) == (25, 4, 6)
    assert [need.reserved for need in pool.rice_needs] == [10, 10, 5]
    assert balances(session, pool.fund) == {"source": -1_000_000, "available": 800_000, "reserved": 200_000, "spent": 0}
    assert session.scalar(sa.select(sa.func.sum(LedgerEntry.amount_fen))) == 0
    assert queries.counts_of(session, one.id).by_status == {"reserved": 5}
    assert one.committer_id == people.committer.id and one.expires_at is None


def test_only_needs_that_got_nothing_have_waited(session: Session) -> None:  # promise 28
    people, pool = make.make_people(session), make.make_pool(session, rice=15)
    make.committed(session, people)
    session.expire_all()
    assert [need.rounds_waited for need in pool.rice_needs] == [0, 0, 1]
    assert pool.repair_need.rounds_waited == 0


def test_the_same_person_committing_again_changes_nothing(session: Session) -> None:
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.committed(session, people)
    session.commit()
    before = standing(session)
    commit_round(session, round_id=one.id, actor=people.committer.actor, scope=SCOPE, now=LATER)
    session.commit()
    assert standing(session) == before
    with pytest.raises(WrongStep):
        commit_round(session, round_id=one.id, actor=people.other.actor, scope=SCOPE, now=LATER)


def test_three_people_answer_for_a_round(session: Session) -> None:  # promises 14, 23
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.approved(session, people)
    with pytest.raises(CreatorMayNotCommit):
        commit_round(session, round_id=one.id, actor=people.creator.actor, scope=SCOPE, now=LATER)
    with pytest.raises(ReviewerMayNotCommit):
        commit_round(session, round_id=one.id, actor=people.reviewer.actor, scope=SCOPE, now=LATER)
    with pytest.raises(NotAllowed):
        commit_round(session, round_id=one.id, actor=SYSTEM, scope=SCOPE, now=LATER)
    with pytest.raises(NotFound):
        commit_round(session, round_id=one.id, actor=people.committer.actor, scope=(OTHER_COUNTY,), now=LATER)


Change = Callable[[Session, make.Pool, make.People], object]


def _close_fund(session: Session, pool: make.Pool, people: make.People) -> None:
    close_fund(session, fund_id=pool.fund.id, reason="年度结束", actor=people.other.actor, scope=("33",), now=LATER)


def _set(entity: str, **values: object) -> Change:
    def change(session: Session, pool: make.Pool, people: make.People) -> None:
        target = getattr(pool, entity)
        target = target[0] if isinstance(target, tuple) else target
        for name, value in values.items():
            setattr(target, name, value)
        session.flush()

    return change


CHANGES: dict[str, tuple[Change, str, str]] = {
    "a need is withdrawn": (
        lambda session, pool, people: withdraw_need(
            session, need_id=pool.rice_needs[0].id, reason="已解决", actor=people.other.actor, scope=SCOPE, now=LATER
        ),
        "need",
        "withdrawn",
    ),
    "a need asks for less": (_set("rice_needs", quantity=6), "need", "quantity"),
    "a need wants something else": (_set("rice_needs", category_code="milk"), "need", "changed"),
    "a need is less urgent": (_set("rice_needs", tier=3), "need", "changed"),
    "a need has lost weight": (_set("rice_needs", weight=50), "need", "changed"),
    "a need has run out": (_set("rice_needs", due_on=day_of(NOW) - timedelta(days=1)), "need", "expired"),
    "a household opts out": (
        lambda session, pool, people: set_opt_out(
            session,
            household_id=pool.households[0].id,
            opted_out=True,
            actor=people.other.actor,
            scope=SCOPE,
            now=LATER,
        ),
        "need",
        "opted_out",
    ),
    "a household withdraws its consent": (
        lambda session, pool, people: withdraw_consent(
            session, household_id=pool.households[0].id, actor=people.other.actor, scope=SCOPE, now=LATER
        ),
        "need",
        "consent_missing",
    ),
    "a household is closed": (_set("households", status="closed"), "need", "household_closed"),
    "a household may receive less": (
        lambda session, pool, people: (
            _set("rice_needs", unit_worth_fen=100)(session, pool, people),
            _set("households", cap_fen=500)(session, pool, people),
        ),
        "household",
        "cap",
    ),
    "an offering is paused": (
        lambda session, pool, people: pause_offering(
            session, offering_id=pool.rice.id, actor=people.other.actor, scope=("33",), now=LATER
        ),
        "offering",
        "paused",
    ),
    "an offering is withdrawn": (
        lambda session, pool, people: withdraw_offering(
            session, offering_id=pool.rice.id, actor=people.other.actor, scope=("33",), now=LATER
        ),
        "offering",
        "withdrawn",
    ),
    "less is left of an offering": (_set("rice", quantity=24), "offering", "quantity"),
    "an offering costs more": (_set("repair", unit_cost_fen=60_000), "offering", "changed"),
    "an offering serves another place": (_set("rice", areas=["330324111"]), "offering", "changed"),
    "an offering serves fewer needs": (_set("rice", max_needs=2), "offering", "max_needs"),
    "an offering has run out": (_set("rice", ends_on=day_of(NOW) - timedelta(days=1)), "offering", "ended"),
    "a donor is suspended": (
        lambda session, pool, people: suspend_donor(
            session, donor_id=pool.rice.donor_id, reason="调查", actor=people.other.actor, scope=("33",), now=LATER
        ),
        "offering",
        "donor_suspended",
    ),
    "a fund is closed": (_close_fund, "fund", "closed"),
    "a fund has another purpose": (_set("fund", categories=["rice"]), "fund", "earmarks"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_changed_since_the_freeze_is_named_and_nothing_is_reserved(session: Session, name: str) -> None:
    people, pool = make.make_people(session), make.make_pool(session)
    one = make.approved(session, people)
    assert changes_of(session, round_id=one.id, scope=SCOPE, now=LATER) == []
    change, subject, kind = CHANGES[name]
    change(session, pool, people)
    session.commit()
    session.expire_all()
    before = standing(session)
    found = changes_of(session, round_id=one.id, scope=SCOPE, now=LATER)
    assert (subject, kind) in {(change.subject, change.kind) for change in found}
    assert all(change.sentence.text for change in found)
    with pytest.raises(PoolChanged) as refused:
        commit_round(session, round_id=one.id, actor=people.committer.actor, scope=SCOPE, now=LATER)
    assert len(refused.value.changes) == len(found)
    session.rollback()
    assert standing(session) == before
    assert queries.get_round(session, one.id, scope=SCOPE).status == "approved"


def test_money_that_another_round_took_meanwhile_is_named(session: Session) -> None:
    people, pool = make.make_people(session), make.make_pool(session)
    session.execute(sa.update(Need).where(Need.id == pool.repair_need.id).values(quantity=9))
    session.execute(sa.update(Offering).where(Offering.id == pool.repair.id).values(quantity=1000))
    other = make_need(
        session, pool.households[2], category_code="home_repair", quantity=15, tier=3, weight=10, type="subsistence"
    )
    session.expire_all()
    first = make.approved(session, people, categories=("home_repair",))
    second = make.approved(session, people, categories=("home_repair",), floor_percent=10)
    commit_round(session, round_id=first.id, actor=people.committer.actor, scope=SCOPE, now=LATER)
    with pytest.raises(PoolChanged) as refused:
        commit_round(session, round_id=second.id, actor=people.committer.actor, scope=SCOPE, now=LATER)
    kinds = {(change.subject, change.kind) for change in refused.value.changes}
    assert ("fund", "amount") in kinds and ("need", "promised") in kinds
    assert other.reserved == 11


def test_more_stock_is_no_obstacle(session: Session) -> None:
    people, pool = make.make_people(session), make.make_pool(session)
    one = make.approved(session, people)
    pool.rice.quantity += 50
    session.flush()
    assert changes_of(session, round_id=one.id, scope=SCOPE, now=LATER) == []
    commit_round(session, round_id=one.id, actor=people.committer.actor, scope=SCOPE, now=LATER)


def test_a_round_frozen_anew_takes_up_what_changed(session: Session) -> None:
    people, pool = make.make_people(session), make.make_pool(session)
    one = make.approved(session, people)
    withdraw_need(
        session, need_id=pool.rice_needs[0].id, reason="已解决", actor=people.other.actor, scope=SCOPE, now=LATER
    )
    new = refreeze(session, round_id=one.id, actor=people.creator.actor, scope=SCOPE, now=LATER)
    assert new.pool_summary["needs"] == one.pool_summary["needs"] - 1
    session.refresh(one)
    assert one.status == "cancelled"


def test_a_void_restores_stock_needs_money_and_wait_exactly(session: Session) -> None:  # promise 2
    people, _ = make.make_people(session), make.make_pool(session, rice=15)
    session.commit()
    before = standing(session)
    one = make.committed(session, people)
    session.commit()
    assert standing(session) != before
    with pytest.raises(CommitterMayNotVoid):
        void_round(session, round_id=one.id, reason="重复", actor=people.committer.actor, scope=SCOPE, now=LATER)
    with pytest.raises(InvalidInput):
        void_round(session, round_id=one.id, reason=" ", actor=people.other.actor, scope=SCOPE, now=LATER)
    void_round(session, round_id=one.id, reason="重复", actor=people.other.actor, scope=SCOPE, now=LATER)
    session.commit()
    session.expire_all()
    assert standing(session) == before
    assert queries.counts_of(session, one.id).by_status == {"voided": 4}
    with pytest.raises(WrongStep):
        void_round(session, round_id=one.id, reason="重复", actor=people.other.actor, scope=SCOPE, now=LATER)
    again = make.frozen(session, people)
    assert again.pool_sha256 == one.pool_sha256


def test_a_helper_who_already_promises_to_a_need_is_not_proposed_to_it_again(session: Session) -> None:  # promise 7
    people, pool = make.make_people(session), make.make_pool(session, rice=5)
    make.committed(session, people)
    session.expire_all()
    pool.rice.quantity += 100
    session.flush()
    next_round = make.draft(session, people)
    scope = scope_of_round(session, next_round)
    snapshot = take_snapshot(session, scope, held=queries.held_by_rounds(session), today=day_of(LATER))
    assert {"need": str(pool.rice_needs[0].id), "offering": str(pool.rice.id)} in snapshot.document["forbids"]
    freeze_round(session, round_id=next_round.id, actor=people.creator.actor, scope=SCOPE, now=LATER)


def test_sixteen_threads_committing_rounds_over_the_same_stock_promise_it_once(
    sessions: sessionmaker[Session],
) -> None:  # promise 1
    with sessions() as session:
        people, pool = make.make_people(session), make.make_pool(session, rice=20)
        first = make.approved(session, people, categories=("rice",))
        round_ids = [first.id]
        for percent in range(15):
            round_ids.append(make.approved(session, people, categories=("rice",), floor_percent=percent).id)
        session.commit()
        before_fen = balances(session, pool.fund)
    outcomes: list[str] = []
    start = threading.Barrier(16)

    def commit(round_id: object) -> None:
        with sessions() as own:
            start.wait(timeout=30)
            try:
                commit_round(own, round_id=round_id, actor=people.committer.actor, scope=SCOPE, now=LATER)  # type: ignore[arg-type]
                own.commit()
                outcomes.append("committed")
            except Conflict as refused:
                own.rollback()
                outcomes.append(refused.code)
            except Exception as unexpected:
                own.rollback()
                outcomes.append(f"{type(unexpected).__name__}: {unexpected}")

    threads = [threading.Thread(target=commit, args=(round_id,)) for round_id in round_ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert sorted(outcomes) == ["committed"] + ["pool_changed"] * 15
    with sessions() as session:
        rice = session.get_one(Offering, pool.rice.id)
        assert (rice.quantity, rice.reserved) == (20, 20)
        held = session.scalar(sa.select(sa.func.sum(Allocation.quantity)).where(Allocation.status == "reserved"))
        assert held == 20
        statuses = list(session.scalars(sa.select(MatchRound.status)))
        assert statuses.count("committed") == 1 and statuses.count("approved") == 15
        assert balances(session, pool.fund) == before_fen


def test_rounds_over_different_needs_share_an_offering_until_it_is_gone(session: Session) -> None:  # promise 1
    people, pool = make.make_people(session), make.make_pool(session, rice=100)
    one = make.approved(session, people, region_code="330324110", categories=("rice",))
    two = make.approved(session, people, region_code="330324111", categories=("rice",))
    for each in (one, two):
        commit_round(session, round_id=each.id, actor=people.committer.actor, scope=SCOPE, now=LATER)
    session.expire_all()
    assert pool.rice.reserved == 30
