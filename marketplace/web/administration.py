"""Accounts and the audit trail: who may do what, and what was done. The trail is read here and nowhere changed."""

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, Length, Optional, Regexp

from kernel.accounts import closing
from kernel.accounts.models import ROLES, User
from kernel.accounts.operations import create_user
from kernel.accounts.queries import get_user, list_users
from kernel.accounts.rules import covers, require_scope
from kernel.audit import verify_chain
from kernel.errors import DomainError, InvalidInput, NotFound
from kernel.regions.models import Region
from kernel.regions.queries import search_regions
from marketplace.errors import status_of
from marketplace.reports.trail import TrailFilter, known_nouns, list_trail
from marketplace.security.access import actor, clock_now, db, may, person, requires, scope_of
from marketplace.web.faults import put_faults, sentence
from marketplace.web.words import word

blueprint = Blueprint("administration", __name__, url_prefix="/administration")
GRANTS = 3
SHOWN_FAULTS = 50


class UserForm(FlaskForm):  # type: ignore[misc]
    """A new account with up to three roles, each in a region."""

    login = StringField(
        _l("Login"),
        description=_l("Small letters, digits, dot, hyphen or underscore; at least two"),
        validators=[
            DataRequired(_l("Enter a login")),
            Regexp(
                r"^[A-Za-z0-9][A-Za-z0-9._-]{1,39}$",
                message=_l("Use 2 to 40 letters, digits, dots, hyphens or underscores"),
            ),
        ],
    )
    display_name = StringField(
        _l("Name"),
        description=_l("As colleagues know the person"),
        validators=[DataRequired(_l("Enter the name")), Length(max=80)],
    )
    password = PasswordField(
        _l("First password"),
        description=_l("At least 10 characters; hand it over in person"),
        validators=[
            DataRequired(_l("Enter a first password")),
            Length(min=10, message=_l("A password has at least 10 characters")),
        ],
    )
    role_1 = SelectField(_l("Role"), validators=[DataRequired(_l("Choose a role"))])
    region_1 = StringField(
        _l("Region"),
        description=_l("Code or name; the role holds there and in everything below"),
        validators=[DataRequired(_l("Name the region"))],
    )
    role_2 = SelectField(_l("Second role"), default="", validators=[Optional()])
    region_2 = StringField(_l("Region of the second role"))
    role_3 = SelectField(_l("Third role"), default="", validators=[Optional()])
    region_3 = StringField(_l("Region of the third role"))


@blueprint.get("/accounts")
@requires("user.read")
def users() -> ResponseReturnValue:
    """The accounts that hold a role in the person's regions."""
    state, role = request.args.get("state", ""), request.args.get("role", "")
    page = list_users(
        db(),
        scope=scope_of("user.read"),
        text=request.args.get("text", "")[:60],
        role=role if role in ROLES else None,
        active={"active": True, "closed": False}.get(state),
        after=request.args.get("after"),
    )
    query = {name: value for name, value in request.args.items() if value and name != "after"}
    return render_template("administration/users.html", page=page, regions=_region_names(page.rows), query=query)


@blueprint.route("/accounts/new", methods=["GET", "POST"])
@requires("user.write")
def create() -> ResponseReturnValue:
    """The form of a new account."""
    form = UserForm()
    _offer_roles(form)
    status = 200
    if request.method == "POST":
        status = 422
        grants = _grants_of(form) if form.validate() else None
        if grants is not None:
            try:
                for place, (_role, region) in grants.items():
                    require_scope(scope_of("user.write"), region, field=f"region_{place}")
                made = create_user(
                    db(),
                    login=form.login.data,
                    display_name=form.display_name.data,
                    password=form.password.data,
                    roles=list(dict.fromkeys(grants.values())),
                    actor=actor(),
                    now=clock_now(),
                )
            except DomainError as error:
                db().rollback()
                put_faults(form, error)
                status = status_of(error)
            else:
                flash(_("The account %(login)s is open.", login=made.login), "success")
                return redirect(url_for("administration.user", user_id=made.id), 303)
    return render_template("administration/create.html", form=form), status


def _offer_roles(form: UserForm) -> None:
    roles = [(role, word("role", role)) for role in ROLES]
    form.role_1.choices = [("", _("Choose")), *roles]
    for place in range(2, GRANTS + 1):
        form[f"role_{place}"].choices = [("", _("None")), *roles]


