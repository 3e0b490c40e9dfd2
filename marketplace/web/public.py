"""What everybody may see: what this is, the projects and the figures."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from marketplace.reports import public_figures
from marketplace.security.access import clock_now, db, public, today

blueprint = Blueprint("public", __name__)


@blueprint.get("/public")
@public
def index() -> ResponseReturnValue:
    """The public page: no household is named, no figure speaks of fewer than ten (promise 21)."""
    return render_template(
        "public/index.html",
        headline=public_figures.headline(db()),
        counties=public_figures.figures_by_township(db()),
        projects=public_figures.listed_projects(db(), now=clock_now(), today=today()),
        smallest=public_figures.SMALLEST_CELL,
    )
