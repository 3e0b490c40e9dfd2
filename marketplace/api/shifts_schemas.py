"""Documents of volunteer shifts and sign-ups."""

import marshmallow as ma

from marketplace.api import fields


class ShiftQuery(ma.Schema):
    """Filters of the public list of upcoming shifts."""

    project_id = ma.fields.UUID(load_default=None)
    region_code = fields.region_code(load_default=None)
    with_free_places = ma.fields.Boolean(load_default=False)
    after = fields.text(80, load_default=None, allow_none=True)
    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))


class ShiftEntrySchema(ma.Schema):
    """A shift as handed in; times in UTC or with their offset."""

    project_id = ma.fields.UUID(required=True)
    title = fields.text(200, required=True)
    place = fields.text(300, required=True)
    region_code = fields.region_code(required=True)
    starts_at = ma.fields.AwareDateTime(required=True)
    ends_at = ma.fields.AwareDateTime(required=True)
    capacity = fields.whole("Places", required=True)
    lat = ma.fields.Float(load_default=None, allow_none=True)
    lon = ma.fields.Float(load_default=None, allow_none=True)
    requires = fields.codes(fields.catalogue_code(), load_default=list)


class ShiftSchema(ma.Schema):
    """A shift; `distance_m` only where a volunteer asks."""

    id = ma.fields.UUID(required=True)
    project_id = ma.fields.UUID(required=True)
    project_name = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    place = ma.fields.String(required=True)
    region_code = ma.fields.String(required=True)
    lat = ma.fields.Float(allow_none=True)
    lon = ma.fields.Float(allow_none=True)
    starts_at = ma.fields.AwareDateTime(required=True)
    ends_at = ma.fields.AwareDateTime(required=True)
    capacity = ma.fields.Integer(required=True)
    taken = ma.fields.Integer(required=True)
    places_free = ma.fields.Integer(required=True)
    requires = ma.fields.List(ma.fields.String(), required=True)
    status = ma.fields.String(required=True)
    distance_m = ma.fields.Integer(allow_none=True)


class SignUpSchema(ma.Schema):
    """A volunteer's place on a shift."""

    id = ma.fields.UUID(required=True)
    shift_id = ma.fields.UUID(required=True)
    volunteer_id = ma.fields.UUID(required=True)
    status = ma.fields.String(required=True)
    signed_up_at = ma.fields.AwareDateTime(required=True)


class PlaceSchema(SignUpSchema):
    """A place with the name of who holds it, for the federation."""

    volunteer_name = ma.fields.String(required=True)
    volunteer_number = ma.fields.Integer(required=True)


class HoursSchema(ma.Schema):
    """A volunteer's time, in minutes."""

    minutes_served = ma.fields.Integer(required=True)
    shifts_served = ma.fields.Integer(required=True)
    minutes_coming = ma.fields.Integer(required=True)
    shifts_coming = ma.fields.Integer(required=True)
