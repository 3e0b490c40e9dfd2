"""Documents of funds; money is whole fen."""

import marshmallow as ma

from donors.funds.models import FUND_KINDS
from kernel.catalogue.models import HOUSEHOLD_TYPES
from marketplace.api import fields


class FundQuery(fields.NumberPageQuery):
    """Filters of the list."""

    search = fields.search()
    kind = ma.fields.String(load_default=None, validate=ma.validate.OneOf(FUND_KINDS))
    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(("open", "closed")))
    region_code = fields.region_code(load_default=None)


class FundEntrySchema(ma.Schema):
    """A fund as handed in; an absent earmark means any."""

    name = fields.text(200, required=True)
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(FUND_KINDS))
    region_code = fields.region_code(required=True)
    categories = fields.codes(fields.catalogue_code(), load_default=None, allow_none=True)
    regions = fields.codes(fields.region_code(), load_default=None, allow_none=True)
    types = fields.codes(
        ma.fields.String(validate=ma.validate.OneOf(HOUSEHOLD_TYPES)), load_default=None, allow_none=True
    )


class FundSchema(ma.Schema):
    """A fund with its balances: ``received = available + reserved + spent``."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    region_code = ma.fields.String(required=True)
    categories = ma.fields.List(ma.fields.String(), allow_none=True)
    regions = ma.fields.List(ma.fields.String(), allow_none=True)
    types = ma.fields.List(ma.fields.String(), allow_none=True)
    status = ma.fields.String(required=True)
    received_fen = ma.fields.Integer(required=True)
    available_fen = ma.fields.Integer(required=True)
    reserved_fen = ma.fields.Integer(required=True)
    spent_fen = ma.fields.Integer(required=True)
    created_at = ma.fields.AwareDateTime(required=True)


class DonationEntrySchema(ma.Schema):
    """Money that arrived, from a registered donor or from somebody named here."""

    amount_fen = fields.fen(required=True)
    received_on = ma.fields.Date(required=True)
    giver_name = fields.text(200, load_default="")
    donor_id = ma.fields.UUID(load_default=None, allow_none=True)


class DonationSchema(ma.Schema):
    """A booked donation."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.Integer(required=True)
    fund_id = ma.fields.UUID(required=True)
    donor_id = ma.fields.UUID(allow_none=True)
    giver_name = ma.fields.String(required=True)
    amount_fen = ma.fields.Integer(required=True)
    received_on = ma.fields.Date(required=True)
    created_at = ma.fields.AwareDateTime(required=True)


class LedgerLineSchema(ma.Schema):
    """One booking as the fund sees it: the change of each account."""

    id = ma.fields.Integer(required=True)
    at = ma.fields.AwareDateTime(required=True)
    kind = ma.fields.String(required=True)
    reference = ma.fields.String(required=True)
    memo = ma.fields.String(required=True)
    available_fen = ma.fields.Integer(required=True)
    reserved_fen = ma.fields.Integer(required=True)
    spent_fen = ma.fields.Integer(required=True)


class FlowSchema(ma.Schema):
    """How much of a donation went into which confirmed use."""

    donation_id = ma.fields.UUID(attribute="source", required=True)
    use = ma.fields.String(required=True)
    amount_fen = ma.fields.Integer(required=True)


class TraceSchema(ma.Schema):
    """Donations, confirmed uses, and which paid for which: first in, first out."""

    donations = ma.fields.List(ma.fields.Nested(DonationSchema), required=True)
    uses = ma.fields.List(ma.fields.Nested(LedgerLineSchema), attribute="posts", required=True)
    flows = ma.fields.List(ma.fields.Nested(FlowSchema), required=True)
