"""Accounts of a household: which open its own pages; joined by login, and taken away again."""

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from households.accounts import accounts_of, find_account, join_account, leave_account
from households.queries import get_household
from kernel.errors import DomainError, NotFound
from marketplace.errors import status_of
from marketplace.security.access import actor, clock_now, db, requires, scope_of
from marketplace.web.faults import sentence
from marketplace.web.steps import take_step

blueprint = Blueprint("household_accounts", __name__, url_prefix="/households")


def _writing() -> dict[str, Any]:
    return {"actor": actor(), "scope": scope_of("household.write"), "now": clock_now()}


@blueprint.get("/<uuid:household_id>/accounts")
@requires("household.write")
def index(household_id: uuid.UUID) -> ResponseReturnValue:
    """The accounts of a household."""
    return _page(household_id)


def _page(household_id: uuid.UUID, *, errors: list[str] | None = None, status: int = 200) -> ResponseReturnValue:
    household = get_household(db(), household_id, scope=scope_of("household.write"))
    text = render_template(
        "households/accounts.html",
        household=household,
        accounts=accounts_of(db(), household.id),
        errors=errors or [],
        typed=request.form.get("login", "") if errors else "",
    )
    return text, status


@blueprint.post("/<uuid:household_id>/accounts/join")
@requires("household.write")
def join(household_id: uuid.UUID) -> ResponseReturnValue:
    """Joins the account with this login."""
    household = get_household(db(), household_id, scope=scope_of("household.write"))
    try:
        user_id = find_account(db(), request.form.get("login", ""), region_code=household.region_code)
        join_account(db(), household_id=household.id, user_id=user_id, **_writing())
    except DomainError as error:
        if isinstance(error, NotFound) and not error.field:
            raise
        db().rollback()
        return _page(household_id, errors=[sentence(error)], status=status_of(error))
    flash(_("The account opens the household's pages from now on."), "success")
    return redirect(url_for("household_accounts.index", household_id=household_id), 303)


@blueprint.post("/<uuid:household_id>/accounts/<uuid:user_id>/leave")
@requires("household.write")
def leave(household_id: uuid.UUID, user_id: uuid.UUID) -> ResponseReturnValue:
    """Takes the account from the household."""
    return take_step(
        lambda: leave_account(db(), household_id=household_id, user_id=user_id, **_writing()),
        done=_("The account opens the household's pages no more."),
        back=url_for("household_accounts.index", household_id=household_id),
    )
