"""Plans of households 一户一策: drafting, agreeing, approving, reviewing."""

import uuid
from typing import Any

from flask import g
from flask.views import MethodView
from flask_smorest import Blueprint

from households.consents.rules import Giving
from households.plans.approval import approve_plan, refuse_plan, review_plan
from households.plans.following import fates_under
from households.plans.models import PREPARED, Plan
from households.plans.operations import agree, drop_draft, open_draft, reopen_draft, write_measures
from households.plans.queries import get_plan, list_plans, needs_of_lines, steps_of
from households.plans.rules import MeasureEntry
from households.plans.texts import open_words
from marketplace.api.base import list_of, refusals
from marketplace.api.fields import ReasonSchema
from marketplace.api.plans_schemas import (
    AgreementSchema,
    ApprovalSchema,
    HouseholdIdSchema,
    MeasureSchema,
    MeasuresSchema,
    PlanQuery,
    PlanReviewSchema,
    PlanRowSchema,
    PlanSchema,
    StepSchema,
)
from marketplace.api.visits_schemas import TextsSchema, VisitPurposeSchema
from marketplace.security.access import actor, clock_now, db, requires, scope_of
from matching.rounds.pools import rounds_holding

blueprint = Blueprint("api_plans", __name__, url_prefix="/api/v1/plans", description="Plans of households 一户一策")
_ROW = tuple(PlanRowSchema().fields)
_MEASURE = tuple(name for name in MeasureSchema().fields if name != "need_ids")


def writing(permission: str = "plan.write") -> dict[str, Any]:
    """Who writes, where, and when."""
    return {"actor": actor(), "scope": scope_of(permission), "now": clock_now()}


def document_of(plan: Plan) -> dict[str, Any]:
    """The version as a document."""
    needs: dict[uuid.UUID, list[uuid.UUID]] = {}
    for one in needs_of_lines(db(), [row.line_id for row in plan.measures]):
        needs.setdefault(one.line_id, []).append(one.need.id)
    fates = fates_under(db(), plan, rounds=rounds_holding(db(), [plan.household_id])) if plan.status in PREPARED else []
    return {
        **{name: getattr(plan, name) for name in _ROW},
        "basis": plan.basis,
        "measures": [
            {**{name: getattr(row, name) for name in _MEASURE}, "need_ids": needs.get(row.line_id, [])}
            for row in plan.measures
        ],
        "fates": [
            {"need_id": one.need.need_id, "need_number": one.need.number, "fate": one.kind, "round_number": one.need.round_number}
            for one in fates
        ],
    }  # fmt: skip


def _rounds(plan_id: uuid.UUID, permission: str) -> dict[uuid.UUID, int]:
    return rounds_holding(db(), [get_plan(db(), plan_id, scope=scope_of(permission)).household_id])


