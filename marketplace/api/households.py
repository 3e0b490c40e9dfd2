"""Households 家庭: masked unless revealed with a purpose."""

import uuid
from typing import Any

from flask import g
from flask.views import MethodView
from flask_smorest import Blueprint

from households.indicators import IndicatorEntry
from households.models import Household
from households.operations import (
    change_household,
    close_household,
    register_household,
    reopen_household,
    reveal,
    set_indicators,
    set_opt_out,
)
from households.queries import get_household, list_households, masked_view, who_looked
from households.rules import HouseholdEntry, MemberEntry
from marketplace.api.base import list_of, refusals
from marketplace.api.fields import ReasonSchema
from marketplace.api.households_schemas import (
    HouseholdChangeSchema,
    HouseholdEntrySchema,
    HouseholdQuery,
    HouseholdRowSchema,
    HouseholdSchema,
    IndicatorsSchema,
    LookSchema,
    OptOutSchema,
    RevealedSchema,
    RevealSchema,
)
from marketplace.security.access import actor, clock_now, db, requires, scope_of

blueprint = Blueprint(
    "api_households", __name__, url_prefix="/api/v1/households", description="Households 家庭, masked"
)
_COLUMNS = tuple(HouseholdRowSchema().fields)


def document_of(household: Household) -> dict[str, Any]:
    """The household with its numbers masked."""
    view = masked_view(db(), household)
    document: dict[str, Any] = {name: getattr(household, name) for name in _COLUMNS}
    return {
        **document,
        "phone_masked": view.phone_masked,
        "members": view.members,
        "indicators": household.indicators,
    }


def writing(permission: str = "household.write") -> dict[str, Any]:
    """Who writes, where, and when."""
    return {"actor": actor(), "scope": scope_of(permission), "now": clock_now()}


def entry_of(given: dict[str, Any]) -> HouseholdEntry:
    """The domain's entry from the document."""
    return HouseholdEntry(**{**given, "members": tuple(MemberEntry(**member) for member in given["members"])})


@blueprint.route("")
class Households(MethodView):
    """The list."""

    @requires("household.read")
    @blueprint.arguments(HouseholdQuery, location="query")
    @blueprint.response(200, list_of(HouseholdRowSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Households of one's regions, by number."""
        after = query.pop("after")
        page = list_households(
            db(),
            scope=scope_of("household.read"),
            text=query.pop("search"),
            after=None if after is None else str(after),
            **query,
        )
        return {"items": page.rows, "next": page.next_after}

    @requires("household.write")
    @blueprint.arguments(HouseholdEntrySchema)
    @blueprint.response(201, HouseholdSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Register a household with its members; a person who is in a household already is refused."""
        return document_of(register_household(db(), entry=entry_of(given), **writing()))


@blueprint.route("/<uuid:household_id>")
class OneHousehold(MethodView):
    """One household."""

    @requires("household.read")
    @blueprint.response(200, HouseholdSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, household_id: uuid.UUID) -> object:
        """A household, masked."""
        return document_of(get_household(db(), household_id, scope=scope_of("household.read")))

    @requires("household.write")
    @blueprint.arguments(HouseholdChangeSchema)
    @blueprint.response(200, HouseholdSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def put(self, given: dict[str, Any], household_id: uuid.UUID) -> object:
        """Change a household; members left out go, members without id are new."""
        version = given.pop("version")
        return document_of(
            change_household(db(), household_id=household_id, version=version, entry=entry_of(given), **writing())
        )


@blueprint.route("/<uuid:household_id>/indicators")
class Indicators(MethodView):
    """The indicators."""

    @requires("household.write")
    @blueprint.arguments(IndicatorsSchema)
    @blueprint.response(200, HouseholdSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def put(self, given: dict[str, Any], household_id: uuid.UUID) -> object:
        """Set the named indicators; the others stay."""
        entries = tuple(IndicatorEntry(**one) for one in given["indicators"])
        return document_of(set_indicators(db(), household_id=household_id, entries=entries, **writing()))


@blueprint.route("/<uuid:household_id>/opt-out")
class OptOut(MethodView):
    """Automatic matching."""

    @requires("household.write")
    @blueprint.arguments(OptOutSchema)
    @blueprint.response(200, HouseholdSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def put(self, given: dict[str, bool], household_id: uuid.UUID) -> object:
        """Keep the household out of automatic matching, or let it in again; its claim stays."""
        return document_of(set_opt_out(db(), household_id=household_id, opted_out=given["opted_out"], **writing()))


@blueprint.route("/<uuid:household_id>/close")
class Close(MethodView):
    """Closing."""

    @requires("household.write")
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, HouseholdSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, str], household_id: uuid.UUID) -> object:
        """Close a household and withdraw its open needs; refused while help is promised to it."""
        return document_of(close_household(db(), household_id=household_id, reason=given["reason"], **writing()))


@blueprint.route("/<uuid:household_id>/reopen")
class Reopen(MethodView):
    """Opening again."""

    @requires("household.write")
    @blueprint.response(200, HouseholdSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, household_id: uuid.UUID) -> object:
        """A closed household comes back; its needs stay withdrawn."""
        return document_of(reopen_household(db(), household_id=household_id, **writing()))


@blueprint.route("/<uuid:household_id>/reveal")
class Reveal(MethodView):
    """The sealed numbers."""

    @requires("personal.reveal")
    @blueprint.arguments(RevealSchema)
    @blueprint.response(200, RevealedSchema)
    @refusals(blueprint, 400, 401, 403, 404, 422)
    def post(self, given: dict[str, str], household_id: uuid.UUID) -> object:
        """Open the sealed numbers for a purpose; who, when and what for stands on the trail."""
        # The reply is never kept beside an Idempotency-Key: what was opened must not lie in a table in clear.
        g.idempotency_key = None
        return reveal(db(), household_id=household_id, purpose=given["purpose"], **writing("personal.reveal"))


@blueprint.route("/<uuid:household_id>/looks")
class Looks(MethodView):
    """Who looked."""

    @requires("household.read")
    @blueprint.response(200, list_of(LookSchema))
    @refusals(blueprint, 401, 403, 404)
    def get(self, household_id: uuid.UUID) -> object:
        """Who opened the sealed numbers and what for, newest first."""
        household = get_household(db(), household_id, scope=scope_of("household.read"))
        return {"items": who_looked(db(), household.id), "next": None}
