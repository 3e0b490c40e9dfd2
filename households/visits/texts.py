"""Opening what people wrote about a household on visits, problems and reviews: for a purpose, on the trail, where the household can see it."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from households.queries import REVEALED, get_household
from households.rules import check_purpose
from households.visits.queries import get_problem, get_review, get_visit, steps_of
from kernel import audit
from kernel.audit import Actor
from kernel.crypto import vault_of

SUBJECTS = ("visit", "problem", "review")


@dataclass(frozen=True)
class OpenedText:
    """One text in clear; never stored, never logged. `id` is the row it belongs to: the visit, the review, or a step of the problem."""

    id: uuid.UUID
    text: str


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
    """The texts of one visit, problem or review, and a line on the household's trail (promise 20). Raises NotFound, InvalidInput (purpose)."""
    rows: list[tuple[Any, str, str]] = []
    if subject == "visit":
        row: Any = get_visit(session, subject_id, scope=scope)
        rows = [(row, "care_visits", "words")]
    elif subject == "problem":
        row = get_problem(session, subject_id, scope=scope)
        rows = [(step, "problem_steps", "words") for step in steps_of(session, row.id)]
    else:
        row = get_review(session, subject_id, scope=scope)
        rows = [(row, "household_reviews", "evidence")]
    text, vault = check_purpose(purpose), vault_of(session)
    household = get_household(session, row.household_id, scope=scope)
    opened = [
        OpenedText(one.id, vault.open(sealed, table=table, row=one.id, column=column))
        for one, table, column in rows
        if (sealed := getattr(one, f"{column}_sealed")) is not None
    ]
    audit.record(
        session, actor=actor, action=REVEALED, subject_type="household", subject_id=household.id, now=now,
        region_code=household.region_code, purpose=text, of=subject,
    )  # fmt: skip
    return opened
