"""The day page: what each role finds when it comes in."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.security.access import optional_person, public
from marketplace.web import navigation

blueprint = Blueprint("home", __name__)
blueprint.record_once(lambda state: navigation.register(state.app))


@blueprint.get("/")
@public
def day() -> ResponseReturnValue:
    """The day of whoever is signed in; everybody else is shown the public page."""
    if optional_person() is None:
        return redirect(url_for("public.index"))
    return render_template("home/day.html")
