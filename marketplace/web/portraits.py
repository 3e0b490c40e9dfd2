"""A portrait on record: what followed then, from which facts, under which policy set."""

import uuid

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from households.portrait.queries import kept_portrait
from households.queries import get_household
from kernel.catalogue.queries import all_categories
from marketplace.security.access import db, requires, scope_of
from marketplace.web.portrait_words import fact_lines, portrait_values

blueprint = Blueprint("portraits", __name__, url_prefix="/households")


@blueprint.get("/<uuid:household_id>/portraits/<uuid:portrait_id>")
@requires("household.read")
def detail(household_id: uuid.UUID, portrait_id: uuid.UUID) -> ResponseReturnValue:
    """One portrait of a household, explained by its own facts and policy set."""
    household = get_household(db(), household_id, scope=scope_of("household.read"))
    kept, made = kept_portrait(db(), household, portrait_id)
    categories = {category.code: category for category in all_categories(db())}
    return render_template(
        "households/kept_portrait.html",
        kept=kept,
        owner=household,
        facts=fact_lines(kept.facts, kept.day),
        **portrait_values(made, categories),
    )
