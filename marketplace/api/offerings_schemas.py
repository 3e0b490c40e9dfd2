"""Documents of offerings."""

import marshmallow as ma

from donors.models import DONOR_KINDS
from donors.offerings.models import OFFERING_STATUSES
from kernel.catalogue.models import HOUSEHOLD_TYPES
from marketplace.api import fields


class OfferingQuery(fields.NumberPageQuery):
    """Filters of the list."""

    search = fields.search()
    category_code = fields.catalogue_code(load_default=None)
    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(OFFERING_STATUSES))
    donor_id = ma.fields.UUID(load_default=None)
    donor_kind = ma.fields.String(load_default=None, validate=ma.validate.OneOf(DONOR_KINDS))
    region_code = fields.region_code(load_default=None)
    available_on = ma.fields.Date(load_default=None)
    only_available = ma.fields.Boolean(load_default=False)


class OfferingEntrySchema(ma.Schema):
    """An offering as handed in; an absent list means any."""

    donor_id = ma.fields.UUID(required=True)
    category_code = fields.catalogue_code(required=True)
    title = fields.text(200, required=True)
    quantity = fields.whole("Whole units of the category", required=True)
    region_code = fields.region_code(required=True)
    unit_cost_fen = fields.fen(load_default=0)
    government_bought = ma.fields.Boolean(load_default=False)
    areas = fields.codes(fields.region_code(), load_default=None, allow_none=True)
    radius_m = fields.whole("How far from its point it goes, in metres", load_default=None, allow_none=True)
    lat = ma.fields.Float(load_default=None, allow_none=True)
    lon = ma.fields.Float(load_default=None, allow_none=True)
    provides = fields.codes(fields.catalogue_code(), load_default=list)
    starts_on = ma.fields.Date(load_default=None, allow_none=True)
    ends_on = ma.fields.Date(load_default=None, allow_none=True)
    max_needs = fields.whole("At most so many needs", load_default=None, allow_none=True)
    types = fields.codes(
        ma.fields.String(validate=ma.validate.OneOf(HOUSEHOLD_TYPES)), load_default=None, allow_none=True
    )
    fund_ids = fields.codes(ma.fields.UUID(), load_default=None, allow_none=True)


class OfferingChangeSchema(OfferingEntrySchema):
    """The whole offering anew; donor and category stay."""

    version = fields.version()


class OfferingSchema(ma.Schema):
    """An offering: ``quantity = available + reserved + delivered``."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.Integer(required=True)
    donor_id = ma.fields.UUID(required=True)
    category_code = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    quantity = ma.fields.Integer(required=True)
    reserved = ma.fields.Integer(required=True)
    delivered = ma.fields.Integer(required=True)
    available = ma.fields.Integer(required=True)
    unit_cost_fen = ma.fields.Integer(required=True)
    government_bought = ma.fields.Boolean(required=True)
    region_code = ma.fields.String(required=True)
    areas = ma.fields.List(ma.fields.String(), allow_none=True)
    radius_m = ma.fields.Integer(allow_none=True)
    lat = ma.fields.Float(allow_none=True)
    lon = ma.fields.Float(allow_none=True)
    provides = ma.fields.List(ma.fields.String(), required=True)
    starts_on = ma.fields.Date(allow_none=True)
    ends_on = ma.fields.Date(allow_none=True)
    max_needs = ma.fields.Integer(allow_none=True)
    types = ma.fields.List(ma.fields.String(), allow_none=True)
    fund_ids = ma.fields.List(ma.fields.UUID(), allow_none=True)
    status = ma.fields.String(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    updated_at = ma.fields.AwareDateTime(required=True)
    version = ma.fields.Integer(required=True)


class MovementSchema(ma.Schema):
    """One line of the journal of stock; `kind` reserve, release or deliver."""

    id = ma.fields.Integer(required=True)
    kind = ma.fields.String(required=True)
    quantity = ma.fields.Integer(required=True)
    reference = ma.fields.String(required=True)
    at = ma.fields.AwareDateTime(required=True)