def _grants_of(form: UserForm) -> dict[int, tuple[str, str]] | None:
    """Place → (role, region code) of the filled lines; None, with the fault at its field, where a region is not clear."""
    grants: dict[int, tuple[str, str]] = {}
    for place in range(1, GRANTS + 1):
        role, text = form[f"role_{place}"].data, (form[f"region_{place}"].data or "").strip()
        if not role:
            continue
        field = form[f"region_{place}"]
        found = search_regions(db(), text, scope=scope_of("user.write"), limit=6) if text else []
        exact = [one for one in found if text in (one.code, one.name)]
        if len(exact) == 1 or len(found) == 1:
            grants[place] = (role, (exact or found)[0].code)
        elif found:
            several = "; ".join(f"{one.code} {one.name}" for one in found[:5])
            field.errors = [*field.errors, _("Several regions fit; write the code: %(regions)s", regions=several)]
        else:
            field.errors = [*field.errors, _("No region of yours fits this; write its code or its name")]
    return None if form.errors else grants


@blueprint.get("/accounts/<uuid:user_id>")
@requires("user.read")
def user(user_id: uuid.UUID) -> ResponseReturnValue:
    """One account: its roles and whether it can sign in."""
    return _page_of(get_user(db(), user_id, scope=scope_of("user.read")))


def _page_of(account: User, *, errors: list[str] | None = None, status: int = 200) -> ResponseReturnValue:
    managed = may("user.write") and all(covers(scope_of("user.write"), grant.region_code) for grant in account.grants)
    text = render_template(
        "administration/user.html", account=account, regions=_region_names([account]), managed=managed,
        is_self=account.id == person().id, errors=errors or [],
    )  # fmt: skip
    return text, status


@blueprint.post("/accounts/<uuid:user_id>/end-sessions")
@requires("user.write")
def end_sessions(user_id: uuid.UUID) -> ResponseReturnValue:
    """Signs the person out everywhere."""
    return _change(user_id, closing.end_sessions_of, _("Every session of this account has ended."))


@blueprint.post("/accounts/<uuid:user_id>/close")
@requires("user.write")
def close(user_id: uuid.UUID) -> ResponseReturnValue:
    """Closes the account."""
    return _change(user_id, closing.close_account, _("The account is closed; what the person did stays on record."))


@blueprint.post("/accounts/<uuid:user_id>/reopen")
@requires("user.write")
def reopen(user_id: uuid.UUID) -> ResponseReturnValue:
    """Opens a closed account again."""
    return _change(user_id, closing.reopen_account, _("The account is open again."))


def _change(user_id: uuid.UUID, act: Callable[..., User], done: str) -> ResponseReturnValue:
    try:
        act(db(), user_id=user_id, actor=actor(), scope=scope_of("user.write"), now=clock_now())
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        return _page_of(
            get_user(db(), user_id, scope=scope_of("user.read")), errors=[sentence(error)], status=status_of(error)
        )
    flash(done, "success")
    return redirect(url_for("administration.user", user_id=user_id), 303)


@blueprint.get("/audit")
@requires("audit.read")
def audit() -> ResponseReturnValue:
    """The audit trail, newest first."""
    wanted = TrailFilter(
        actor=request.args.get("actor", "")[:60],
        action=request.args.get("action", "")[:60],
        subject_id=request.args.get("subject", "")[:60],
        since=_day_of("since"),
        until=_day_of("until"),
    )
    page = list_trail(db(), scope=scope_of("audit.read"), wanted=wanted, after=request.args.get("after"))
    query: dict[str, Any] = {name: value for name, value in request.args.items() if value and name != "after"}
    return render_template("administration/audit.html", page=page, query=query, nouns=known_nouns(db()))


@blueprint.get("/audit/check")
@requires("audit.read")
def check() -> ResponseReturnValue:
    """Walks the whole chain of hashes and names each entry that was changed, removed or moved (promise 18)."""
    faults = []
    for fault in verify_chain(db()):
        faults.append(fault)
        if len(faults) >= SHOWN_FAULTS:
            break
    return render_template("administration/check.html", faults=faults, most=SHOWN_FAULTS)


def _day_of(name: str) -> date | None:
    text = request.args.get(name, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("Write the day as 2027-03-05", field=name) from None


def _region_names(accounts: Any) -> dict[str, str]:
    codes = {grant.region_code for account in accounts for grant in account.grants}
    return {code: region.name for code in codes if (region := db().get(Region, code)) is not None}
