"""A volunteer's side of the shifts: what is near, what I signed up for, my hours; and the page of one shift."""

import uuid
from collections.abc import Callable

from flask import render_template, url_for
from flask.blueprints import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from donors.models import Donor
from donors.queries import volunteer_of_user
from kernel.catalogue.queries import all_skills
from kernel.errors import NotFound
from marketplace.security.access import actor, clock_now, db, may, person, public, requires
from marketplace.web.places import place_names
from marketplace.web.steps import take_step
from projects.volunteering.operations import cancel_sign_up, sign_up
from projects.volunteering.queries import get_shift, hours_of, shifts_near, sign_up_on, sign_ups_of
from projects.volunteering.rules import missing_skills

blueprint = Blueprint("volunteering", __name__)


@blueprint.get("/volunteering")
@requires("own.volunteering")
def mine() -> ResponseReturnValue:
    """My hours, my shifts, and shifts near me."""
    volunteer, now = _me(), clock_now()
    return render_template(
        "volunteering/mine.html",
        volunteer=volunteer,
        hours=hours_of(db(), volunteer.id, now=now),
        coming=sign_ups_of(db(), volunteer.id, now=now, upcoming=True),
        past=sign_ups_of(db(), volunteer.id, now=now, upcoming=False, limit=20),
        near=shifts_near(db(), volunteer=volunteer, now=now, limit=20) if volunteer.status == "active" else [],
        now=now,
    )


@blueprint.get("/shifts/<uuid:shift_id>")
@public
def shift(shift_id: uuid.UUID) -> ResponseReturnValue:
    """One shift, for everybody; a signed-in volunteer can take or give back a place."""
    row = get_shift(db(), shift_id, scope=None)
    volunteer = volunteer_of_user(db(), person().id) if may("own.volunteering") else None
    missing = missing_skills(row.shift.requires, volunteer.skills) if volunteer else ()
    return render_template(
        "volunteering/shift.html",
        row=row,
        volunteer=volunteer,
        place=sign_up_on(db(), shift_id=shift_id, volunteer_id=volunteer.id) if volunteer else None,
        missing=missing,
        skills={skill.code: skill for skill in all_skills(db())},
        places=place_names([row.shift.region_code]),
        is_open=row.shift.status == "open" and row.project.status == "listed" and row.shift.starts_at > clock_now(),
    )


@blueprint.post("/shifts/<uuid:shift_id>/sign-up")
@requires("shift.sign_up")
def take(shift_id: uuid.UUID) -> ResponseReturnValue:
    """Takes a place."""
    return _take(sign_up, shift_id, _("You are signed up. Thank you!"))


@blueprint.post("/shifts/<uuid:shift_id>/give-back")
@requires("shift.sign_up")
def give_back(shift_id: uuid.UUID) -> ResponseReturnValue:
    """Gives the place back."""
    return _take(cancel_sign_up, shift_id, _("Your place is given back; somebody else can take it."))


def _take(operation: Callable[..., object], shift_id: uuid.UUID, done: str) -> ResponseReturnValue:
    mine = {"shift_id": shift_id, "volunteer_id": _me().id, "actor": actor(), "now": clock_now()}
    return take_step(lambda: operation(db(), **mine), done=done, back=url_for("volunteering.shift", shift_id=shift_id))


def _me() -> Donor:
    """The volunteer that the signed-in person is. Raises NotFound."""
    volunteer = volunteer_of_user(db(), person().id)
    if volunteer is None:
        raise NotFound("Your account is not tied to a volunteer's entry; ask the county to tie it")
    return volunteer
