"""What time does to plans: approved ones come into force on their day, periods begin, and needs that a round held follow at last."""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from households.models import Household
from households.plans.approval import plans_to_start, start_plan
from households.plans.following import follow_one, households_to_follow
from households.plans.models import Plan
from kernel.audit import SYSTEM
from kernel.clock import day_of
from kernel.errors import DomainError
from matching.rounds.pools import rounds_holding

logger = logging.getLogger(__name__)


def sweep_plans(session: Session, *, now: datetime, limit: int = 200) -> int:
    """Takes up to `limit` plans, as many households with a period that begins and as many with needs that lag behind a step further; how
    many were taken. Twice does no harm.

    Each is a transaction of its own, committed here: one that the rules refuse, or that the database ends as a deadlock, undoes no other,
    and no lock is held longer than one household takes.
    """
    today = day_of(now)
    starting = plans_to_start(session, today=today, limit=limit)
    done = sum(
        _alone(session, f"plan {one} did not come into force", partial(_start, session, one, now)) for one in starting
    )
    waiting = households_to_follow(session, today=today, limit=limit)
    rounds = rounds_holding(session, waiting) if waiting else {}
    for one in waiting:
        act = partial(follow_one, session, household_id=one, rounds=rounds, actor=SYSTEM, now=now)
        done += _alone(session, f"the needs of household {one} did not follow its plan", act)
    return done


def _start(session: Session, plan_id: uuid.UUID, now: datetime) -> None:
    household = session.get_one(Household, session.get_one(Plan, plan_id).household_id)
    rounds = rounds_holding(session, [household.id])
    start_plan(session, plan_id=plan_id, rounds=rounds, actor=SYSTEM, scope=(household.region_code,), now=now)


def _alone(session: Session, failure: str, act: Callable[[], object]) -> int:
    try:
        act()
        session.commit()
    except DomainError as error:
        session.rollback()
        logger.warning("%s: %s", failure, error.text)
        return 0
    except OperationalError as error:
        session.rollback()
        if error.connection_invalidated:
            raise
        logger.warning("%s: %s", failure, type(error.orig).__name__)
        return 0
    return 1
