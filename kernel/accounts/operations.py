"""Accounts: making them, signing in, ending sessions, tokens for programs. Passwords are argon2id (RFC 9106)."""

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.accounts.models import ROLES, ApiToken, RoleGrant, User
from kernel.accounts.rules import Grant, Person
from kernel.audit import Actor
from kernel.errors import Conflict, DomainError, InvalidInput, NotFound
from kernel.regions.queries import get_region

HASHER = PasswordHasher()
# Checked when there is no such login, so that the time taken tells nothing (promise 13).
_NOBODY = HASHER.hash(secrets.token_hex(16))
FREE_ATTEMPTS = 5
LONGEST_LOCK = timedelta(minutes=15)


class WrongLogin(DomainError):
    """The login or the password is wrong, or the account is closed or resting; the reply never says which (HTTP 401)."""

    code = "wrong_login"


def create_user(
    session: Session,
    *,
    login: str,
    display_name: str,
    password: str,
    roles: list[tuple[str, str]],
    actor: Actor,
    now: datetime,
    locale: str = "zh_Hans_CN",
) -> User:
    """A new account with `roles` as (role, region code). Raises InvalidInput, Conflict (login taken), NotFound (region)."""
    name = login.strip().lower()
    if len(password) < 10:
        raise InvalidInput("A password has at least 10 characters", field="password")
    if session.scalar(sa.select(User.id).where(User.login == name)):
        raise Conflict("The login %(login)s is taken; choose another", field="login", login=name)
    user = User(
        login=name,
        display_name=display_name.strip(),
        password_hash=HASHER.hash(password),
        created_at=now,
        locale=locale,
    )
    session.add(user)
    session.flush()
    for role, region_code in roles:
        grant_role(session, user=user, role=role, region_code=region_code, actor=actor, now=now)
    audit.record(
        session, actor=actor, action="user.created", subject_type="user", subject_id=user.id, now=now, login=name
    )
    return user


def grant_role(session: Session, *, user: User, role: str, region_code: str, actor: Actor, now: datetime) -> None:
    """Gives `role` within the subtree of `region_code`. Raises InvalidInput, NotFound."""
    if role not in ROLES:
        raise InvalidInput("There is no role %(role)s", field="role", role=role)
    get_region(session, region_code)
    user.grants.append(RoleGrant(role=role, region_code=region_code, granted_at=now))
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="role.granted",
        subject_type="user",
        subject_id=user.id,
        now=now,
        region_code=region_code,
        role=role,
    )


def sign_in(session: Session, *, login: str, password: str, now: datetime) -> User:
    """The user of this login and password. Raises WrongLogin.

    After five misses the account rests: 1, 2, 4 … up to 900 seconds. The count is kept although the attempt fails, so the
    caller commits in either case.
    """
    user = session.scalar(sa.select(User).where(User.login == login.strip().lower()).with_for_update())
    try:
        HASHER.verify(user.password_hash if user else _NOBODY, password)
        right = True
    except (VerifyMismatchError, InvalidHashError):
        right = False
    resting = user is not None and user.locked_until is not None and user.locked_until > now
    if user is None or not right or not user.active or resting:
        if user is not None and not resting:
            user.failed_logins += 1
            over = user.failed_logins - FREE_ATTEMPTS
            if over >= 0:
                user.locked_until = now + min(timedelta(seconds=2 ** min(over, 10)), LONGEST_LOCK)
            session.flush()
        raise WrongLogin(
            "The login or the password is wrong, or the account is resting after several tries; wait a little and try again",
            field="password",
        )
    user.failed_logins, user.locked_until = 0, None
    audit.record(
        session,
        actor=Actor(user.id, user.login),
        action="user.signed_in",
        subject_type="user",
        subject_id=user.id,
        now=now,
    )
    session.flush()
    return user


def end_sessions(session: Session, *, user_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Every session of the user ends at its next request. Raises NotFound."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such account")
    user.session_epoch += 1
    audit.record(session, actor=actor, action="user.sessions_ended", subject_type="user", subject_id=user.id, now=now)
    session.flush()


def issue_token(
    session: Session, *, user_id: uuid.UUID, name: str, now: datetime, expires_at: datetime | None = None
) -> str:
    """A new API token; its text is returned once and kept only as a digest."""
    text = "zf_" + secrets.token_urlsafe(32)
    token = ApiToken(
        user_id=user_id, name=name, digest=hashlib.sha256(text.encode()).digest(), created_at=now, expires_at=expires_at
    )
    session.add(token)
    session.flush()
    user = session.get_one(User, user_id)
    audit.record(
        session,
        actor=Actor(user.id, user.login),
        action="token.issued",
        subject_type="token",
        subject_id=token.id,
        now=now,
        name=name,
    )
    return text


def user_of_token(session: Session, text: str, *, now: datetime) -> User | None:
    """The active user a token acts for, or None."""
    digest = hashlib.sha256(text.encode()).digest()
    return session.scalar(
        sa.select(User)
        .join(ApiToken, ApiToken.user_id == User.id)
        .where(
            ApiToken.digest == digest,
            ApiToken.revoked_at.is_(None),
            sa.or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now),
            User.active,
        )
    )


def person_of(user: User) -> Person:
    """The user as the domain's rules see one."""
    return Person(
        id=user.id,
        login=user.login,
        name=user.display_name,
        grants=tuple(Grant(grant.role, grant.region_code) for grant in user.grants),
        locale=user.locale,
    )
