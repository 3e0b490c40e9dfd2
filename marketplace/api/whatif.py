"""What if: estimates with bounds, questions for a worker, their answers, and two rounds side by side. No question changes its round."""

import uuid
from dataclasses import asdict
from typing import Any

import marshmallow as ma
from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint

from kernel.errors import InvalidInput
from marketplace.api import fields
from marketplace.api.base import list_of, refusals
from marketplace.api.fields import ReasonSchema
from marketplace.api.rounds_schemas import RoundSchema
from marketplace.security.access import actor, clock_now, db, requires, scope_of
from marketplace.serving.warm_plans import estimate
from matching.alternatives import Change
from matching.problem import Forbid, Pin
from matching.rounds import whatif, whatif_queries
from matching.rounds.claims import ask_again
from matching.rounds.side_by_side import side_by_side
from matching.rounds.steps import round_in_scope
from matching.rounds.whatif_models import KINDS, STATUSES

blueprint = Blueprint("api_what_ifs", __name__, url_prefix="/api/v1/rounds", description="What if 假设分析")


def _number(description: str) -> ma.fields.Integer:
    return ma.fields.Integer(load_default=None, metadata={"description": description})


class EstimateQuery(ma.Schema):
    """What differs; what is left out stays as it is."""

    budget_fen = _number("Most that all help together may cost, fen")
    floor_percent = _number("Floor of the townships, percent")
    tolerance_permille = _number("What a tier may give up for the floors, per mille")
    fund = ma.fields.List(
        ma.fields.String(),
        load_default=list,
        metadata={"description": "`ID:FEN`, the new amount of a fund; repeatable"},
    )


class TierAnswerSchema(ma.Schema):
    """Points of one tier. `at_least`: a plan at hand reaches it; `at_most`: no plan that keeps the tiers before passes it."""

    tier = ma.fields.Integer()
    before = ma.fields.Integer()
    at_least = ma.fields.Integer()
    likely = ma.fields.Integer()
    at_most = ma.fields.Integer()
    at_most_before = ma.fields.Integer()


class TownshipShortSchema(ma.Schema):
    """A township below its floor in the plan at hand."""

    code = ma.fields.String()
    points = ma.fields.Integer()


class AnswerSchema(ma.Schema):
    """An estimate with its bounds; `priced` false: the prices are not computed yet, so the bounds are wide."""

    tiers = ma.fields.List(ma.fields.Nested(TierAnswerSchema))
    shortfall_before = ma.fields.Integer()
    shortfall = ma.fields.Integer()
    shortfall_least = ma.fields.Integer()
    cost_before_fen = ma.fields.Integer()
    cost_fen = ma.fields.Integer()
    needs_gaining = ma.fields.Integer()
    needs_losing = ma.fields.Integer()
    households_gaining = ma.fields.Integer()
    households_losing = ma.fields.Integer()
    townships_below = ma.fields.List(ma.fields.Nested(TownshipShortSchema))
    priced = ma.fields.Boolean()


class PinSchema(ma.Schema):
    """Exactly `quantity` units of this pair."""

    need = ma.fields.UUID(required=True)
    offering = ma.fields.UUID(required=True)
    quantity = fields.whole("Units", required=True)


class ForbidSchema(ma.Schema):
    """Nothing of this pair."""

    need = ma.fields.UUID(required=True)
    offering = ma.fields.UUID(required=True)


class FundAmountSchema(ma.Schema):
    """The new amount of a fund."""

    id = ma.fields.UUID(required=True)
    amount_fen = fields.whole("Fen", required=True)


class QuestionEntrySchema(ma.Schema):
    """A question: other amounts are solved anew; pins and forbids by the fewest changes to the proposed plan."""

    budget_fen = fields.whole("Most that all help together may cost, fen", load_default=None, allow_none=True)
    floor_percent = fields.whole("Floor of the townships, percent", load_default=None, allow_none=True)
    tolerance_permille = fields.whole("Per mille", load_default=None, allow_none=True)
    funds = ma.fields.List(ma.fields.Nested(FundAmountSchema), load_default=list)
    pins = ma.fields.List(ma.fields.Nested(PinSchema), load_default=list)
    forbids = ma.fields.List(ma.fields.Nested(ForbidSchema), load_default=list)


