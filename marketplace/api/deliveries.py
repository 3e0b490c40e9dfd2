"""Deliveries 交付: what a committed round promised, confirmed or declined where it should have arrived."""

import uuid
from typing import Any

import marshmallow as ma
from flask.views import MethodView
from flask_smorest import Blueprint

from marketplace.api import fields
from marketplace.api.base import PageQuery, list_of, refusals
from marketplace.api.fields import ReasonSchema
from marketplace.fulfilment.operations import confirm_delivery, decline_delivery
from marketplace.fulfilment.queries import STATUSES, DeliveryRow, get_delivery, list_deliveries
from marketplace.security.access import actor, clock_now, db, requires, scope_of

blueprint = Blueprint("api_deliveries", __name__, url_prefix="/api/v1/deliveries", description="Deliveries 交付")


class DeliveryQuery(PageQuery):
    """Filters of the list; by default those that wait for confirmation."""

    search = fields.search()
    status = ma.fields.String(load_default="reserved", validate=ma.validate.OneOf(STATUSES))
    region_code = fields.region_code(load_default=None)
    round_id = ma.fields.UUID(load_default=None)


class ConfirmSchema(ma.Schema):
    """What arrived; the rest is given back."""

    quantity = fields.whole("Units that arrived; leave it out for all", load_default=None, allow_none=True)


class DeliverySchema(ma.Schema):
    """One delivery. Who lives in the household is shown to those who may read households, at the household itself."""

    id = ma.fields.UUID(required=True)
    round_id = ma.fields.UUID()
    round_number = ma.fields.Integer()
    need_id = ma.fields.UUID()
    need_number = ma.fields.Integer()
    household_id = ma.fields.UUID()
    household_number = ma.fields.Integer()
    offering_id = ma.fields.UUID()
    offering_number = ma.fields.Integer()
    offering_title = ma.fields.String()
    donor_name = ma.fields.String()
    region_code = ma.fields.String()
    category_code = ma.fields.String()
    tier = ma.fields.Integer()
    quantity = ma.fields.Integer()
    delivered = ma.fields.Integer()
    cost_fen = ma.fields.Integer()
    status = ma.fields.String(validate=ma.validate.OneOf(STATUSES))
    committed_at = ma.fields.AwareDateTime(allow_none=True)
    confirmed_at = ma.fields.AwareDateTime(allow_none=True)


def document_of(row: DeliveryRow) -> dict[str, Any]:
    """The delivery with the names around it."""
    return {
        name: getattr(row.allocation if hasattr(row.allocation, name) else row, name)
        for name in DeliverySchema().fields
    }


@blueprint.route("")
class Deliveries(MethodView):
    """The list."""

    @requires("delivery.read")
    @blueprint.arguments(DeliveryQuery, location="query")
    @blueprint.response(200, list_of(DeliverySchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Deliveries of one's regions."""
        text = query.pop("search")
        page = list_deliveries(db(), scope=scope_of("delivery.read"), text=text, **query)
        return {"items": [document_of(row) for row in page.rows], "next": page.next_after}


@blueprint.route("/<uuid:allocation_id>")
class OneDelivery(MethodView):
    """One delivery."""

    @requires("delivery.read")
    @blueprint.response(200, DeliverySchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, allocation_id: uuid.UUID) -> object:
        """A delivery."""
        return document_of(get_delivery(db(), allocation_id, scope=scope_of("delivery.read")))


@blueprint.route("/<uuid:allocation_id>/confirm")
class Confirm(MethodView):
    """It arrived."""

    @requires("delivery.confirm")
    @blueprint.arguments(ConfirmSchema)
    @blueprint.response(200, DeliverySchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], allocation_id: uuid.UUID) -> object:
        """Confirm what arrived: stock and need follow, the money is spent; what did not arrive is given back."""
        scope = scope_of("delivery.confirm")
        confirm_delivery(
            db(), allocation_id=allocation_id, quantity=given["quantity"], actor=actor(), scope=scope, now=clock_now()
        )
        return document_of(get_delivery(db(), allocation_id, scope=scope))


@blueprint.route("/<uuid:allocation_id>/decline")
class Decline(MethodView):
    """It did not arrive."""

    @requires("delivery.confirm")
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, DeliverySchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], allocation_id: uuid.UUID) -> object:
        """Nothing was delivered: stock, need and money are free again."""
        scope = scope_of("delivery.confirm")
        decline_delivery(
            db(), allocation_id=allocation_id, reason=given["reason"], actor=actor(), scope=scope, now=clock_now()
        )
        return document_of(get_delivery(db(), allocation_id, scope=scope))
