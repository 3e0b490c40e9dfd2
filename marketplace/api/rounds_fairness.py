"""Fairness of match rounds 匹配轮次: coverage by group within each tier, the price of fairness, and who has waited."""

import uuid
from typing import Any

import marshmallow as ma
from flask.views import MethodView
from flask_smorest import Blueprint

from kernel.errors import NotFound
from marketplace.api.base import PageQuery, list_of, refusals
from marketplace.security.access import db, requires, scope_of
from matching.rounds import queries
from matching.rounds.coverage import DIMENSIONS, for_the_public
from matching.rounds.waits import list_waits

blueprint = Blueprint(
    "api_rounds_fairness", __name__, url_prefix="/api/v1/rounds", description="Fairness of match rounds 轮次的公平"
)

SHARE = "A share of 1"


class CoverageQuery(ma.Schema):
    """What of the coverage is wanted."""

    dimension = ma.fields.String(load_default=None, validate=ma.validate.OneOf(DIMENSIONS))
    published = ma.fields.Boolean(
        load_default=False,
        metadata={"description": "Only what may be published: no group of fewer than 10 households, none that tells of one"},
    )  # fmt: skip


class CoverageCellSchema(ma.Schema):
    """One group in one tier. Points: 1000 for each weight; `ratio` is its rate over the whole round's in the tier."""

    needs = ma.fields.Integer(required=True)
    needs_reached = ma.fields.Integer(required=True)
    needs_met = ma.fields.Integer(required=True)
    households = ma.fields.Integer(required=True)
    households_reached = ma.fields.Integer(required=True)
    points = ma.fields.Integer(required=True)
    possible = ma.fields.Integer(required=True)
    rate = ma.fields.Float(allow_none=True, metadata={"description": SHARE})
    ratio = ma.fields.Float(allow_none=True)
    flag = ma.fields.Boolean()


class CoverageRowSchema(ma.Schema):
    """One group; of a published one only the group, its households, the standardised shares, the ratio and the flag."""

    dimension = ma.fields.String(required=True, validate=ma.validate.OneOf(DIMENSIONS))
    group = ma.fields.String(required=True, metadata={"description": "A region's code, a type, or a group's code"})
    households = ma.fields.Integer(required=True)
    households_reached = ma.fields.Integer()
    needs = ma.fields.Integer()
    needs_reached = ma.fields.Integer()
    needs_met = ma.fields.Integer()
    points = ma.fields.Integer()
    possible = ma.fields.Integer()
    expected = ma.fields.Integer(metadata={"description": "Points, had each of its tiers been covered as in the round"})
    ratio = ma.fields.Float(allow_none=True, metadata={"description": "points over expected; flagged under 0.8"})
    standardised = ma.fields.Float(
        allow_none=True, metadata={"description": "Coverage by the round's weights of tiers"}
    )
    standard = ma.fields.Float(allow_none=True, metadata={"description": "The round's coverage by the same weights"})
    small = ma.fields.Boolean(metadata={"description": "Fewer than 10 households: never flagged, never published"})
    flag = ma.fields.Boolean(required=True)
    tiers = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Nested(CoverageCellSchema))


class TierPriceSchema(ma.Schema):
    """One tier in points: as fixed before the floors, as delivered, and the least the tolerance allows."""

    tier = ma.fields.Integer(required=True)
    fixed = ma.fields.Integer(required=True)
    delivered = ma.fields.Integer(required=True)
    given_up = ma.fields.Integer(required=True)
    least = ma.fields.Integer(required=True)


class TownshipPriceSchema(ma.Schema):
    """One township in points; null where the plan does not say what stood before."""

    code = ma.fields.String(required=True)
    floor = ma.fields.Integer(required=True)
    before = ma.fields.Integer(allow_none=True)
    points = ma.fields.Integer(required=True)
    shortfall_before = ma.fields.Integer(allow_none=True)
    shortfall = ma.fields.Integer(required=True)


