"""Opening what people wrote about a plan or a consent."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from households.consents.queries import consents_of
from households.plans.queries import get_plan, steps_of
from households.revealing import OpenedText, open_sealed
from kernel.audit import Actor

SUBJECTS = ("plan", "consents")


def open_words(
    session: Session,
    *,
    subject: str,
    subject_id: uuid.UUID,
    purpose: str,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> list[OpenedText]:
    """The reasons in the story of one plan (by its steps), or what a household said when it took consents back (by the consents; `subject_id`:
    the household). Raises as `open_sealed`."""
    rows: list[tuple[Any, str, str]]
    if subject == "plan":
        household_id = get_plan(session, subject_id, scope=scope).household_id
        rows = [(one.step, "plan_steps", "reason") for one in steps_of(session, subject_id)]
    else:
        household_id = subject_id
        rows = [
            (one, "consents", "withdrawal_words")
            for one in consents_of(session, household_id=household_id, scope=scope)
        ]
    return open_sealed(
        session, household_id=household_id, rows=rows, subject=subject, purpose=purpose, actor=actor, scope=scope, now=now
    )  # fmt: skip
