"""Planning reviews while others save: whoever comes second changes nothing that was recorded, and nobody's work fails; a save asks few sets."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from households.policy.packaged import demo_policy
from households.visits.models import HouseholdReview
from households.visits.reviews import do_review
from households.visits.rules import ReviewEntry
from households.visits.schedule import Planned, follow_household, plan_reviews
from kernel.clock import day_of
from tests.factories import SIBLING_TOWNSHIP, TOWNSHIP
from tests.factories_visits import doing, home, later, open_review, plan, put_policy, worker

Sessions = sessionmaker[Session]
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@contextmanager
def meanwhile(sessions: Sessions, act: Callable[[Session], object]) -> Iterator[list[object]]:
    """Inside the block `act` runs in a transaction of its own and waits for a lock that the block's transaction holds; after it, it has ended."""
    ends: list[object] = []

    def run() -> None:
        try:
            with sessions.begin() as session:
                ends.append(act(session))
        except Exception as error:
            ends.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    with sessions() as watch:
        while not ends and not watch.scalar(sa.text(WAITING)):
            watch.rollback()
            time.sleep(0.01)
    yield ends
    thread.join()


def sweep(days: int = 0) -> Callable[[Session], Planned]:
    return lambda session: plan_reviews(session, today=day_of(later(days)), now=later(days))


def test_a_sweep_that_plans_what_a_save_is_planning_leaves_it_to_the_save(sessions: Sessions) -> None:
    with sessions.begin() as session:
        put_policy(session)
        household = home(session)
    with sessions() as saving:
        made = plan_reviews(saving, today=day_of(later(0)), now=later(0), household_ids=[household.id])
        assert made.planned == 1
        with meanwhile(sessions, sweep()) as ends:
            saving.commit()
    assert [one.planned for one in ends if isinstance(one, Planned)] == [0], ends
    with sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(HouseholdReview)) == 1


def test_a_sweep_dates_no_review_anew_that_is_being_recorded(sessions: Sessions) -> None:
    with sessions.begin() as session:
        put_policy(session)
        me, household = worker(session), home(session)
        plan(session)
        document = demo_policy()["reviews"] | {"groups": [], "otherwise_months": 3}
        put_policy(session, id="quarterly", valid_from="2027-04-01", reviews=document)
        review = open_review(session, household)
        assert review is not None
    with sessions() as saving:
        do_review(saving, review_id=review.id, entry=ReviewEntry("unchanged", "工资流水"), **doing(me, days=40))
        with meanwhile(sessions, sweep(40)) as ends:
            saving.commit()
    assert [one.moved for one in ends if isinstance(one, Planned)] == [0], ends
    with sessions() as session:
        done = session.get_one(HouseholdReview, review.id)
        assert (done.status, done.policy_code, done.due_on) == ("done", demo_policy()["id"], review.due_on)
        following = open_review(session, household)
        assert following is not None and following.policy_code == "quarterly"


@pytest.mark.parametrize("region", [TOWNSHIP, SIBLING_TOWNSHIP])
def test_a_save_asks_only_the_sets_above_the_household(session: Session, region: str) -> None:
    put_policy(session)
    household = home(session, region_code=region)
    asked: list[str] = []

    def count() -> int:
        follow_household(session, household=household, now=later(0))
        asked.clear()
        follow_household(session, household=household, now=later(0))
        return len(asked)

    sa.event.listen(session.get_bind(), "before_cursor_execute", lambda _c, _k, text, *_more: asked.append(text))
    alone = count()
    put_policy(session, id="elsewhere", region=TOWNSHIP if region == SIBLING_TOWNSHIP else SIBLING_TOWNSHIP)
    assert count() == alone  # a province has hundreds of sets
    put_policy(session, id="here", region=region)
    assert count() > alone
    review = open_review(session, household)
    assert review is not None and review.policy_code == "here"
