"""Donors 捐赠方: enterprises, social organisations, volunteers."""

import uuid
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from donors.models import Donor
from donors.operations import register_donor, resume_donor, suspend_donor, update_donor
from donors.queries import donors_of_user, get_donor, list_donors, masked_phone_of, masked_resident_id_of
from donors.rules import DonorEntry
from marketplace.api.base import list_of, refusals
from marketplace.api.donors_schemas import DonorChangeSchema, DonorEntrySchema, DonorQuery, DonorSchema
from marketplace.api.fields import ReasonSchema
from marketplace.security.access import actor, clock_now, db, person, requires, scope_of

blueprint = Blueprint("api_donors", __name__, url_prefix="/api/v1/donors", description="Donors 帮扶力量")
_COLUMNS = tuple(name for name in DonorSchema().fields if name not in ("phone_masked", "resident_id_masked"))


def document_of(donor: Donor) -> dict[str, Any]:
    """The donor with its numbers masked."""
    document = {name: getattr(donor, name) for name in _COLUMNS}
    document["phone_masked"] = masked_phone_of(db(), donor)
    document["resident_id_masked"] = masked_resident_id_of(db(), donor)
    return document


@blueprint.route("")
class Donors(MethodView):
    """The list."""

    @requires("donor.read")
    @blueprint.arguments(DonorQuery, location="query")
    @blueprint.response(200, list_of(DonorSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Donors of one's regions, newest first."""
        page = list_donors(db(), scope=scope_of("donor.read"), **query)
        return {"items": [document_of(donor) for donor in page.rows], "next": page.next_after}

    @requires("donor.write")
    @blueprint.arguments(DonorEntrySchema)
    @blueprint.response(201, DonorSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Register a donor."""
        donor = register_donor(
            db(), entry=entry_of(given), actor=actor(), scope=scope_of("donor.write"), now=clock_now()
        )
        return document_of(donor)


@blueprint.route("/mine")
class Mine(MethodView):
    """One's own."""

    @requires("own.donor")
    @blueprint.response(200, list_of(DonorSchema))
    @refusals(blueprint, 401, 403)
    def get(self) -> object:
        """The donors the signed-in person acts for."""
        return {"items": [document_of(donor) for donor in donors_of_user(db(), person().id)], "next": None}


@blueprint.route("/<uuid:donor_id>")
class OneDonor(MethodView):
    """One donor."""

    @requires("donor.read")
    @blueprint.response(200, DonorSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, donor_id: uuid.UUID) -> object:
        """A donor."""
        return document_of(get_donor(db(), donor_id, scope=scope_of("donor.read")))

    @requires("donor.write")
    @blueprint.arguments(DonorChangeSchema)
    @blueprint.response(200, DonorSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def put(self, given: dict[str, Any], donor_id: uuid.UUID) -> object:
        """Change a donor."""
        donor = update_donor(
            db(),
            donor_id=donor_id,
            version=given.pop("version"),
            entry=entry_of(given),
            actor=actor(),
            scope=scope_of("donor.write"),
            now=clock_now(),
        )
        return document_of(donor)


@blueprint.route("/<uuid:donor_id>/suspend")
class Suspend(MethodView):
    """Out of new rounds and shifts."""

    @requires("donor.write")
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, DonorSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, str], donor_id: uuid.UUID) -> object:
        """Suspend a donor; what is promised stays promised."""
        scope = scope_of("donor.write")
        return document_of(
            suspend_donor(db(), donor_id=donor_id, reason=given["reason"], actor=actor(), scope=scope, now=clock_now())
        )


@blueprint.route("/<uuid:donor_id>/resume")
class Resume(MethodView):
    """Back again."""

    @requires("donor.write")
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, DonorSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, str], donor_id: uuid.UUID) -> object:
        """A suspended donor is active again."""
        scope = scope_of("donor.write")
        return document_of(
            resume_donor(db(), donor_id=donor_id, reason=given["reason"], actor=actor(), scope=scope, now=clock_now())
        )


def entry_of(given: dict[str, Any]) -> DonorEntry:
    """The domain's entry from the document."""
    return DonorEntry(**{**given, "skills": tuple(given["skills"])})
