"""Volunteer shifts 志愿服务班次 and sign-ups 报名."""

import uuid
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from donors.models import Donor
from donors.queries import volunteer_of_user
from kernel.errors import NotFound
from marketplace.api.base import list_of, refusals
from marketplace.api.shifts_schemas import (
    HoursSchema,
    PlaceSchema,
    ShiftEntrySchema,
    ShiftQuery,
    ShiftSchema,
    SignUpSchema,
)
from marketplace.security.access import actor, clock_now, db, person, public, requires, scope_of
from projects.volunteering.operations import cancel_shift, cancel_sign_up, open_shift, sign_up
from projects.volunteering.queries import (
    ShiftRow,
    get_shift,
    hours_of,
    list_shifts,
    shifts_near,
    sign_ups_of,
    sign_ups_on,
)
from projects.volunteering.rules import ShiftEntry

blueprint = Blueprint("api_shifts", __name__, url_prefix="/api/v1/shifts", description="Volunteer shifts 志愿服务班次")
_OWN = ("project_name", "places_free", "distance_m")
_COLUMNS = tuple(name for name in ShiftSchema().fields if name not in _OWN)


def document_of(row: ShiftRow) -> dict[str, Any]:
    """The shift with its project's name and the places still free."""
    return {
        **{name: getattr(row.shift, name) for name in _COLUMNS},
        "project_name": row.project.name,
        "places_free": row.places_free,
        "distance_m": row.distance_m,
    }


def me() -> Donor:
    """The volunteer that the signed-in person is. Raises NotFound."""
    volunteer = volunteer_of_user(db(), person().id)
    if volunteer is None:
        raise NotFound("Your account is not tied to a volunteer's entry; ask the county to tie it")
    return volunteer


@blueprint.route("")
class Shifts(MethodView):
    """The public list."""

    @public
    @blueprint.arguments(ShiftQuery, location="query")
    @blueprint.response(200, list_of(ShiftSchema))
    @refusals(blueprint, 404, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Upcoming shifts of listed projects, soonest first."""
        page = list_shifts(db(), scope=None, now=clock_now(), **query)
        return {"items": [document_of(row) for row in page.rows], "next": page.next_after}

    @requires("project.write")
    @blueprint.arguments(ShiftEntrySchema)
    @blueprint.response(201, ShiftSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Open a shift of a project."""
        entry = ShiftEntry(**{**given, "requires": tuple(given["requires"])})
        scope = scope_of("project.write")
        shift = open_shift(db(), entry=entry, actor=actor(), scope=scope, now=clock_now())
        return document_of(get_shift(db(), shift.id, scope=scope))


@blueprint.route("/near")
class Near(MethodView):
    """For me."""

    @requires("own.volunteering")
    @blueprint.response(200, list_of(ShiftSchema))
    @refusals(blueprint, 401, 403, 404)
    def get(self) -> object:
        """Upcoming shifts of my county that I can do, nearest first."""
        return {"items": [document_of(row) for row in shifts_near(db(), volunteer=me(), now=clock_now())], "next": None}


@blueprint.route("/mine")
class Mine(MethodView):
    """My places."""

    @requires("own.volunteering")
    @blueprint.response(200, list_of(ShiftSchema))
    @refusals(blueprint, 401, 403, 404)
    def get(self) -> object:
        """The shifts to come on which I have a place, soonest first."""
        rows = sign_ups_of(db(), me().id, now=clock_now(), upcoming=True)
        return {"items": [document_of(ShiftRow(row.shift, row.project)) for row in rows], "next": None}


@blueprint.route("/hours")
class MyHours(MethodView):
    """My time."""

    @requires("own.volunteering")
    @blueprint.response(200, HoursSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self) -> object:
        """My hours on shifts that are over, and on shifts to come."""
        hours = hours_of(db(), me().id, now=clock_now())
        return {
            "minutes_served": int(hours.served.total_seconds() // 60),
            "shifts_served": hours.shifts_served,
            "minutes_coming": int(hours.coming.total_seconds() // 60),
            "shifts_coming": hours.shifts_coming,
        }


@blueprint.route("/<uuid:shift_id>")
class OneShift(MethodView):
    """One shift."""

    @public
    @blueprint.response(200, ShiftSchema)
    @refusals(blueprint, 404)
    def get(self, shift_id: uuid.UUID) -> object:
        """A shift of a project that is no draft."""
        return document_of(get_shift(db(), shift_id, scope=None))


@blueprint.route("/<uuid:shift_id>/cancel")
class Cancel(MethodView):
    """The shift does not take place."""

    @requires("project.write")
    @blueprint.response(200, ShiftSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, shift_id: uuid.UUID) -> object:
        """Cancel a shift; every place on it is given back."""
        scope = scope_of("project.write")
        cancel_shift(db(), shift_id=shift_id, actor=actor(), scope=scope, now=clock_now())
        return document_of(get_shift(db(), shift_id, scope=scope))


@blueprint.route("/<uuid:shift_id>/sign-ups")
class SignUps(MethodView):
    """Who comes."""

    @requires("project.write")
    @blueprint.response(200, list_of(PlaceSchema))
    @refusals(blueprint, 401, 403, 404)
    def get(self, shift_id: uuid.UUID) -> object:
        """The volunteers on the shift, in the order of signing up."""
        row = get_shift(db(), shift_id, scope=scope_of("project.write"))
        items = [
            {
                **{name: getattr(place, name) for name in SignUpSchema().fields},
                "volunteer_name": volunteer.name,
                "volunteer_number": volunteer.number,
            }
            for place, volunteer in sign_ups_on(db(), row.shift.id)
        ]
        return {"items": items, "next": None}

    @requires("shift.sign_up")
    @blueprint.response(201, SignUpSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, shift_id: uuid.UUID) -> object:
        """Take a place on the shift; doing so twice keeps the one place."""
        return sign_up(db(), shift_id=shift_id, volunteer_id=me().id, actor=actor(), now=clock_now())


@blueprint.route("/<uuid:shift_id>/sign-ups/mine")
class MySignUp(MethodView):
    """My place."""

    @requires("shift.sign_up")
    @blueprint.response(200, SignUpSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def delete(self, shift_id: uuid.UUID) -> object:
        """Give my place back before the shift starts."""
        return cancel_sign_up(db(), shift_id=shift_id, volunteer_id=me().id, actor=actor(), now=clock_now())
