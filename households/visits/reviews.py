"""Writing reviews 定期核查: one done with its outcome, on which evidence, and the next one dated."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household
from households.operations import close_household
from households.policy.queries import policy_set_in_force
from households.queries import get_household
from households.visits.models import HouseholdReview
from households.visits.queries import get_review
from households.visits.rules import ReviewEntry, check_review
from households.visits.schedule import next_review
from kernel import audit
from kernel.audit import Actor
from kernel.clock import day_of
from kernel.crypto import vault_of
from kernel.errors import Conflict, InvalidInput

LEAVES = "定期核查：不再符合条件"
"""The reason for which a household that leaves is closed; the evidence stands sealed in the review"""


def do_review(
    session: Session, *, review_id: uuid.UUID, entry: ReviewEntry, actor: Actor, scope: tuple[str, ...], now: datetime
) -> HouseholdReview:
    """The review came to its outcome: the next one is dated; a changed category is set; a household that leaves is closed.

    Raises NotFound (also outside `scope`), Conflict (done already; or it leaves while help is promised to it), InvalidFields (every
    fault), InvalidInput (no person).
    """
    if actor.id is None:
        raise InvalidInput("A review is put on record by a person who answers for it", field="reviewer_id")
    get_review(session, review_id, scope=scope)
    review = session.scalars(
        sa.select(HouseholdReview)
        .where(HouseholdReview.id == review_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if review.status != "open":
        raise Conflict("This review is on record already")
    household = get_household(session, review.household_id, scope=scope)
    checked = check_review(entry, since=review.base_on, today=day_of(now), status_category=household.status_category)
    review.status, review.outcome, review.done_on, review.recorded_at = "done", checked.outcome, checked.done_on, now
    review.reviewer_id, review.reviewer = actor.id, actor.label
    review.evidence_sealed = vault_of(session).seal(
        checked.evidence, table="household_reviews", row=review.id, column="evidence"
    )
    session.flush()
    _record(session, review, household, actor, now)
    if checked.outcome == "leaves":
        close_household(session, household_id=household.id, reason=LEAVES, actor=actor, scope=scope, now=now)
        return review
    if checked.status_category is not None:
        household.status_category, household.updated_at = checked.status_category, now
        session.flush()
    row = policy_set_in_force(session, region_code=household.region_code, day=day_of(now))
    if row is not None:
        next_review(session, household, after=review, row=row, now=now)
    return review


def _record(session: Session, review: HouseholdReview, household: Household, actor: Actor, now: datetime) -> None:
    audit.record(
        session, actor=actor, action="review.done", subject_type="review", subject_id=review.id, now=now,
        region_code=household.region_code, household_id=household.id, outcome=review.outcome,
    )  # fmt: skip
