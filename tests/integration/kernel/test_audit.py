"""The audit trail: chained, append-only, part of the transaction it speaks of."""

import contextlib
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from kernel import audit
from kernel.audit import SYSTEM, AuditEntry
from tests.factories import NOW


def write(session: Session, number: int) -> None:
    audit.record(
        session, actor=SYSTEM, action="thing.done", subject_type="thing", subject_id=number, now=NOW, count=number
    )
    session.commit()


def test_entries_are_chained_and_the_chain_verifies(session: Session) -> None:  # promise 18
    for number in range(5):
        write(session, number)
    assert session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) == 5
    assert list(audit.verify_chain(session)) == []


def test_what_is_rolled_back_leaves_no_entry(session: Session) -> None:
    audit.record(session, actor=SYSTEM, action="thing.done", subject_type="thing", subject_id=1, now=NOW)
    session.rollback()
    session.commit()
    assert session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) == 0


def test_a_rolled_back_savepoint_takes_only_its_own_entries(session: Session) -> None:
    audit.record(session, actor=SYSTEM, action="thing.kept", subject_type="thing", subject_id=1, now=NOW)
    with contextlib.suppress(ValueError), session.begin_nested():
        audit.record(session, actor=SYSTEM, action="thing.lost", subject_type="thing", subject_id=2, now=NOW)
        raise ValueError
    with session.begin_nested():
        audit.record(session, actor=SYSTEM, action="thing.also_kept", subject_type="thing", subject_id=3, now=NOW)
    session.commit()
    assert list(session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id))) == [
        "thing.kept",
        "thing.also_kept",
    ]


def test_the_app_role_can_neither_change_nor_remove_an_entry(session: Session) -> None:  # promise 18
    write(session, 1)
    for statement in ("UPDATE audit_entries SET actor = 'x'", "DELETE FROM audit_entries", "TRUNCATE audit_entries"):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            session.execute(sa.text(statement))
        session.rollback()


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_entries SET detail = '{\"count\": 99}' WHERE id = 3",
        "UPDATE audit_entries SET actor = 'somebody else' WHERE id = 3",
        "DELETE FROM audit_entries WHERE id = 3",
        "UPDATE audit_entries SET subject_id = CASE id WHEN 2 THEN '2' ELSE '1' END WHERE id IN (2, 3)",
    ],
)
def test_even_the_owner_cannot_tamper_unseen(session: Session, owner_url: str, tampering: str) -> None:  # promise 18
    for number in range(5):
        write(session, number)
    owner = sa.create_engine(owner_url)
    with owner.begin() as connection:
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), connection.begin_nested():
            connection.execute(sa.text(tampering))
        connection.execute(sa.text("ALTER TABLE audit_entries DISABLE TRIGGER USER"))
        connection.execute(sa.text(tampering))
    owner.dispose()
    session.rollback()
    session.expire_all()
    assert list(audit.verify_chain(session)) != []


def test_writers_at_once_keep_one_chain(sessions: sessionmaker[Session]) -> None:
    def work(thread: int) -> None:
        for number in range(10):
            with sessions() as session:
                write(session, thread * 100 + number)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) == 80
        assert list(audit.verify_chain(session)) == []