class WhatIfSchema(ma.Schema):
    """A question and, once it is done, its answer: levels before and after, counts, the first differences, money by fund; of a `claim`
    what the need lacks, why, and in `detail` what holds when everything is solved again."""

    id = ma.fields.UUID()
    round_id = ma.fields.UUID()
    kind = ma.fields.String(validate=ma.validate.OneOf(KINDS))
    change = ma.fields.Dict()
    status = ma.fields.String(validate=ma.validate.OneOf(STATUSES))
    reason = ma.fields.String(allow_none=True)
    created_at = ma.fields.AwareDateTime()
    ended_at = ma.fields.AwareDateTime(allow_none=True)
    progress = ma.fields.Dict(allow_none=True)
    result = ma.fields.Dict(allow_none=True)
    taken_round_id = ma.fields.UUID(allow_none=True)


class CompareQuery(ma.Schema):
    """Two rounds that have a plan."""

    a = ma.fields.UUID(required=True)
    b = ma.fields.UUID(required=True)


class BesideSchema(ma.Schema):
    """Two rounds beside each other; pairs are (of a, of b). `same_pool`: what was frozen is equal to the letter, rules and money included;
    `pool_only`: how many needs the pool of one alone held."""

    same_pool = ma.fields.Boolean()
    pool_only = ma.fields.List(ma.fields.Integer())
    levels = ma.fields.List(ma.fields.Dict())
    groups = ma.fields.Dict()
    funds = ma.fields.List(ma.fields.Dict())
    served_by_both = ma.fields.Integer()
    served_only_by_a = ma.fields.Integer()
    served_only_by_b = ma.fields.Integer()
    households = ma.fields.List(ma.fields.Integer())
    cost_fen = ma.fields.List(ma.fields.Integer())
    needs_only_in_a = ma.fields.List(ma.fields.Dict())
    needs_only_in_b = ma.fields.List(ma.fields.Dict())


@blueprint.route("/<uuid:round_id>/estimate")
class Estimate(MethodView):
    """At once."""

    @requires("round.read")
    @blueprint.arguments(EstimateQuery, location="query")
    @blueprint.response(200, AnswerSchema)
    @refusals(blueprint, 401, 403, 404, 409, 422)
    def get(self, query: dict[str, Any], round_id: uuid.UUID) -> object:
        """What other money, floor or tolerance would do to the proposed plan: an estimate with its bounds."""
        match_round = round_in_scope(db(), round_id, scope_of("round.read"))
        funds = {}
        for given in query.pop("fund"):
            code, _, text = given.rpartition(":")
            if not (code and text.isascii() and text.isdigit() and len(text) < 18):
                raise InvalidInput("%(given)s is not ID:FEN", field="fund", given=given[:80])
            funds[code] = int(text)
        found = estimate(db(), match_round, Change(funds=funds or None, **query))
        below = [{"code": code, "points": points} for code, points in found.townships_below]
        return {**asdict(found), "townships_below": below}


@blueprint.route("/<uuid:round_id>/what-ifs")
class WhatIfs(MethodView):
    """Questions of a round."""

    @requires("round.read")
    @blueprint.response(200, list_of(WhatIfSchema))
    @refusals(blueprint, 401, 403, 404)
    def get(self, round_id: uuid.UUID) -> object:
        """The newest questions asked of a round."""
        return {
            "items": whatif_queries.questions_of(db(), round_id, scope=scope_of("round.read"), limit=50),
            "next": None,
        }

    @requires("round.write")
    @blueprint.arguments(QuestionEntrySchema)
    @blueprint.response(201, WhatIfSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], round_id: uuid.UUID) -> object:
        """Ask: a worker solves the changed problem and keeps the answer; the round stays as it is."""
        change = Change(
            budget_fen=given["budget_fen"],
            funds={str(row["id"]): row["amount_fen"] for row in given["funds"]} or None,
            floor_percent=given["floor_percent"],
            tolerance_permille=given["tolerance_permille"],
            pins=tuple(Pin(str(row["need"]), str(row["offering"]), row["quantity"]) for row in given["pins"]),
            forbids=tuple(Forbid(str(row["need"]), str(row["offering"])) for row in given["forbids"]),
        )
        return whatif.ask(
            db(), round_id=round_id, change=change, actor=actor(), scope=scope_of("round.write"), now=clock_now()
        )


