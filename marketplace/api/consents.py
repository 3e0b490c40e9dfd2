"""Consents of households, purpose by purpose."""

import uuid
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from households.consents.operations import give_consents, withdraw_consent
from households.consents.queries import consents_of
from households.consents.rules import Giving
from marketplace.api.base import list_of, refusals
from marketplace.api.households import document_of, writing
from marketplace.api.households_schemas import HouseholdSchema
from marketplace.api.plans_schemas import ConsentSchema, GiveConsentSchema, WithdrawConsentSchema
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
        """Record what the household agrees to; a purpose that is agreed to already stays as it is."""
        purposes = given.pop("purposes")
        rows = give_consents(db(), household_id=household_id, purposes=purposes, giving=Giving(**given), **writing())
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
