"""Objections 异议 of households."""

import uuid
from typing import Any

from flask import g
from flask.views import MethodView
from flask_smorest import Blueprint

from households.models import Household
from households.plans.objections import hear_objection, object_to, read_words
from households.plans.queries import answer_of, get_objection, list_objections
from kernel.errors import NotFound
from marketplace.api.base import list_of, refusals
from marketplace.api.plans_schemas import (
    HearingSchema,
    ObjectionQuery,
    ObjectionSchema,
    RaiseObjectionSchema,
    WordsSchema,
)
from marketplace.security.access import actor, clock_now, db, own_household_ids, requires, scope_of

blueprint = Blueprint(
    "api_objections", __name__, url_prefix="/api/v1/objections", description="Objections of households 异议"
)


def hearing() -> dict[str, Any]:
    """Who hears, where, and when."""
    return {"actor": actor(), "scope": scope_of("plan.approve"), "now": clock_now()}


@blueprint.route("")
class Objections(MethodView):
    """The list."""

    @requires("plan.read")
    @blueprint.arguments(ObjectionQuery, location="query")
    @blueprint.response(200, list_of(ObjectionSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Objections of one's regions: the open ones by how long they wait, others the newest first."""
        page = list_objections(db(), scope=scope_of("plan.read"), **query)
        return {"items": [row.objection for row in page.rows], "next": page.next_after}

    @requires("own.household")
    @blueprint.arguments(RaiseObjectionSchema)
    @blueprint.response(201, ObjectionSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Object for one's own household; what it concerns enters no round until it is heard."""
        if given["household_id"] not in own_household_ids():
            raise NotFound("This household is not yours")
        region = db().get_one(Household, given["household_id"]).region_code
        return object_to(db(), **given, actor=actor(), scope=(region,), now=clock_now())


@blueprint.route("/<uuid:objection_id>/read")
class Read(MethodView):
    """The words."""

    @requires("plan.approve")
    @blueprint.response(200, WordsSchema)
    @refusals(blueprint, 400, 401, 403, 404, 422)
    def post(self, objection_id: uuid.UUID) -> object:
        """Open the household's words, and the answer to them, for hearing it; who did stands where the household can see it."""
        g.idempotency_key = None  # what was opened must not lie beside a key
        words = read_words(db(), objection_id=objection_id, **hearing())
        answer = answer_of(db(), get_objection(db(), objection_id, scope=scope_of("plan.approve")).objection)
        return {"words": words, "answer": answer}


@blueprint.route("/<uuid:objection_id>/hear")
class Hear(MethodView):
    """The decision."""

    @requires("plan.approve")
    @blueprint.arguments(HearingSchema)
    @blueprint.response(200, ObjectionSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], objection_id: uuid.UUID) -> object:
        """Decide as another person than the plan's authors and approver; upheld against one need, that need is withdrawn."""
        return hear_objection(db(), objection_id=objection_id, **given, **hearing())
