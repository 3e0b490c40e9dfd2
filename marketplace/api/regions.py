"""The administrative tree, public: find a code by name, walk down from a region."""

import marshmallow as ma
from flask.views import MethodView
from flask_smorest import Blueprint

from kernel.errors import InvalidInput
from kernel.regions.queries import children_of, get_region, search_regions
from marketplace.api.base import refusals
from marketplace.api.fields import text
from marketplace.security.access import db, public

blueprint = Blueprint("regions", __name__, url_prefix="/api/v1/regions", description="Regions 行政区划")


class RegionSchema(ma.Schema):
    """One division; `level` 1 province … 5 village. A point (WGS-84) may be missing: use the parent's."""

    code = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    full_name = ma.fields.String(required=True)
    level = ma.fields.Integer(required=True)
    parent_code = ma.fields.String(allow_none=True)
    lat = ma.fields.Float(allow_none=True)
    lon = ma.fields.Float(allow_none=True)


class RegionListSchema(ma.Schema):
    """Regions; never more than one page."""

    items = ma.fields.List(ma.fields.Nested(RegionSchema), required=True)
    next = ma.fields.String(allow_none=True, required=True)


class RegionQuery(ma.Schema):
    """What to search for."""

    search = text(100, required=True, metadata={"description": "Part of a name, start of a code, pinyin or initials"})
    limit = ma.fields.Integer(load_default=20, validate=ma.validate.Range(1, 200))


@blueprint.route("")
class Regions(MethodView):
    """Searching."""

    @public
    @blueprint.arguments(RegionQuery, location="query")
    @blueprint.response(200, RegionListSchema)
    @refusals(blueprint, 422)
    def get(self, query: dict[str, object]) -> object:
        """Find regions by name, pinyin, initials or code; higher levels first."""
        found = search_regions(db(), str(query["search"]), limit=int(str(query["limit"])))
        return {"items": found, "next": None}


@blueprint.route("/<code>")
class Region(MethodView):
    """One region."""

    @public
    @blueprint.response(200, RegionSchema)
    @refusals(blueprint, 404, 422)
    def get(self, code: str) -> object:
        """A region by its code."""
        return get_region(db(), _digits(code))


@blueprint.route("/<code>/children")
class Children(MethodView):
    """The level below."""

    @public
    @blueprint.response(200, RegionListSchema)
    @refusals(blueprint, 404, 422)
    def get(self, code: str) -> object:
        """The regions directly below."""
        region = get_region(db(), _digits(code))
        return {"items": children_of(db(), region.code), "next": None}


def _digits(code: str) -> str:
    if not (code.isascii() and code.isdigit() and len(code) <= 12):
        raise InvalidInput("A region code has 2, 4, 6, 9 or 12 digits", field="code")
    return code
