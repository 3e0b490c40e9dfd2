"""Opening what people wrote about a household on visits, problems and reviews."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from households.revealing import OpenedText, open_sealed
from households.visits.queries import get_problem, get_review, get_visit, steps_of
from kernel.audit import Actor

SUBJECTS = ("visit", "problem", "review")


def open_texts(
    session: Session,
    *,
    subject: str,
    subject_id: uuid.UUID,
    purpose: str,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> list[OpenedText]:
    """The texts of one visit, problem (by its steps) or review. Raises as `open_sealed`."""
    rows: list[tuple[Any, str, str]]
    if subject == "visit":
        row: Any = get_visit(session, subject_id, scope=scope)
        rows = [(row, "care_visits", "words")]
    elif subject == "problem":
        row = get_problem(session, subject_id, scope=scope)
        rows = [(step, "problem_steps", "words") for step in steps_of(session, row.id)]
    else:
        row = get_review(session, subject_id, scope=scope)
        rows = [(row, "household_reviews", "evidence")]
    return open_sealed(
        session, household_id=row.household_id, rows=rows, subject=subject, purpose=purpose, actor=actor, scope=scope, now=now
    )  # fmt: skip
