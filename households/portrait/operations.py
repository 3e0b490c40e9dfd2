"""Keeping portraits: one household's at once with the change of its facts."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household
from households.policy.queries import policy_of, policy_set_in_force
from households.portrait.models import KeptPortrait
from households.portrait.portrait import portrait_of
from households.portrait.queries import facts_on_record
from households.portrait.record import known_from, mark_of, result_of
from kernel.clock import day_of


def renew_portrait(session: Session, household: Household, *, now: datetime) -> KeptPortrait | None:
    """Records what follows from the household's facts today, unless that is on record already; the one before ends now.

    None where nothing follows: no policy set holds, nothing is known of the household, or it is closed. Call it after the change, in its
    transaction, with the household's row written: that keeps a renewal of the whole region from slipping in between.
    """
    session.flush()
    day = day_of(now)
    current = session.scalar(
        sa.select(KeptPortrait).where(KeptPortrait.household_id == household.id, KeptPortrait.superseded_at.is_(None))
    )
    if household.status != "active":
        return current
    policy_set = policy_set_in_force(session, region_code=household.region_code, day=day)
    facts = facts_on_record(household, day)
    if policy_set is None or facts is None:
        if current is not None:
            current.superseded_at = now
            session.flush()
        return None
    result = result_of(portrait_of(known_from(facts, day), policy_of(policy_set)))
    mark = mark_of(policy_set.id, facts, result)
    if current is not None:
        if current.mark == mark:
            return current
        current.superseded_at = max(now, current.made_at)
        session.flush()
    made = KeptPortrait(
        household_id=household.id, policy_set_id=policy_set.id, day=day, category=result.category,
        main_type=result.main_type, secondary=list(result.secondary), scores=list(result.scores), risk_tier=result.risk_tier,
        suggested=result.suggested, facts=facts, mark=mark, made_at=now, superseded_at=None,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made
