"""Portraits 精准画像: what follows from a household's facts today, what is on record, and the renewals of whole regions."""

import uuid
from typing import Any

import marshmallow as ma
from flask.views import MethodView
from flask_smorest import Blueprint

from households.models import Household
from households.portrait.models import KeptPortrait
from households.portrait.portrait import Reason, is_unknown
from households.portrait.queries import (
    PortraitOfRecord,
    kept_portrait,
    kept_portraits,
    list_renewals,
    portrait_on_record,
)
from households.portrait.renewal import ask_renewal
from households.queries import get_household
from kernel.errors import NotFound
from marketplace.api import fields
from marketplace.api.base import list_of, refusals
from marketplace.security.access import actor, clock_now, db, requires, scope_of, today

blueprint = Blueprint("api_portraits", __name__, url_prefix="/api/v1", description="Portraits 精准画像")


class PortraitReasonSchema(ma.Schema):
    """A condition that held: the fact, its value (null: not on file, counted as 0), the ends it lies between (null: open), and the indicators
    among those it is reckoned from that are not on file."""

    fact = ma.fields.String(required=True)
    value = ma.fields.Integer(required=True, allow_none=True)
    missing = ma.fields.List(ma.fields.String(), required=True)
    at_least = ma.fields.Integer(required=True, allow_none=True)
    at_most = ma.fields.Integer(required=True, allow_none=True)


class FiredSchema(ma.Schema):
    """A rule that gave points, `more` of them for units beyond its threshold."""

    rule = ma.fields.String(required=True)
    type = ma.fields.String(required=True)
    points = ma.fields.Integer(required=True)
    more = ma.fields.Integer(required=True)
    reasons = ma.fields.List(ma.fields.Nested(PortraitReasonSchema), required=True)


class ChosenSchema(ma.Schema):
    """A category or tier and why; no reasons where nothing else applied."""

    name = ma.fields.String(required=True)
    reasons = ma.fields.List(ma.fields.Nested(PortraitReasonSchema), required=True)


class SuggestedSchema(ma.Schema):
    """A measure that may be chosen, with the quantity it would ask for."""

    code = ma.fields.String(required=True)
    quantity = ma.fields.Integer(required=True)
    reasons = ma.fields.List(ma.fields.Nested(PortraitReasonSchema), required=True)


class PortraitSchema(ma.Schema):
    """A portrait, each part with the facts and rules that made it. `facts`: whole numbers by name, money in fen; null: not on file, counted as 0.
    `missing`: the indicators behind category, points, tier or suggestions that are not on file."""

    day = ma.fields.Date(required=True)
    policy = ma.fields.String(required=True)
    facts = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(allow_none=True), required=True)
    missing = ma.fields.List(ma.fields.String(), required=True)
    category = ma.fields.Nested(ChosenSchema, required=True)
    scores = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)
    fired = ma.fields.List(ma.fields.Nested(FiredSchema), required=True)
    main_type = ma.fields.String(required=True, allow_none=True)
    secondary = ma.fields.List(ma.fields.String(), required=True)
    risk_tier = ma.fields.Nested(ChosenSchema, required=True)
    suggested = ma.fields.List(ma.fields.Nested(SuggestedSchema), required=True)


