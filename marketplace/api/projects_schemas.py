"""Documents of projects."""

import marshmallow as ma

from marketplace.api import fields
from projects.models import PROJECT_STATUSES


class PublicProjectQuery(fields.NumberPageQuery):
    """Filters of the public list."""

    search = fields.search()
    region_code = fields.region_code(load_default=None)
    category_code = fields.catalogue_code(load_default=None)
    with_free_places = ma.fields.Boolean(load_default=False)


class ProjectQuery(PublicProjectQuery):
    """Filters of the federation's list."""

    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(PROJECT_STATUSES))


class ProjectEntrySchema(ma.Schema):
    """A project as handed in."""

    name = fields.text(200, required=True)
    summary = fields.text(5_000, required=True)
    organiser = fields.text(200, required=True)
    region_code = fields.region_code(required=True)
    categories = fields.codes(fields.catalogue_code(), load_default=list)
    budget_fen = fields.fen(required=True)
    beneficiaries_wanted = fields.whole("Households", required=True)
    starts_on = ma.fields.Date(required=True)
    ends_on = ma.fields.Date(required=True)


class ProjectChangeSchema(ProjectEntrySchema):
    """The whole project anew."""

    version = fields.version()


class ProjectSchema(ma.Schema):
    """A project."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    summary = ma.fields.String(required=True)
    organiser = ma.fields.String(required=True)
    region_code = ma.fields.String(required=True)
    categories = ma.fields.List(ma.fields.String(), required=True)
    budget_fen = ma.fields.Integer(required=True)
    beneficiaries_wanted = ma.fields.Integer(required=True)
    starts_on = ma.fields.Date(required=True)
    ends_on = ma.fields.Date(required=True)
    status = ma.fields.String(required=True)
    version = ma.fields.Integer(required=True)


class ProjectRowSchema(ProjectSchema):
    """A project with its upcoming shifts and the places still free on them."""

    shifts = ma.fields.Integer(required=True)
    places_free = ma.fields.Integer(required=True)


class NeedsSchema(ma.Schema):
    """Needs that are to belong to the project."""

    need_ids = ma.fields.List(ma.fields.UUID(), required=True, validate=ma.validate.Length(1, 1_000))


class TiesSchema(ma.Schema):
    """What hangs on a project, in numbers."""

    needs = ma.fields.Integer(required=True)
    households = ma.fields.Integer(required=True)
    offerings = ma.fields.Integer(required=True)
    fund_ids = ma.fields.List(ma.fields.UUID(), required=True)
