"""Documents of needs."""

import marshmallow as ma

from households.needs.models import FILLS, NEED_STATUSES
from kernel.catalogue.models import HOUSEHOLD_TYPES
from marketplace.api import fields


class NeedQuery(ma.Schema):
    """Filters of the list; `after` is ``tier.number``."""

    after = ma.fields.String(
        load_default=None,
        allow_none=True,
        validate=ma.validate.Regexp(r"[123]\.[0-9]{1,15}\Z", error="Take `next` of the page before"),
    )
    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))
    search = fields.search()
    tier = ma.fields.Integer(load_default=None, validate=ma.validate.Range(1, 3))
    category_code = fields.catalogue_code(load_default=None)
    type = ma.fields.String(load_default=None, validate=ma.validate.OneOf(HOUSEHOLD_TYPES))
    region_code = fields.region_code(load_default=None)
    status = ma.fields.String(load_default="open", validate=ma.validate.OneOf(NEED_STATUSES))
    household_id = ma.fields.UUID(load_default=None)
    overdue = ma.fields.Boolean(load_default=False, metadata={"description": "Only needs whose last day has passed"})


class NeedEntrySchema(ma.Schema):
    """A need as handed in; what is left out follows from household and category."""

    household_id = ma.fields.UUID(required=True)
    category_code = fields.catalogue_code(required=True)
    quantity = fields.whole("Whole units of the category", required=True)
    tier = fields.whole("1 most urgent, to 3", load_default=None, allow_none=True)
    weight = fields.whole("1 to 1000", load_default=None, allow_none=True)
    type = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.OneOf(HOUSEHOLD_TYPES))
    fill = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.OneOf(FILLS))
    accepts = fields.codes(fields.catalogue_code(), load_default=list)
    requires = fields.codes(fields.catalogue_code(), load_default=list)
    unit_worth_fen = fields.fen(load_default=0)
    starts_on = ma.fields.Date(load_default=None, allow_none=True)
    due_on = ma.fields.Date(load_default=None, allow_none=True)
    lat = ma.fields.Float(load_default=None, allow_none=True)
    lon = ma.fields.Float(load_default=None, allow_none=True)
    note = fields.text(1_000, load_default=None, allow_none=True)


class NeedChangeSchema(NeedEntrySchema):
    """The whole need anew; its household stays."""

    version = fields.version()


class NeedSchema(ma.Schema):
    """A need: `reserved` units are promised, `delivered` arrived."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.Integer(required=True)
    household_id = ma.fields.UUID(required=True)
    category_code = ma.fields.String(required=True)
    accepts = ma.fields.List(ma.fields.String(), required=True)
    quantity = ma.fields.Integer(required=True)
    reserved = ma.fields.Integer(required=True)
    delivered = ma.fields.Integer(required=True)
    tier = ma.fields.Integer(required=True)
    weight = ma.fields.Integer(required=True)
    type = ma.fields.String(required=True)
    fill = ma.fields.String(required=True)
    unit_worth_fen = ma.fields.Integer(required=True)
    requires = ma.fields.List(ma.fields.String(), required=True)
    starts_on = ma.fields.Date(allow_none=True)
    due_on = ma.fields.Date(allow_none=True)
    region_code = ma.fields.String(required=True)
    lat = ma.fields.Float(allow_none=True)
    lon = ma.fields.Float(allow_none=True)
    note = ma.fields.String(allow_none=True)
    status = ma.fields.String(required=True)
    rounds_waited = ma.fields.Integer(required=True)
    posted_at = ma.fields.AwareDateTime(required=True)
    updated_at = ma.fields.AwareDateTime(required=True)
    version = ma.fields.Integer(required=True)
