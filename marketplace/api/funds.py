"""Funds 资金: balances, donations, the ledger and the trace of each yuan."""

import uuid
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from donors.funds.models import Fund
from donors.funds.operations import close_fund, open_fund, receive_donation
from donors.funds.queries import (
    Balances,
    balances_of,
    donations_of,
    get_fund,
    ledger_lines,
    list_funds,
    trace,
)
from donors.funds.rules import DonationEntry, FundEntry
from marketplace.api.base import list_of, refusals
from marketplace.api.fields import NumberPageQuery, ReasonSchema
from marketplace.api.funds_schemas import (
    DonationEntrySchema,
    DonationSchema,
    FundEntrySchema,
    FundQuery,
    FundSchema,
    LedgerLineSchema,
    TraceSchema,
)
from marketplace.security.access import actor, clock_now, db, requires, scope_of

blueprint = Blueprint("api_funds", __name__, url_prefix="/api/v1/funds", description="Funds 资金")
_COLUMNS = tuple(name for name in FundSchema().fields if not name.endswith("_fen"))


def document_of(fund: Fund, balances: Balances) -> dict[str, Any]:
    """The fund with its balances."""
    return {**{name: getattr(fund, name) for name in _COLUMNS}, **vars(balances)}


@blueprint.route("")
class Funds(MethodView):
    """The list."""

    @requires("fund.read")
    @blueprint.arguments(FundQuery, location="query")
    @blueprint.response(200, list_of(FundSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Funds of one's regions, newest first."""
        page = list_funds(db(), scope=scope_of("fund.read"), **query)
        return {"items": [document_of(row.fund, row.balances) for row in page.rows], "next": page.next_after}

    @requires("fund.write")
    @blueprint.arguments(FundEntrySchema)
    @blueprint.response(201, FundSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Open a fund."""
        lists = {
            name: tuple(given[name]) if given[name] is not None else None for name in ("categories", "regions", "types")
        }
        fund = open_fund(
            db(), entry=FundEntry(**{**given, **lists}), actor=actor(), scope=scope_of("fund.write"), now=clock_now()
        )
        return document_of(fund, Balances())


@blueprint.route("/<uuid:fund_id>")
class OneFund(MethodView):
    """One fund."""

    @requires("fund.read")
    @blueprint.response(200, FundSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, fund_id: uuid.UUID) -> object:
        """A fund with its balances."""
        fund = _readable(fund_id)
        return document_of(fund, balances_of(db(), [fund.id])[fund.id])


@blueprint.route("/<uuid:fund_id>/close")
class Close(MethodView):
    """The end of a fund."""

    @requires("fund.write")
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, FundSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, str], fund_id: uuid.UUID) -> object:
        """Close a fund; refused while money in it is promised."""
        scope = scope_of("fund.write")
        fund = close_fund(db(), fund_id=fund_id, reason=given["reason"], actor=actor(), scope=scope, now=clock_now())
        return document_of(fund, balances_of(db(), [fund.id])[fund.id])


@blueprint.route("/<uuid:fund_id>/donations")
class Donations(MethodView):
    """Money in."""

    @requires("fund.read")
    @blueprint.arguments(NumberPageQuery, location="query")
    @blueprint.response(200, list_of(DonationSchema))
    @refusals(blueprint, 401, 403, 404, 422)
    def get(self, query: dict[str, Any], fund_id: uuid.UUID) -> object:
        """Donations into the fund, newest first."""
        page = donations_of(db(), _readable(fund_id).id, **query)
        return {"items": [donation for donation, _ in page.rows], "next": page.next_after}

    @requires("fund.write")
    @blueprint.arguments(DonationEntrySchema)
    @blueprint.response(201, DonationSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], fund_id: uuid.UUID) -> object:
        """Book a donation that arrived."""
        return receive_donation(
            db(),
            entry=DonationEntry(fund_id=fund_id, **given),
            actor=actor(),
            scope=scope_of("fund.write"),
            now=clock_now(),
        )


@blueprint.route("/<uuid:fund_id>/ledger")
class Ledger(MethodView):
    """The bookings."""

    @requires("fund.read")
    @blueprint.arguments(NumberPageQuery, location="query")
    @blueprint.response(200, list_of(LedgerLineSchema))
    @refusals(blueprint, 401, 403, 404, 422)
    def get(self, query: dict[str, Any], fund_id: uuid.UUID) -> object:
        """Bookings of the fund, newest first."""
        page = ledger_lines(db(), _readable(fund_id).id, **query)
        return {"items": page.rows, "next": page.next_after}


@blueprint.route("/<uuid:fund_id>/trace")
class Traced(MethodView):
    """From donor to use."""

    @requires("fund.read")
    @blueprint.response(200, TraceSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, fund_id: uuid.UUID) -> object:
        """Which donation paid for which confirmed delivery."""
        return trace(db(), fund_id=_readable(fund_id).id)


def _readable(fund_id: uuid.UUID) -> Fund:
    return get_fund(db(), fund_id, scope=scope_of("fund.read"))
