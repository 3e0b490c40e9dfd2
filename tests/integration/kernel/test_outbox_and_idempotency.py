"""What must happen after a commit happens; what is sent twice acts once."""

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from kernel import outbox
from kernel.accounts.models import ApiToken
from kernel.outbox import OutboxItem
from tests.factories import NOW, PASSWORD, make_user


def test_an_item_appears_only_when_its_transaction_commits(sessions: sessionmaker[Session]) -> None:  # promise 5
    with sessions() as session:
        outbox.enqueue(session, topic="round.solve", now=NOW, round_id=uuid.uuid4())
        session.rollback()
    with sessions() as session:
        assert outbox.take_due(session, now=NOW) == []
        outbox.enqueue(session, topic="round.solve", now=NOW, round_id=uuid.uuid4())
        session.commit()
    with sessions() as session:
        assert [item.topic for item in outbox.take_due(session, now=NOW)] == ["round.solve"]


def test_an_item_handed_over_but_not_done_comes_back_later_and_later(session: Session) -> None:  # promise 5
    outbox.enqueue(session, topic="round.solve", now=NOW)
    pauses, now = [], NOW
    for _ in range(8):
        [item] = outbox.take_due(session, now=now)
        pauses.append((item.due_at - now).total_seconds())
        assert outbox.take_due(session, now=item.due_at - timedelta(seconds=1)) == []
        now = item.due_at
    assert pauses == [10, 20, 40, 80, 160, 320, 600, 600]


def test_an_item_is_closed_once(session: Session) -> None:  # promise 5
    item = outbox.enqueue(session, topic="round.solve", now=NOW)
    assert [outbox.mark_done(session, item, now=NOW) for _ in range(3)] == [True, False, False]
    assert outbox.take_due(session, now=NOW + timedelta(days=1)) == []


def test_two_dispatchers_never_take_the_same_item(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        for _ in range(20):
            outbox.enqueue(session, topic="t", now=NOW)
        session.commit()
    with sessions() as one, sessions() as other:
        first = {item.id for item in outbox.take_due(one, now=NOW, limit=10)}
        second = {item.id for item in outbox.take_due(other, now=NOW, limit=100)}
    assert len(first) == 10 and len(second) == 10 and not first & second


def test_fifty_equal_posts_at_once_give_one_effect_and_equal_replies(
    app, app_sessions: sessionmaker[Session], api_as: Callable
) -> None:  # promise 6
    with app_sessions() as session:
        make_user(session, "li.na", ("coordinator", "330324"))
        session.commit()
    asker = api_as("coordinator")
    replies: list[tuple[int, bytes]] = []
    wanted = {"login": "li.na", "password": PASSWORD, "name": "one token"}

    def send() -> None:
        reply = app.test_client().post(
            "/api/v1/session/tokens", json=wanted, headers={**asker.headers, "Idempotency-Key": "same"}
        )
        replies.append((reply.status_code, reply.data))

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == 50 and len(set(replies)) == 1 and replies[0][0] == 201
    with app_sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(ApiToken).where(ApiToken.name == "one token")) == 1
    changed = asker.post("/session/tokens", wanted | {"name": "other"}, key="same")
    assert changed.status_code == 422 and changed.json["field"] == "Idempotency-Key"


def test_a_due_item_is_found_through_its_partial_index(session: Session) -> None:
    session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    query = (
        sa.select(OutboxItem).where(OutboxItem.done_at.is_(None), OutboxItem.due_at <= NOW).order_by(OutboxItem.due_at)
    )
    plan = session.execute(
        sa.text("EXPLAIN " + str(query.compile(session.bind, compile_kwargs={"literal_binds": True})))
    ).scalars()
    assert "ix_outbox_items_due" in " ".join(plan)
