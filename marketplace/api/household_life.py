"""The life of households and the history of their indicators."""

import uuid
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from households.history.operations import withdraw_value
from households.history.queries import history_of
from households.life.operations import move_household, record_birth, record_death
from households.life.parting import join_households, split_household
from households.life.queries import life_of
from households.life.rules import Place
from households.queries import get_household
from households.rules import MemberEntry
from marketplace.api.base import list_of, refusals
from marketplace.api.fields import ReasonSchema
from marketplace.api.household_life_schemas import (
    BirthSchema,
    DeathSchema,
    JoinSchema,
    LifeChangeSchema,
    MovedSchema,
    NewPlaceSchema,
    PastValueSchema,
    SplitSchema,
)
from marketplace.api.households import document_of, writing
from marketplace.api.households_schemas import HouseholdSchema
from marketplace.reports.rounds_under_way import needs_in_rounds
from marketplace.security.access import db, requires, scope_of

blueprint = Blueprint(
    "api_household_life",
    __name__,
    url_prefix="/api/v1/households",
    description="The life of households, and their history",
)


def relations_of(given: dict[str, Any]) -> dict[uuid.UUID, str]:
    """Member → relation."""
    return {one["member_id"]: one["relation"] for one in given["relations"]}


def place_of(given: dict[str, Any]) -> Place:
    """The place of the document."""
    return Place(*(given[name] for name in ("region_code", "address", "lat", "lon")))


@blueprint.route("/<uuid:household_id>/history")
class History(MethodView):
    """The indicators' history."""

    @requires("household.read")
    @blueprint.response(200, list_of(PastValueSchema))
    @refusals(blueprint, 401, 403, 404)
    def get(self, household_id: uuid.UUID) -> object:
        """What was recorded, by indicator, the newest first; at most the newest 50 of each."""
        household = get_household(db(), household_id, scope=scope_of("household.read"))
        return {"items": history_of(db(), household.id), "next": None}


@blueprint.route("/history/<uuid:value_id>/withdraw")
class Withdraw(MethodView):
    """Taking a value back."""

    @requires("household.write")
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, HouseholdSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, str], value_id: uuid.UUID) -> object:
        """Take a wrong value back; the one before holds again. To replace it, record a value that `corrects` it."""
        return document_of(withdraw_value(db(), value_id=value_id, reason=given["reason"], **writing()))


@blueprint.route("/<uuid:household_id>/life")
class Life(MethodView):
    """What happened."""

    @requires("household.read")
    @blueprint.response(200, list_of(LifeChangeSchema))
    @refusals(blueprint, 401, 403, 404)
    def get(self, household_id: uuid.UUID) -> object:
        """Births, deaths, moves, splits and joinings, the newest first."""
        scope = scope_of("household.read")
        household = get_household(db(), household_id, scope=scope)
        return {"items": life_of(db(), household.id, scope=scope), "next": None}


@blueprint.route("/<uuid:household_id>/births")
class Births(MethodView):
    """Births."""

    @requires("household.write")
    @blueprint.arguments(BirthSchema)
    @blueprint.response(201, HouseholdSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], household_id: uuid.UUID) -> object:
        """A newborn joins the household."""
        return document_of(record_birth(db(), household_id=household_id, entry=MemberEntry(**given), **writing()))


@blueprint.route("/<uuid:household_id>/deaths")
class Deaths(MethodView):
    """Deaths."""

    @requires("household.write")
    @blueprint.arguments(DeathSchema)
    @blueprint.response(201, HouseholdSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], household_id: uuid.UUID) -> object:
        """A member died; with the last member the household closes."""
        relations = relations_of(given)
        asked = {**given, "relations": relations}
        return document_of(record_death(db(), household_id=household_id, **asked, **writing()))


@blueprint.route("/<uuid:household_id>/moves")
class Moves(MethodView):
    """Moves."""

    @requires("household.write")
    @blueprint.arguments(NewPlaceSchema)
    @blueprint.response(201, MovedSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], household_id: uuid.UUID) -> object:
        """The household moves; its open needs, deliveries under way and the right to see it follow at once."""
        moved = move_household(
            db(),
            household_id=household_id,
            place=place_of(given),
            happened_on=given["happened_on"],
            in_rounds=needs_in_rounds(db(), [household_id]),
            **writing(),
        )
        row = moved.household
        return {"id": row.id, "number": row.number, "region_code": row.region_code, "needs": moved.needs, "promised": moved.promised,
                "in_rounds": [{"need": need, "round": number} for need, number in moved.in_rounds.items()]}  # fmt: skip


@blueprint.route("/<uuid:household_id>/splits")
class Splits(MethodView):
    """Splits."""

    @requires("household.write")
    @blueprint.arguments(SplitSchema)
    @blueprint.response(201, HouseholdSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], household_id: uuid.UUID) -> object:
        """Some members become a household of their own, which is answered; its consent is asked anew."""
        made = split_household(
            db(),
            household_id=household_id,
            leaving=given["leaving"],
            relations=relations_of(given),
            place=place_of(given),
            needs_along=given["needs_along"],
            happened_on=given["happened_on"],
            in_rounds=needs_in_rounds(db(), [household_id]),
            **writing(),
        )
        return document_of(made)


@blueprint.route("/<uuid:household_id>/joinings")
class Joinings(MethodView):
    """Joinings."""

    @requires("household.write")
    @blueprint.arguments(JoinSchema)
    @blueprint.response(201, HouseholdSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], household_id: uuid.UUID) -> object:
        """Another household comes into this one and is closed."""
        return document_of(
            join_households(
                db(),
                household_id=household_id,
                other_id=given["other_id"],
                relations=relations_of(given),
                happened_on=given["happened_on"],
                in_rounds=needs_in_rounds(db(), [given["other_id"]]),
                **writing(),
            )
        )
