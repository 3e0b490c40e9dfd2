"""What every view asks: the request's session, the signed-in person, the regions a permission holds in. Views are closed unless
they say otherwise: a route without `requires` or `public` is refused by the application and fails the tests (promise 11)."""

import uuid
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import current_app, g
from sqlalchemy.orm import Session

from donors.models import DonorPerson
from households.models import HouseholdPerson
from kernel import clock
from kernel.accounts.rules import Person
from kernel.audit import Actor
from kernel.errors import DomainError, NotAllowed
from marketplace.security.permissions import roles_with

View = TypeVar("View", bound=Callable[..., Any])
RULE = "_access_rule"
PUBLIC = "public"


class SignInNeeded(DomainError):
    """Nobody is signed in (HTTP 401, or the sign-in page)."""

    code = "sign_in_needed"


def requires(permission: str) -> Callable[[View], View]:
    """Marks a view: only people who hold `permission` somewhere may open it. The view still scopes what it reads and writes."""
    roles_with(permission)

    def mark(view: View) -> View:
        setattr(view, RULE, permission)
        return view

    return mark


def public(view: View) -> View:
    """Marks a view that anybody may open."""
    setattr(view, RULE, PUBLIC)
    return view


def rule_of(endpoint_view: Callable[..., Any], method: str) -> str | None:
    """The rule of a view function, or of the method of a class-based one."""
    rule = getattr(endpoint_view, RULE, None)
    view_class = getattr(endpoint_view, "view_class", None)
    if rule is None and view_class is not None:
        handler = getattr(view_class, method.lower(), None) or (
            getattr(view_class, "get", None) if method == "HEAD" else None
        )
        rule = getattr(handler, RULE, None) or getattr(view_class, RULE, None)
    return rule


def enforce(endpoint_view: Callable[..., Any], method: str) -> None:
    """Raises SignInNeeded or NotAllowed unless the present person may call the view; a view without a rule is refused."""
    rule = rule_of(endpoint_view, method)
    if rule == PUBLIC:
        return
    if rule is None:
        raise NotAllowed("This page has no access rule and stays closed")
    if optional_person() is None:
        raise SignInNeeded("Sign in first")
    if not may(rule):
        raise NotAllowed("Your roles do not include this; ask an administrator of your county")


def db() -> Session:
    """The request's session, opened at first use; the application commits it when the reply is below 400."""
    if "session" not in g:
        g.session = current_app.extensions["zhongfu"].sessions()
    return g.session


def optional_person() -> Person | None:
    """The signed-in person, or None."""
    return g.get("person")


def person() -> Person:
    """The signed-in person. Raises SignInNeeded."""
    signed_in = optional_person()
    if signed_in is None:
        raise SignInNeeded("Sign in first")
    return signed_in


def actor() -> Actor:
    """The signed-in person as the audit trail names one."""
    return person().actor


def may(permission: str) -> bool:
    """Whether the present person holds `permission` anywhere."""
    signed_in = optional_person()
    return signed_in is not None and signed_in.holds(*roles_with(permission))


def scope_of(permission: str) -> tuple[str, ...]:
    """The region codes in whose subtrees the present person holds `permission`."""
    return person().scope(*roles_with(permission))


def clock_now() -> datetime:
    """The present moment; one value for the whole request."""
    if "now" not in g:
        g.now = clock.utc_now()
    return g.now


def today() -> date:
    """Today in Shanghai."""
    return clock.day_of(clock_now())


def own_donor_ids() -> list[uuid.UUID]:
    """The donors for which the present person acts."""
    return list(db().scalars(sa.select(DonorPerson.donor_id).where(DonorPerson.user_id == person().id)))


def own_household_ids() -> list[uuid.UUID]:
    """The households of which the present person's account is."""
    return list(db().scalars(sa.select(HouseholdPerson.household_id).where(HouseholdPerson.user_id == person().id)))
