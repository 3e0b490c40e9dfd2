"""Opening what people wrote about a plan or a consent: for a purpose, on the trail, where the household can see it."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from households.consents.queries import consents_of
from households.plans.queries import get_plan, steps_of
from households.queries import REVEALED, get_household
from households.rules import check_purpose
from kernel import audit
from kernel.audit import Actor
from kernel.crypto import vault_of

SUBJECTS = ("plan", "consents")


@dataclass(frozen=True)
class OpenedWords:
    """One text in clear; never stored, never logged. `id` is the row it belongs to: a step of the plan, or a consent."""

    id: uuid.UUID
    text: str


def open_words(
    session: Session,
    *,
    subject: str,
    subject_id: uuid.UUID,
    purpose: str,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> list[OpenedWords]:
    """The reasons in the story of one plan, or what a household said when it took consents back (`subject_id`: the household), and a line
    on the household's trail (promise 20). Raises NotFound, InvalidInput (purpose)."""
    vault, text = vault_of(session), check_purpose(purpose)
    if subject == "plan":
        household_id = get_plan(session, subject_id, scope=scope).household_id
        opened = [
            OpenedWords(one.step.id, vault.open(one.step.reason_sealed, table="plan_steps", row=one.step.id, column="reason"))
            for one in steps_of(session, subject_id)
            if one.step.reason_sealed is not None
        ]  # fmt: skip
    else:
        household_id = subject_id
        opened = [
            OpenedWords(
                one.id, vault.open(one.withdrawal_words_sealed, table="consents", row=one.id, column="withdrawal_words")
            )
            for one in consents_of(session, household_id=household_id, scope=scope)
            if one.withdrawal_words_sealed is not None
        ]
    household = get_household(session, household_id, scope=scope)
    audit.record(
        session, actor=actor, action=REVEALED, subject_type="household", subject_id=household.id, now=now,
        region_code=household.region_code, purpose=text, of=subject,
    )  # fmt: skip
    return opened
