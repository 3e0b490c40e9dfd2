"""Offerings 资源: what donors give. Staff see their regions, a donor's people their own."""

import uuid
from collections.abc import Callable
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from donors.offerings.models import Offering
from donors.offerings.operations import (
    change_offering,
    pause_offering,
    register_offering,
    resume_offering,
    withdraw_offering,
)
from donors.offerings.queries import available_of, get_offering, list_offerings, movements_of
from donors.offerings.rules import OfferingEntry
from kernel.errors import NotAllowed
from marketplace.api.base import list_of, refusals
from marketplace.api.fields import NumberPageQuery
from marketplace.api.offerings_schemas import (
    MovementSchema,
    OfferingChangeSchema,
    OfferingEntrySchema,
    OfferingQuery,
    OfferingSchema,
)
from marketplace.security.access import actor, clock_now, db, may, own_donor_ids, requires, scope_of

blueprint = Blueprint("api_offerings", __name__, url_prefix="/api/v1/offerings", description="Offerings 资源")
_COLUMNS = tuple(name for name in OfferingSchema().fields if name != "available")


def document_of(offering: Offering) -> dict[str, Any]:
    """The offering with what is available."""
    return {**{name: getattr(offering, name) for name in _COLUMNS}, "available": available_of(offering)}


def writer() -> dict[str, Any]:
    """Where the signed-in person may write offerings: within regions, or for own donors. Raises NotAllowed."""
    if not (may("offering.write") or may("own.donor")):
        raise NotAllowed("Your roles do not include this; ask an administrator of your county")
    own = own_donor_ids() if may("own.donor") else []
    return {"scope": scope_of("offering.write"), "own_donor_ids": own, "actor": actor(), "now": clock_now()}


@blueprint.route("")
class Offerings(MethodView):
    """The list."""

    @requires("offering.read")
    @blueprint.arguments(OfferingQuery, location="query")
    @blueprint.response(200, list_of(OfferingSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Offerings of one's regions, newest first."""
        page = list_offerings(db(), scope=scope_of("offering.read"), **query)
        return {"items": [document_of(row.offering) for row in page.rows], "next": page.next_after}

    @requires("signed_in")
    @blueprint.arguments(OfferingEntrySchema)
    @blueprint.response(201, OfferingSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Register an offering of a donor in one's regions, or of one's own."""
        return document_of(register_offering(db(), entry=entry_of(given), **writer()))


@blueprint.route("/mine")
class Mine(MethodView):
    """One's own."""

    @requires("own.donor")
    @blueprint.arguments(OfferingQuery, location="query")
    @blueprint.response(200, list_of(OfferingSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Offerings of the donors one acts for."""
        page = list_offerings(db(), scope=(), donor_ids=own_donor_ids(), **query)
        return {"items": [document_of(row.offering) for row in page.rows], "next": page.next_after}


@blueprint.route("/<uuid:offering_id>")
class OneOffering(MethodView):
    """One offering."""

    @requires("signed_in")
    @blueprint.response(200, OfferingSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, offering_id: uuid.UUID) -> object:
        """An offering."""
        return document_of(_readable(offering_id))

    @requires("signed_in")
    @blueprint.arguments(OfferingChangeSchema)
    @blueprint.response(200, OfferingSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def put(self, given: dict[str, Any], offering_id: uuid.UUID) -> object:
        """Change an offering; never below what is promised."""
        version = given.pop("version")
        return document_of(
            change_offering(db(), offering_id=offering_id, version=version, entry=entry_of(given), **writer())
        )


@blueprint.route("/<uuid:offering_id>/movements")
class Movements(MethodView):
    """The journal."""

    @requires("signed_in")
    @blueprint.arguments(NumberPageQuery, location="query")
    @blueprint.response(200, list_of(MovementSchema))
    @refusals(blueprint, 401, 403, 404, 422)
    def get(self, query: dict[str, Any], offering_id: uuid.UUID) -> object:
        """What was promised, given back and handed over, newest first."""
        page = movements_of(db(), _readable(offering_id).id, **query)
        return {"items": page.rows, "next": page.next_after}


def _step(name: str, operation: Callable[..., Offering], sentence: str) -> None:
    """One route per step of an offering's life; they differ in the operation alone."""

    @requires("signed_in")
    @blueprint.response(200, OfferingSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self: MethodView, offering_id: uuid.UUID) -> object:
        return document_of(operation(db(), offering_id=offering_id, **writer()))

    post.__doc__ = sentence
    blueprint.route(f"/<uuid:offering_id>/{name}")(
        type(name.title(), (MethodView,), {"post": post, "__doc__": sentence})
    )


_step("pause", pause_offering, "No new promises for now.")
_step("resume", resume_offering, "A paused offering is open again.")
_step("withdraw", withdraw_offering, "End the offering for good; refused while units are promised.")


def _readable(offering_id: uuid.UUID) -> Offering:
    if not (may("offering.read") or may("own.donor")):
        raise NotAllowed("Your roles do not include this; ask an administrator of your county")
    own = own_donor_ids() if may("own.donor") else []
    return get_offering(db(), offering_id, scope=scope_of("offering.read"), own_donor_ids=own)


def entry_of(given: dict[str, Any]) -> OfferingEntry:
    """The domain's entry from the document."""
    lists = {
        name: tuple(given[name]) if given[name] is not None else None
        for name in ("areas", "provides", "types", "fund_ids")
    }
    return OfferingEntry(**{**given, **lists})
