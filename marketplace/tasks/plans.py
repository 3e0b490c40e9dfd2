"""What time does to plans: approved ones come into force on their day, periods begin, and needs that a round held follow at last."""

import logging
from datetime import datetime

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
    """Takes up to `limit` plans and as many households a step further, each in a savepoint of its own, so that one which the rules
    refuse holds up no other; how many were taken. Twice does no harm.
    """
    done, today = 0, day_of(now)
    for plan_id in plans_to_start(session, today=today, limit=limit):
        plan = session.get_one(Plan, plan_id)
        household = session.get_one(Household, plan.household_id)
        rounds = rounds_holding(session, [household.id])
        try:
            with session.begin_nested():
                start_plan(
                    session, plan_id=plan_id, rounds=rounds, actor=SYSTEM, scope=(household.region_code,), now=now
                )
            done += 1
        except DomainError as error:
            logger.warning("plan %s did not come into force: %s", plan_id, error.text)
    waiting = households_to_follow(session, today=today, limit=limit)
    rounds = rounds_holding(session, waiting) if waiting else {}
    for household_id in waiting:
        try:
            with session.begin_nested():
                follow_one(session, household_id=household_id, rounds=rounds, actor=SYSTEM, now=now)
            done += 1
        except DomainError as error:
            logger.warning("the needs of household %s did not follow its plan: %s", household_id, error.text)
    return done