@blueprint.route("")
class Plans(MethodView):
    """The list."""

    @requires("plan.read")
    @blueprint.arguments(PlanQuery, location="query")
    @blueprint.response(200, list_of(PlanRowSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Plans in force and in preparation of one's regions, by household; with `status` those alone."""
        page = list_plans(db(), scope=scope_of("plan.read"), text=query.pop("search"), **query)
        return {"items": [row.plan for row in page.rows], "next": page.next_after}

    @requires("plan.write")
    @blueprint.arguments(HouseholdIdSchema)
    @blueprint.response(201, PlanSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Open a draft; one that is in preparation already is given back."""
        return document_of(open_draft(db(), household_id=given["household_id"], **writing()))


@blueprint.route("/<uuid:plan_id>")
class OnePlan(MethodView):
    """One version."""

    @requires("plan.read")
    @blueprint.response(200, PlanSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, plan_id: uuid.UUID) -> object:
        """A version with its measures and what they became."""
        return document_of(get_plan(db(), plan_id, scope=scope_of("plan.read")))


@blueprint.route("/<uuid:plan_id>/measures")
class Measures(MethodView):
    """What the draft asks for."""

    @requires("plan.write")
    @blueprint.arguments(MeasuresSchema)
    @blueprint.response(200, PlanSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def put(self, given: dict[str, Any], plan_id: uuid.UUID) -> object:
        """Write the draft's measures; those left out go."""
        entries = [MeasureEntry(**one) for one in given["measures"]]
        return document_of(
            write_measures(db(), plan_id=plan_id, entries=entries, version=given["version"], **writing())
        )


@blueprint.route("/<uuid:plan_id>/agree")
class Agree(MethodView):
    """The household's agreement."""

    @requires("plan.write")
    @blueprint.arguments(AgreementSchema)
    @blueprint.response(200, PlanSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], plan_id: uuid.UUID) -> object:
        """Record that the household agrees to the version it saw."""
        version = given.pop("version")
        return document_of(agree(db(), plan_id=plan_id, giving=Giving(**given), version=version, **writing()))


@blueprint.route("/<uuid:plan_id>/approve")
class Approve(MethodView):
    """Approval."""

    @requires("plan.approve")
    @blueprint.arguments(ApprovalSchema)
    @blueprint.response(200, PlanSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], plan_id: uuid.UUID) -> object:
        """Approve as another person than the authors; in force today, or on `starts_on`."""
        rounds = _rounds(plan_id, "plan.approve")
        plan, _followed = approve_plan(db(), plan_id=plan_id, rounds=rounds, **given, **writing("plan.approve"))
        return document_of(plan)


@blueprint.route("/<uuid:plan_id>/refuse")
class Refuse(MethodView):
    """Refusal."""

    @requires("plan.approve")
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, PlanSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, str], plan_id: uuid.UUID) -> object:
        """Send the version back to its drafter, with the reason."""
        return document_of(refuse_plan(db(), plan_id=plan_id, reason=given["reason"], **writing("plan.approve")))


@blueprint.route("/<uuid:plan_id>/reopen")
class Reopen(MethodView):
    """Back to a draft."""

    @requires("plan.write")
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, PlanSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, str], plan_id: uuid.UUID) -> object:
        """Take an agreed or approved version back to a draft; the agreement is void."""
        return document_of(reopen_draft(db(), plan_id=plan_id, reason=given["reason"], **writing()))


@blueprint.route("/<uuid:plan_id>/drop")
class Drop(MethodView):
    """Giving up."""

    @requires("plan.write")
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, PlanSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, str], plan_id: uuid.UUID) -> object:
        """Give a version in preparation up."""
        return document_of(drop_draft(db(), plan_id=plan_id, reason=given["reason"], **writing()))


@blueprint.route("/<uuid:plan_id>/review")
class Review(MethodView):
    """Review."""

    @requires("plan.write")
    @blueprint.arguments(PlanReviewSchema)
    @blueprint.response(200, PlanSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, str], plan_id: uuid.UUID) -> object:
        """Record a review; the plan to go on with comes back: itself, the new draft, or the ended plan."""
        rounds = _rounds(plan_id, "plan.write")
        return document_of(review_plan(db(), plan_id=plan_id, rounds=rounds, **given, **writing()))


@blueprint.route("/<uuid:plan_id>/steps")
class Steps(MethodView):
    """The story."""

    @requires("plan.read")
    @blueprint.response(200, list_of(StepSchema))
    @refusals(blueprint, 401, 403, 404)
    def get(self, plan_id: uuid.UUID) -> object:
        """What was done with the version, in order; reasons stay sealed."""
        plan = get_plan(db(), plan_id, scope=scope_of("plan.read"))
        return {"items": [row.step for row in steps_of(db(), plan.id)], "next": None}


@blueprint.route("/<uuid:plan_id>/texts")
class Texts(MethodView):
    """What was written."""

    @requires("personal.reveal")
    @blueprint.arguments(VisitPurposeSchema)
    @blueprint.response(200, TextsSchema)
    @refusals(blueprint, 400, 401, 403, 404, 422)
    def post(self, given: dict[str, Any], plan_id: uuid.UUID) -> object:
        """Open the reasons in the version's story, for a purpose that stays on the household's record."""
        g.idempotency_key = None  # what was opened must not lie beside a key
        rows = open_words(
            db(), subject="plan", subject_id=plan_id, purpose=given["purpose"], **writing("personal.reveal")
        )
        return {"texts": rows}
