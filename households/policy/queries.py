"""Which policy set holds where and when."""

import uuid
from datetime import date, timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.policy.document import Policy
from households.policy.models import PolicyDraft, PolicySet
from households.policy.monitoring import Monitoring, without_rules
from households.policy.packaged import demo_policy
from households.policy.reading import read_policy
from kernel.accounts.rules import covers
from kernel.database import within
from kernel.errors import NotFound

LEVELS = (2, 4, 6, 9, 12)
"""Digits of a region's code, level by level"""


def policy_set_in_force(session: Session, *, region_code: str, day: date) -> PolicySet | None:
    """The set of the nearest region above, or the region's own, that holds on the day."""
    above = [region_code[:digits] for digits in LEVELS if digits <= len(region_code)]
    return session.scalar(
        sa.select(PolicySet)
        .where(PolicySet.region_code.in_(above), PolicySet.holds.contains(day))
        .order_by(sa.func.length(PolicySet.region_code).desc())
        .limit(1)
    )


def policy_in_force(session: Session, *, region_code: str, day: date) -> Policy | None:
    """`policy_set_in_force`, read."""
    row = policy_set_in_force(session, region_code=region_code, day=day)
    return None if row is None else policy_of(row)


def policy_of(row: PolicySet) -> Policy:
    """A stored set, read; its document never changes, so it is read once in a process."""
    known = _READ.get(row.id)
    if known is None:
        if len(_READ) > 64:
            _READ.clear()
        known = _READ[row.id] = read_policy(row.document)
    return known


_READ: dict[uuid.UUID, Policy] = {}


def get_draft(session: Session, draft_id: uuid.UUID, *, scope: tuple[str, ...]) -> PolicyDraft:
    """The draft. Raises NotFound, also outside `scope`."""
    draft = session.get(PolicyDraft, draft_id)
    if draft is None or not covers(scope, draft.region_code):
        raise NotFound("There is no such draft of a policy set in your regions")
    return draft


def list_drafts(session: Session, *, scope: tuple[str, ...]) -> list[PolicyDraft]:
    """The drafts of the scope, the newest first."""
    return list(
        session.scalars(
            sa.select(PolicyDraft)
            .where(within(PolicyDraft.region_code, scope))
            .order_by(PolicyDraft.updated_at.desc(), PolicyDraft.id)
        )
    )


def list_policy_sets(session: Session, *, scope: tuple[str, ...]) -> list[PolicySet]:
    """All sets that hold within the scope or above it, the newest first."""
    above = {code[:digits] for code in scope for digits in LEVELS if digits <= len(code)}
    return list(
        session.scalars(
            sa.select(PolicySet)
            .where(sa.or_(within(PolicySet.region_code, scope), PolicySet.region_code.in_(sorted(above))))
            .order_by(sa.func.lower(PolicySet.holds).desc(), PolicySet.code)
        )
    )


def get_policy_set(session: Session, code: str, *, scope: tuple[str, ...]) -> PolicySet:
    """The set of this code. Raises NotFound."""
    found = next((row for row in list_policy_sets(session, scope=scope) if row.code == code), None)
    if found is None:
        raise NotFound("There is no policy set %(code)s here", code=code)
    return found


def monitoring_in_force(session: Session, *, region_code: str, day: date) -> Monitoring:
    """The `monitoring` part that holds; without one the terms of the packaged set, so that no lead is without a day, and no rules."""
    policy = policy_in_force(session, region_code=region_code, day=day)
    if policy is not None and policy.monitoring is not None:
        return policy.monitoring
    return _packaged_terms()


@cache
def _packaged_terms() -> Monitoring:
    monitoring = read_policy(demo_policy()).monitoring
    assert monitoring is not None, "the packaged set has a monitoring part"
    return without_rules(monitoring)


def state_of(row: PolicySet, today: date) -> str:
    """``in_force``, ``coming`` or ``past``."""
    if row.holds.lower is not None and row.holds.lower > today:
        return "coming"
    return "past" if row.holds.upper is not None and row.holds.upper <= today else "in_force"


def last_day(row: PolicySet) -> date | None:
    """The last day on which the set holds; None where no end is known."""
    return None if row.holds.upper is None else row.holds.upper - timedelta(days=1)
