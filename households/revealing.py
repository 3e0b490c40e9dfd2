"""Opening sealed texts about a household: for a purpose, on its trail, where it can see who looked (promise 20)."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from households.queries import REVEALED, get_household
from households.rules import check_purpose
from kernel import audit
from kernel.audit import Actor
from kernel.crypto import vault_of


@dataclass(frozen=True)
class OpenedText:
    """One text in clear; never stored, never logged. `id` is the row it belongs to."""

    id: uuid.UUID
    text: str


def open_sealed(
    session: Session,
    *,
    household_id: uuid.UUID,
    rows: Iterable[tuple[Any, str, str]],
    subject: str,
    purpose: str,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> list[OpenedText]:
    """The texts of `rows` (row, its table, the column without ``_sealed``) that are there, and a line on the household's trail that says of what
    `subject` they were. Raises NotFound (household), InvalidInput (purpose)."""
    text, vault = check_purpose(purpose), vault_of(session)
    household = get_household(session, household_id, scope=scope)
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
