"""Accounts of a household: whose account opens its pages, joined by whoever works for it, and taken from it."""

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household, HouseholdPerson
from households.queries import get_household
from kernel import audit
from kernel.accounts.models import RoleGrant, User
from kernel.audit import Actor
from kernel.errors import Conflict, NotFound

ROLE = "household"


@dataclass(frozen=True)
class JoinedAccount:
    """An account that opens the household's own pages."""

    user_id: uuid.UUID
    login: str
    name: str
    active: bool


def accounts_of(session: Session, household_id: uuid.UUID) -> list[JoinedAccount]:
    """The accounts of a household by login; the caller has found the household within its regions."""
    rows = session.execute(
        sa.select(User.id, User.login, User.display_name, User.active)
        .join(HouseholdPerson, HouseholdPerson.user_id == User.id)
        .where(HouseholdPerson.household_id == household_id)
        .order_by(User.login)
    )
    return [JoinedAccount(*row) for row in rows]


def find_account(session: Session, login: str, *, region_code: str) -> uuid.UUID:
    """The active household account with this login that was granted for the region. Raises NotFound for any other, whichever it is."""
    found = session.scalar(
        sa.select(User.id)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(
            User.login == login.strip(), User.active, RoleGrant.role == ROLE,
            sa.func.starts_with(sa.literal(region_code), RoleGrant.region_code),
        )
        .limit(1)
    )  # fmt: skip
    if found is None:
        raise NotFound(
            "There is no household account with this login here; the administrator creates it first", field="login"
        )
    return found


def join_account(
    session: Session,
    *,
    household_id: uuid.UUID,
    user_id: uuid.UUID,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> None:
    """The account belongs to somebody of the household from now on; again changes nothing. Raises NotFound, Conflict (closed)."""
    household = get_household(session, household_id, scope=scope)
    if household.status != "active":
        raise Conflict("The household is closed; reopen it first")
    if session.get(HouseholdPerson, (household.id, user_id)) is None:
        session.add(HouseholdPerson(household_id=household.id, user_id=user_id))
        session.flush()
        _record(session, household, "household.account_joined", user_id, actor, now)


def leave_account(
    session: Session,
    *,
    household_id: uuid.UUID,
    user_id: uuid.UUID,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> None:
    """The account opens the household's pages no more, from the next request on; again changes nothing. Raises NotFound."""
    household = get_household(session, household_id, scope=scope)
    joined = session.get(HouseholdPerson, (household.id, user_id))
    if joined is not None:
        session.delete(joined)
        session.flush()
        _record(session, household, "household.account_left", user_id, actor, now)


def leave_all(session: Session, household: Household, *, actor: Actor, now: datetime) -> int:
    """Takes every account from the household, where nobody can say whose is whose any more; how many. The caller holds the right to it."""
    people = session.scalars(
        sa.select(HouseholdPerson).where(HouseholdPerson.household_id == household.id).order_by(HouseholdPerson.user_id)
    ).all()
    for joined in people:
        session.delete(joined)
        session.flush()
        _record(session, household, "household.account_left", joined.user_id, actor, now)
    return len(people)


def _record(
    session: Session, household: Household, action: str, user_id: uuid.UUID, actor: Actor, now: datetime
) -> None:
    audit.record(
        session, actor=actor, action=action, subject_type="household", subject_id=household.id, now=now,
        region_code=household.region_code, user_id=user_id,
    )  # fmt: skip
