"""What the staff's day pages show of plans: what waits for a decision, and what a worker has to prepare."""

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household
from households.plans.models import Objection, Plan
from households.plans.queries import list_objections, list_plans
from kernel.database import within

SHOWN = 6
AHEAD = timedelta(days=14)
"""Reviews are shown this long before they fall due"""


def to_decide(session: Session, *, scope: tuple[str, ...]) -> dict[str, Any]:
    """Plans that households agreed to and nobody has approved yet, and objections to be heard; counts, and the first of each."""
    return {
        "agreed": _count(session, scope, Plan.status == "agreed"),
        "plans": list_plans(session, scope=scope, status="agreed", limit=SHOWN).rows,
        "objected": session.scalar(
            sa.select(sa.func.count())
            .select_from(Objection)
            .join(Household, Household.id == Objection.household_id)
            .where(within(Household.region_code, scope), Objection.status == "open")
        ),
        "objections": list_objections(session, scope=scope, limit=SHOWN).rows,
    }


def to_prepare(session: Session, *, scope: tuple[str, ...], today: date) -> dict[str, Any]:
    """Drafts that wait for the household, and plans whose review falls due within two weeks or is late."""
    until = today + AHEAD
    return {
        "drafts": _count(session, scope, Plan.status == "draft"),
        "plans": list_plans(session, scope=scope, status="draft", limit=SHOWN).rows,
        "due": _count(session, scope, Plan.status == "in_force", Plan.review_on <= until),
        "reviews": list_plans(session, scope=scope, due_on=until, limit=SHOWN).rows,
        "today": today,
    }


def _count(session: Session, scope: tuple[str, ...], *where: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(Plan).join(Household, Household.id == Plan.household_id)
    return session.scalar(query.where(within(Household.region_code, scope), *where)) or 0