class PriceSchema(ma.Schema):
    """What the floors of the townships cost and gave, in points."""

    floor_percent = ma.fields.Integer(required=True)
    tolerance_permille = ma.fields.Integer(required=True)
    tiers = ma.fields.List(ma.fields.Nested(TierPriceSchema))
    fixed = ma.fields.Integer()
    delivered = ma.fields.Integer()
    given_up = ma.fields.Integer()
    shortfall_before = ma.fields.Integer(allow_none=True)
    shortfall = ma.fields.Integer()
    townships = ma.fields.List(ma.fields.Nested(TownshipPriceSchema))


class ExceptionsSchema(ma.Schema):
    """Idle units beside unmet needs, and needs served before one that outranks them, counted by what justifies them."""

    idle = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)
    envy = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)
    unjustified = ma.fields.Integer(required=True)
    sentences = ma.fields.List(
        ma.fields.String(), metadata={"description": "The first of those that nothing justifies"}
    )


class WaitSchema(ma.Schema):
    """A need that waiting lifted. `waited_permille`: thousandths of a round; `entered`: the weight in the frozen problem."""

    need_id = ma.fields.UUID(required=True)
    need_number = ma.fields.Integer()
    household_number = ma.fields.Integer()
    region_code = ma.fields.String()
    category_code = ma.fields.String()
    tier = ma.fields.Integer()
    weight = ma.fields.Integer(metadata={"description": "The need's own weight"})
    waited_permille = ma.fields.Integer(attribute="waited")
    counted = ma.fields.Integer(metadata={"description": "Its weight with what waiting adds"})
    quantity = ma.fields.Integer()
    open_units = ma.fields.Integer()
    entered = ma.fields.Integer()


@blueprint.route("/<uuid:round_id>/coverage")
class Coverage(MethodView):
    """Whom the plan reaches."""

    @requires("round.read")
    @blueprint.arguments(CoverageQuery, location="query")
    @blueprint.response(200, list_of(CoverageRowSchema))
    @refusals(blueprint, 401, 403, 404, 422)
    def get(self, query: dict[str, Any], round_id: uuid.UUID) -> object:
        """Coverage by township, type, sex, age group and disability, within each tier and standardised over them."""
        found = _coverage(round_id)
        tables = for_the_public(found) if query["published"] else found["dimensions"]
        names = DIMENSIONS if query["dimension"] is None else (query["dimension"],)
        items = [{"dimension": name, **row} for name in names for row in tables.get(name, ())]
        return {"items": items, "next": None}


@blueprint.route("/<uuid:round_id>/price-of-fairness")
class PriceOfFairness(MethodView):
    """What the floors cost."""

    @requires("round.read")
    @blueprint.response(200, PriceSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, round_id: uuid.UUID) -> object:
        """What the floors of the townships took from the tiers, and what townships lack to them before and after."""
        return _part(round_id, "price", NotFound("This round has no plan yet; it comes with the proposal"))


@blueprint.route("/<uuid:round_id>/exceptions")
class Exceptions(MethodView):
    """What looks unfair, and why it is so."""

    @requires("round.read")
    @blueprint.response(200, ExceptionsSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, round_id: uuid.UUID) -> object:
        """Idle units beside unmet needs, and needs served before one that outranks them, by reason."""
        too_large = NotFound("This round is too large to list its exceptions here; zhongfu verify --fairness does")
        return _part(round_id, "exceptions", too_large)


@blueprint.route("/<uuid:round_id>/waiting")
class Waiting(MethodView):
    """Who has waited."""

    @requires("round.read")
    @blueprint.arguments(PageQuery, location="query")
    @blueprint.response(200, list_of(WaitSchema))
    @refusals(blueprint, 401, 403, 404, 422)
    def get(self, query: dict[str, Any], round_id: uuid.UUID) -> object:
        """Needs that waiting lifted in this round, the longest wait first."""
        page = list_waits(db(), round_id, scope=scope_of("round.read"), **query)
        return {"items": page.rows, "next": page.next_after}


def _part(round_id: uuid.UUID, name: str, wanting: NotFound) -> object:
    """One part of what is kept with the coverage. Raises `wanting` where it is not there."""
    found = _coverage(round_id).get(name)
    if found is None:
        raise wanting
    return found


def _coverage(round_id: uuid.UUID) -> dict[str, Any]:
    found = queries.get_round(db(), round_id, scope=scope_of("round.read")).coverage
    if not found:
        raise NotFound("This round has no plan yet; it comes with the proposal")
    return found
