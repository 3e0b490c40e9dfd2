"""Signing in and out, and the language of the pages."""

from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import refresh
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired

from kernel.accounts import operations
from kernel.accounts.models import User
from kernel.accounts.operations import WrongLogin
from kernel.errors import InvalidInput
from marketplace import i18n
from marketplace.security.access import clock_now, db, optional_person, public
from marketplace.security.sessions import begin_session, end_session
from marketplace.web.faults import put_faults

blueprint = Blueprint("account", __name__)
PER_ADDRESS = "30 per minute"


class SignInForm(FlaskForm):  # type: ignore[misc]
    """Login and password."""

    login = StringField(_l("Login"), validators=[DataRequired(_l("Enter your login"))])
    password = PasswordField(_l("Password"), validators=[DataRequired(_l("Enter your password"))])


def safe_target(target: str | None) -> str:
    """`target` if it is an address of our own, else the day page: a link must not lead a signed-in person elsewhere."""
    if (
        not target
        or not target.startswith("/")
        or target.startswith(("//", "/\\"))
        or any(ord(letter) < 32 for letter in target)
    ):
        return url_for("home.day")
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else url_for("home.day")


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """The sign-in page. A miss is counted even though the page is refused, so it is committed here."""
    target = safe_target(request.values.get("next"))
    if optional_person() is not None and request.method == "GET":
        return redirect(target)
    form = SignInForm()
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                user = operations.sign_in(db(), login=form.login.data, password=form.password.data, now=clock_now())
            except WrongLogin as error:
                db().commit()
                put_faults(form, error)
                status = 401
            else:
                begin_session(user)
                session[i18n.SESSION_KEY] = user.locale
                return redirect(target, 303)
    return render_template("account/sign_in.html", form=form, target=target), status


@blueprint.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """Ends the session on this browser."""
    end_session()
    refresh()
    flash(_("You are signed out."), "success")
    return redirect(url_for("account.sign_in"), 303)


@blueprint.post("/language")
@public
def switch_language() -> ResponseReturnValue:
    """Changes the language for the session and, where somebody is signed in, for the account. Raises InvalidInput."""
    locale = request.form.get("locale", "")
    if locale not in i18n.LOCALES:
        raise InvalidInput("There is no language %(locale)s; choose Chinese or English", field="locale", locale=locale)
    session[i18n.SESSION_KEY] = locale
    person = optional_person()
    if person is not None:
        db().get_one(User, person.id).locale = locale
    return redirect(safe_target(request.form.get("back")), 303)


def _slow_down(state: BlueprintSetupState) -> None:
    """Bounds tries to sign in per address, on top of the back-off per account (promise 13)."""
    app = state.app
    limit = app.extensions["zhongfu_limiter"].limit(PER_ADDRESS, methods=["POST"])
    app.view_functions["account.sign_in"] = limit(app.view_functions["account.sign_in"])


blueprint.record_once(_slow_down)
