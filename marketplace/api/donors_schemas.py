"""Documents of donors. Telephone and resident ID go in whole and come out masked."""

import marshmallow as ma

from donors.models import DONOR_KINDS, DONOR_STATUSES
from marketplace.api import fields


class DonorQuery(fields.NumberPageQuery):
    """Filters of the list."""

    search = fields.search()
    kind = ma.fields.String(load_default=None, validate=ma.validate.OneOf(DONOR_KINDS))
    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(DONOR_STATUSES))
    region_code = fields.region_code(load_default=None)
    skill = fields.catalogue_code(load_default=None)


class DonorEntrySchema(ma.Schema):
    """A donor as handed in: an organisation with `uscc`, a volunteer with `resident_id`, skills and reach."""

    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(DONOR_KINDS))
    name = fields.text(200, required=True)
    region_code = fields.region_code(required=True)
    uscc = fields.text(40, load_default=None, allow_none=True)
    contact_name = fields.text(200, load_default=None, allow_none=True)
    phone = fields.text(40, load_default=None, allow_none=True, load_only=True)
    resident_id = fields.text(40, load_default=None, allow_none=True, load_only=True)
    lat = ma.fields.Float(load_default=None, allow_none=True)
    lon = ma.fields.Float(load_default=None, allow_none=True)
    skills = fields.codes(fields.catalogue_code(), load_default=list)
    reach_m = fields.whole("How far a volunteer travels, in metres", load_default=None, allow_none=True)
    max_households = fields.whole("Households a volunteer carries at once", load_default=None, allow_none=True)
    consent_public = ma.fields.Boolean(load_default=False, metadata={"description": "May be named in public"})


class DonorChangeSchema(DonorEntrySchema):
    """The whole donor anew; an absent telephone or resident ID leaves what is on file."""

    version = fields.version()


class DonorSchema(ma.Schema):
    """A donor."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.Integer(required=True)
    kind = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    region_code = ma.fields.String(required=True)
    uscc = ma.fields.String(allow_none=True)
    contact_name = ma.fields.String(allow_none=True)
    phone_masked = ma.fields.String(allow_none=True, metadata={"example": "+86138******78"})
    resident_id_masked = ma.fields.String(allow_none=True, metadata={"example": "330324**********12"})
    lat = ma.fields.Float(allow_none=True)
    lon = ma.fields.Float(allow_none=True)
    skills = ma.fields.List(ma.fields.String(), required=True)
    reach_m = ma.fields.Integer(allow_none=True)
    max_households = ma.fields.Integer(allow_none=True)
    consent_public = ma.fields.Boolean(required=True)
    status = ma.fields.String(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    updated_at = ma.fields.AwareDateTime(required=True)
    version = ma.fields.Integer(required=True)
