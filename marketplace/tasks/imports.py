"""The task that checks or imports a large upload, telling the page how far it is."""

import time
import uuid

from sqlalchemy.orm import Session, sessionmaker

from kernel import outbox
from kernel.accounts.models import User
from kernel.accounts.operations import person_of
from kernel.accounts.rules import Person
from kernel.clock import utc_now
from kernel.errors import DomainError
from marketplace.i18n import sentences
from marketplace.imports.background import carry_out, put_refusal, take_work, tell
from marketplace.imports.operations import PERMISSIONS, Progress
from marketplace.security.permissions import roles_with

TELL_EVERY_S = 0.5


def scope_of_kind(person: Person, kind: str) -> tuple[str, ...]:
    """Where the person may import this kind; empty means nowhere."""
    return person.scope(*roles_with("import.write")) and person.scope(*roles_with(PERMISSIONS[kind]))


def run_import(sessions: sessionmaker[Session], *, item_id: uuid.UUID, batch_id: uuid.UUID) -> None:
    """Does the open step of an upload and closes the item with it. Called twice it acts once; killed, nothing of it stays, and the item comes
    again."""
    with sessions() as session:
        taken = take_work(session, batch_id)
        if taken is None:
            return
        batch, work = taken
        if work.ended_at is None:
            user = session.get_one(User, batch.created_by)
            person = person_of(user)
            scope = scope_of_kind(person, batch.kind) if user.active else ()
            try:
                carry_out(
                    session, batch, work, actor=person.actor, scope=scope, now=utc_now(),
                    translate=sentences(chinese=work.chinese), progress=_teller(sessions, batch_id),
                )  # fmt: skip
            except DomainError as error:
                session.rollback()
                put_refusal(session, batch_id, error, now=utc_now())
        outbox.mark_done(session, item_id, now=utc_now())
        session.commit()


def _teller(sessions: sessionmaker[Session], batch_id: uuid.UUID) -> Progress:
    """Tells in transactions of its own, each stage at once and the steps within it twice a second."""
    told: tuple[str, float] = ("", 0.0)

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal told
        now = time.monotonic()
        if stage == told[0] and now < told[1] + TELL_EVERY_S:
            return
        told = (stage, now)
        with sessions() as session:
            tell(session, batch_id, stage, done, total)
            session.commit()

    return progress
