"""Categories and skills: the words that needs and offerings share. Public."""

import marshmallow as ma
from flask.views import MethodView
from flask_smorest import Blueprint

from kernel.catalogue.models import KINDS
from kernel.catalogue.queries import all_categories, all_skills
from marketplace.api.base import list_of
from marketplace.security.access import db, public

blueprint = Blueprint("catalogue", __name__, url_prefix="/api/v1/catalogue", description="Categories and skills")


class CategorySchema(ma.Schema):
    """One kind of help with its unit; `single_source`: one helper carries a whole need."""

    code = ma.fields.String(required=True)
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(KINDS))
    name_zh = ma.fields.String(required=True)
    name_en = ma.fields.String(required=True)
    unit_zh = ma.fields.String(required=True)
    unit_en = ma.fields.String(required=True)
    single_source = ma.fields.Boolean(required=True)


class SkillSchema(ma.Schema):
    """One skill or certificate."""

    code = ma.fields.String(required=True)
    name_zh = ma.fields.String(required=True)
    name_en = ma.fields.String(required=True)


@blueprint.route("/categories")
class Categories(MethodView):
    """What is asked for and offered."""

    @public
    @blueprint.response(200, list_of(CategorySchema))
    def get(self) -> object:
        """All categories, in the order people know."""
        return {"items": all_categories(db()), "next": None}


@blueprint.route("/skills")
class Skills(MethodView):
    """What helpers can do."""

    @public
    @blueprint.response(200, list_of(SkillSchema))
    def get(self) -> object:
        """All skills, in the order people know."""
        return {"items": all_skills(db()), "next": None}
