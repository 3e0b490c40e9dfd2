"""Closing an account and opening it again. Nothing of what the person did is removed; sessions and tokens end at once."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.accounts.models import User
from kernel.accounts.operations import end_sessions
from kernel.accounts.queries import get_user
from kernel.accounts.rules import covers
from kernel.audit import Actor
from kernel.errors import InvalidInput, NotAllowed


def managed_user(session: Session, user_id: uuid.UUID, *, scope: tuple[str, ...]) -> User:
    """The account, where all of its roles lie within `scope`: nobody closes the account of somebody above them.

    Raises NotFound, NotAllowed.
    """
    user = get_user(session, user_id, scope=scope)
    if not all(covers(scope, grant.region_code) for grant in user.grants):
        raise NotAllowed("This account also holds a role outside your regions; ask the administrator above you")
    return user


def end_sessions_of(
    session: Session, *, user_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> User:
    """Every session of the account ends at its next request. Raises as `managed_user`."""
    user = managed_user(session, user_id, scope=scope)
    end_sessions(session, user_id=user_id, actor=actor, now=now)
    return user


def close_account(session: Session, *, user_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime) -> User:
    """The person can no longer sign in. Raises as `managed_user`; InvalidInput for one's own account."""
    user = managed_user(session, user_id, scope=scope)
    if user.id == actor.id:
        raise InvalidInput("You cannot close your own account; another administrator does that")
    if user.active:
        user.active = False
        user.session_epoch += 1
        audit.record(session, actor=actor, action="user.closed", subject_type="user", subject_id=user.id, now=now)
        session.flush()
    return user


def reopen_account(
    session: Session, *, user_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> User:
    """The person can sign in again, with the old password. Raises as `managed_user`."""
    user = managed_user(session, user_id, scope=scope)
    if not user.active:
        user.active = True
        audit.record(session, actor=actor, action="user.reopened", subject_type="user", subject_id=user.id, now=now)
        session.flush()
    return user
