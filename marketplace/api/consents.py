"""Consents of households, purpose by purpose."""

import uuid
from typing import Any

from flask import g
from flask.views import MethodView
from flask_smorest import Blueprint

from households.consents.operations import give_consents, withdraw_consent
from households.consents.queries import consents_of
from households.consents.rules import Giving
from households.plans.texts import open_words
from marketplace.api.base import list_of, refusals
from marketplace.api.households import document_of, writing
from marketplace.api.households_schemas import HouseholdSchema
from marketplace.api.plans_schemas import ConsentSchema, GiveConsentSchema, WithdrawConsentSchema
from marketplace.api.visits_schemas import TextsSchema, VisitPurposeSchema
from marketplace.security.access import db, requires, scope_of

blueprint = Blueprint(
    "api_consents", __name__, url_prefix="/api/v1/households", description="Consents of households 知情同意"
)


@blueprint.route("/<uuid:household_id>/consents")
class Consents(MethodView):
    """All of one household."""

    @requires("household.read")
    @blueprint.response(200, list_of(ConsentSchema))
    @refusals(blueprint, 401, 403, 404)
    def get(self, household_id: uuid.UUID) -> object:
        """Consents in force first, then what was taken back, newest first."""
        rows = consents_of(db(), household_id=household_id, scope=scope_of("household.read"))
        return {"items": rows, "next": None}

    @requires("household.write")
    @blueprint.arguments(GiveConsentSchema)
    @blueprint.response(201, list_of(ConsentSchema))
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], household_id: uuid.UUID) -> object:
        """Record what the household agrees to; a purpose that is agreed to already stays as it is, unless the words are newer."""
        purposes, version = given.pop("purposes"), given.pop("version")
        versions = dict.fromkeys(purposes, version) if version else None
        rows = give_consents(
            db(), household_id=household_id, purposes=purposes, versions=versions, giving=Giving(**given), **writing()
        )
        return {"items": rows, "next": None}


@blueprint.route("/<uuid:household_id>/consents/withdraw")
class Withdraw(MethodView):
    """Taking back."""

    @requires("household.write")
    @blueprint.arguments(WithdrawConsentSchema)
    @blueprint.response(200, HouseholdSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], household_id: uuid.UUID) -> object:
        """The household takes a consent back; from this moment no round sees its needs."""
        return document_of(withdraw_consent(db(), household_id=household_id, **given, **writing()))


@blueprint.route("/<uuid:household_id>/consents/texts")
class Texts(MethodView):
    """What was said."""

    @requires("personal.reveal")
    @blueprint.arguments(VisitPurposeSchema)
    @blueprint.response(200, TextsSchema)
    @refusals(blueprint, 400, 401, 403, 404, 422)
    def post(self, given: dict[str, Any], household_id: uuid.UUID) -> object:
        """Open what the household said when it took consents back, for a purpose that stays on its record."""
        g.idempotency_key = None  # what was opened must not lie beside a key
        rows = open_words(
            db(), subject="consents", subject_id=household_id, purpose=given["purpose"], **writing("personal.reveal")
        )
        return {"texts": rows}
