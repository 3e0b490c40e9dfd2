"""Accounts of a household: which open its own pages."""

import uuid

import marshmallow as ma
from flask.views import MethodView
from flask_smorest import Blueprint

from households.accounts import accounts_of, find_account, join_account, leave_account
from households.queries import get_household
from marketplace.api import fields
from marketplace.api.base import list_of, refusals
from marketplace.api.households import writing
from marketplace.security.access import db, requires, scope_of

blueprint = Blueprint(
    "api_household_accounts", __name__, url_prefix="/api/v1/households", description="Accounts of households"
)


class JoinAccountSchema(ma.Schema):
    """Which account."""

    login = fields.text(100, required=True)


class JoinedAccountSchema(ma.Schema):
    """An account that opens the household's own pages."""

    user_id = ma.fields.UUID(required=True)
    login = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    active = ma.fields.Boolean(required=True)


def _document(household_id: uuid.UUID) -> dict[str, object]:
    return {"items": accounts_of(db(), household_id), "next": None}


@blueprint.route("/<uuid:household_id>/accounts")
class Accounts(MethodView):
    """All of one household."""

    @requires("household.write")
    @blueprint.response(200, list_of(JoinedAccountSchema))
    @refusals(blueprint, 401, 403, 404)
    def get(self, household_id: uuid.UUID) -> object:
        """The household's accounts, by login."""
        return _document(get_household(db(), household_id, scope=scope_of("household.write")).id)

    @requires("household.write")
    @blueprint.arguments(JoinAccountSchema)
    @blueprint.response(201, list_of(JoinedAccountSchema))
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, str], household_id: uuid.UUID) -> object:
        """Join the household account with this login; again changes nothing."""
        household = get_household(db(), household_id, scope=scope_of("household.write"))
        user_id = find_account(db(), given["login"], region_code=household.region_code)
        join_account(db(), household_id=household.id, user_id=user_id, **writing())
        return _document(household.id)


@blueprint.route("/<uuid:household_id>/accounts/<uuid:user_id>/leave")
class Leave(MethodView):
    """Taking away."""

    @requires("household.write")
    @blueprint.response(200, list_of(JoinedAccountSchema))
    @refusals(blueprint, 400, 401, 403, 404, 422)
    def post(self, household_id: uuid.UUID, user_id: uuid.UUID) -> object:
        """Take the account from the household, from the next request on; again changes nothing."""
        leave_account(db(), household_id=household_id, user_id=user_id, **writing())
        return _document(household_id)