@blueprint.route("/<uuid:round_id>/unmet/<uuid:need_id>/check")
class CheckClaim(MethodView):
    """What would help, by solving again."""

    @requires("round.read")
    @blueprint.response(202, WhatIfSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409)
    def post(self, round_id: uuid.UUID, need_id: uuid.UUID) -> object:
        """Check what would help an unmet need: a worker solves the pool again; ask `/rounds/what-ifs/{id}` until it is `done`.

        Once per need and plan: asked again, the same check or its answer. `result.detail` then says what holds when solved again.
        """
        return ask_again(
            db(), round_id=round_id, need_id=need_id, actor=actor(), scope=scope_of("round.read"), now=clock_now()
        )


@blueprint.route("/what-ifs/<uuid:what_if_id>")
class OneWhatIf(MethodView):
    """One question."""

    @requires("round.read")
    @blueprint.response(200, WhatIfSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, what_if_id: uuid.UUID) -> object:
        """A question: its progress, or its answer."""
        return whatif_queries.get_what_if(db(), what_if_id, scope=scope_of("round.read"))


@blueprint.route("/what-ifs/<uuid:what_if_id>/plan")
class WhatIfPlan(MethodView):
    """The answer as a file."""

    @requires("round.read")
    @blueprint.response(200, content_type="application/json")
    @refusals(blueprint, 401, 403, 404, 409)
    def get(self, what_if_id: uuid.UUID) -> Response:
        """The plan of the changed problem, as `zhongfu-plan/1`."""
        one = whatif_queries.get_what_if(db(), what_if_id, scope=scope_of("round.read"))
        return Response(whatif_queries.stored_answer(db(), one), content_type="application/json")


@blueprint.route("/what-ifs/<uuid:what_if_id>/cancel")
class CancelWhatIf(MethodView):
    """An end."""

    @requires("round.write")
    @blueprint.response(200, WhatIfSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409)
    def post(self, what_if_id: uuid.UUID) -> object:
        """End a question that waits."""
        return whatif.cancel(db(), what_if_id=what_if_id, actor=actor(), scope=scope_of("round.write"), now=clock_now())


@blueprint.route("/what-ifs/<uuid:what_if_id>/take-over")
class TakeOverWhatIf(MethodView):
    """A successor."""

    @requires("round.write")
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, RoundSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], what_if_id: uuid.UUID) -> object:
        """A successor of the round with the question's pins, forbids and policy, frozen with today's pool; three people decide it."""
        return whatif.take_over(
            db(),
            what_if_id=what_if_id,
            reason=given["reason"],
            actor=actor(),
            scope=scope_of("round.write"),
            now=clock_now(),
        )


@blueprint.route("/compare")
class Compare(MethodView):
    """Side by side."""

    @requires("round.read")
    @blueprint.arguments(CompareQuery, location="query")
    @blueprint.response(200, BesideSchema)
    @refusals(blueprint, 401, 403, 404, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Levels, coverage by township and type, money by fund, and the needs that one serves and the other does not."""
        found = side_by_side(db(), a=query["a"], b=query["b"], scope=scope_of("round.read"))
        return {
            "same_pool": found.same_pool,
            "pool_only": list(found.pool_only),
            "levels": [{"name": name, "a": asdict(one), "b": asdict(other)} for name, one, other in found.levels],
            "groups": {name: [asdict(row) for row in rows] for name, rows in found.groups.items()},
            "funds": [{"fund_id": str(row.fund_id), "name": row.name, "fen": list(row.fen)} for row in found.funds],
            "served_by_both": found.served[0],
            "served_only_by_a": found.served[1],
            "served_only_by_b": found.served[2],
            "households": list(found.households),
            "cost_fen": list(found.cost_fen),
            "needs_only_in_a": [{**asdict(row), "need_id": str(row.need_id)} for row in found.only[0]],
            "needs_only_in_b": [{**asdict(row), "need_id": str(row.need_id)} for row in found.only[1]],
        }