class KeptRowSchema(ma.Schema):
    """A portrait on record, current where `superseded_at` is null."""

    id = ma.fields.UUID(required=True)
    policy = ma.fields.String(required=True)
    day = ma.fields.Date(required=True)
    category = ma.fields.String(required=True)
    main_type = ma.fields.String(required=True, allow_none=True)
    risk_tier = ma.fields.String(required=True)
    made_at = ma.fields.AwareDateTime(required=True)
    superseded_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class RenewalSchema(ma.Schema):
    """A region whose portraits are made anew: `done` of `total` households looked at, `changed` written."""

    id = ma.fields.UUID(required=True)
    region_code = ma.fields.String(required=True)
    reason = ma.fields.String(required=True, metadata={"description": "policy, daily or asked"})
    planned_on = ma.fields.Date(required=True)
    status = ma.fields.String(required=True, metadata={"description": "waiting, running or done"})
    total = ma.fields.Integer(required=True)
    done = ma.fields.Integer(required=True)
    changed = ma.fields.Integer(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    finished_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class RenewalEntrySchema(ma.Schema):
    """Which region."""

    region_code = fields.region_code(required=True)


def _household(household_id: uuid.UUID) -> Household:
    return get_household(db(), household_id, scope=scope_of("household.read"))


def _reasons(reasons: tuple[Reason, ...]) -> list[dict[str, Any]]:
    return [
        {
            **vars(reason),
            "value": None if reason.is_unknown else reason.value,
            "missing": list(reason.missing),
        }
        for reason in reasons
    ]


def document_of(made: PortraitOfRecord) -> dict[str, Any]:
    """The portrait with all that made it."""
    found = made.portrait
    return {
        "day": made.day, "policy": made.policy_set.code, "scores": found.scores, "missing": list(found.missing),
        "facts": {name: None if is_unknown(name, found.unrecorded) else value for name, value in found.facts.items()},
        "category": {"name": found.category.name, "reasons": _reasons(found.category.reasons)},
        "fired": [{**vars(one), "reasons": _reasons(one.reasons)} for one in found.fired],
        "main_type": found.main, "secondary": list(found.secondary),
        "risk_tier": {"name": found.risk.name, "reasons": _reasons(found.risk.reasons)},
        "suggested": [{**vars(one), "reasons": _reasons(one.reasons)} for one in found.suggested],
    }  # fmt: skip


def row_of(kept: KeptPortrait, policy: str) -> dict[str, Any]:
    """A portrait on record as a row."""
    names = ("id", "day", "category", "main_type", "risk_tier", "made_at", "superseded_at")
    return {"policy": policy, **{name: getattr(kept, name) for name in names}}


@blueprint.route("/households/<uuid:household_id>/portrait")
class Today(MethodView):
    """Today's portrait."""

    @requires("household.read")
    @blueprint.response(200, PortraitSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, household_id: uuid.UUID) -> object:
        """What follows from the household's facts today; 404 where nothing is known of it or no policy set holds."""
        made = portrait_on_record(db(), _household(household_id), day=today())
        if made is None:
            raise NotFound(
                "There is no portrait: no indicator is on file, or no policy set holds for this region today."
            )
        return document_of(made)


@blueprint.route("/households/<uuid:household_id>/portraits")
class OnRecord(MethodView):
    """What is on record."""

    @requires("household.read")
    @blueprint.response(200, list_of(KeptRowSchema))
    @refusals(blueprint, 401, 403, 404)
    def get(self, household_id: uuid.UUID) -> object:
        """The portraits on record, the current one first."""
        kept = kept_portraits(db(), _household(household_id))
        return {"items": [row_of(one, policy_set.code) for one, policy_set in kept], "next": None}


@blueprint.route("/households/<uuid:household_id>/portraits/<uuid:portrait_id>")
class OneOnRecord(MethodView):
    """One portrait on record."""

    @requires("household.read")
    @blueprint.response(200, PortraitSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, household_id: uuid.UUID, portrait_id: uuid.UUID) -> object:
        """A portrait on record, explained by its own facts and policy set."""
        return document_of(kept_portrait(db(), _household(household_id), portrait_id)[1])


@blueprint.route("/portrait-renewals")
class Renewals(MethodView):
    """Renewals of whole regions."""

    @requires("policy.read")
    @blueprint.response(200, list_of(RenewalSchema))
    @refusals(blueprint, 401, 403)
    def get(self) -> object:
        """The newest renewals of one's regions, with how far they are."""
        return {"items": list_renewals(db(), scope=scope_of("policy.read"), limit=50), "next": None}

    @requires("policy.write")
    @blueprint.arguments(RenewalEntrySchema)
    @blueprint.response(202, RenewalSchema)
    @refusals(blueprint, 400, 401, 403, 404, 422)
    def post(self, given: dict[str, str]) -> object:
        """Have a worker make the portraits of a region anew; one that is waiting or under way serves."""
        return ask_renewal(
            db(), region_code=given["region_code"], actor=actor(), scope=scope_of("policy.write"), now=clock_now()
        )
