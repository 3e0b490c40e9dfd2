"""Reading accounts: who holds a role within the asker's regions."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.accounts.models import RoleGrant, User
from kernel.database import escape_like, within
from kernel.errors import InvalidInput, NotFound
from kernel.paging import MOST, Page, page_of


def list_users(
    session: Session,
    *,
    scope: tuple[str, ...],
    text: str = "",
    role: str | None = None,
    active: bool | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Accounts that hold a role within `scope`, by login; `text` is a part of the login or the name; `after` a login."""
    limit = min(limit, MOST)
    held = sa.select(RoleGrant.user_id).where(within(RoleGrant.region_code, scope))
    if role:
        held = held.where(RoleGrant.role == role)
    query = sa.select(User).where(User.id.in_(held)).order_by(User.login)
    wanted = text.strip().lower()
    if wanted:
        pattern = f"%{escape_like(wanted)}%"
        query = query.where(sa.or_(User.login.like(pattern), User.display_name.ilike(pattern)))
    if active is not None:
        query = query.where(User.active == active)
    if after is not None:
        if len(after) > 40:
            raise InvalidInput("This is no page of the list; start at its first page", field="after")
        query = query.where(User.login > after)
    rows = list(session.scalars(query.limit(limit + 1)))
    return page_of(rows, limit=limit, key=lambda user: user.login)


def get_user(session: Session, user_id: uuid.UUID, *, scope: tuple[str, ...]) -> User:
    """The account, where it holds a role within `scope`. Raises NotFound."""
    user = session.scalar(
        sa.select(User).where(
            User.id == user_id,
            User.id.in_(sa.select(RoleGrant.user_id).where(within(RoleGrant.region_code, scope))),
        )
    )
    if user is None:
        raise NotFound("There is no such account")
    return user
