"""Needs 需求: what households ask for."""

import uuid
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from households.needs.operations import change_need, post_need, withdraw_need
from households.needs.queries import get_need, list_needs
from households.needs.rules import NeedEntry
from marketplace.api.base import list_of, refusals
from marketplace.api.fields import ReasonSchema
from marketplace.api.needs_schemas import NeedChangeSchema, NeedEntrySchema, NeedQuery, NeedSchema
from marketplace.security.access import actor, clock_now, db, own_household_ids, requires, scope_of, today

blueprint = Blueprint("api_needs", __name__, url_prefix="/api/v1/needs", description="Needs 需求")


def writing() -> dict[str, Any]:
    """Who writes, where, and when."""
    return {"actor": actor(), "scope": scope_of("need.write"), "now": clock_now()}


def entry_of(given: dict[str, Any]) -> NeedEntry:
    """The domain's entry from the document."""
    return NeedEntry(**{**given, "accepts": tuple(given["accepts"]), "requires": tuple(given["requires"])})


def page_of(
    query: dict[str, Any], *, scope: tuple[str, ...] | None, household_ids: tuple[uuid.UUID, ...] | None
) -> object:
    """One page of needs as a document."""
    query = {**query, "text": query["search"], "overdue_on": today() if query["overdue"] else None}
    for name in ("search", "overdue", "household_id"):
        del query[name]
    page = list_needs(db(), scope=scope, household_ids=household_ids, **query)
    return {"items": [row.need for row in page.rows], "next": page.next_after}


@blueprint.route("")
class Needs(MethodView):
    """The list."""

    @requires("need.read")
    @blueprint.arguments(NeedQuery, location="query")
    @blueprint.response(200, list_of(NeedSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Needs of one's regions, most urgent first."""
        one = query["household_id"]
        return page_of(query, scope=scope_of("need.read"), household_ids=(one,) if one else None)

    @requires("need.write")
    @blueprint.arguments(NeedEntrySchema)
    @blueprint.response(201, NeedSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Post a need of a household."""
        return post_need(db(), entry=entry_of(given), **writing())


@blueprint.route("/mine")
class Mine(MethodView):
    """One's own."""

    @requires("own.household")
    @blueprint.arguments(NeedQuery, location="query")
    @blueprint.response(200, list_of(NeedSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """The needs of one's own household."""
        return page_of(query, scope=None, household_ids=tuple(own_household_ids()))


@blueprint.route("/<uuid:need_id>")
class OneNeed(MethodView):
    """One need."""

    @requires("need.read")
    @blueprint.response(200, NeedSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, need_id: uuid.UUID) -> object:
        """A need."""
        return get_need(db(), need_id, scope=scope_of("need.read"))

    @requires("need.write")
    @blueprint.arguments(NeedChangeSchema)
    @blueprint.response(200, NeedSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def put(self, given: dict[str, Any], need_id: uuid.UUID) -> object:
        """Change a need; never below what is promised."""
        version = given.pop("version")
        return change_need(db(), need_id=need_id, version=version, entry=entry_of(given), **writing())


@blueprint.route("/<uuid:need_id>/withdraw")
class Withdraw(MethodView):
    """Taking a need back."""

    @requires("need.write")
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, NeedSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, str], need_id: uuid.UUID) -> object:
        """Withdraw a need; refused while some of it is promised."""
        return withdraw_need(db(), need_id=need_id, reason=given["reason"], **writing())
