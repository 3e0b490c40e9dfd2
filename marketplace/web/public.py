"""What everybody may see: what this is, the projects and the figures."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from marketplace.security.access import public

blueprint = Blueprint("public", __name__)


@blueprint.get("/public")
@public
def index() -> ResponseReturnValue:
    """The public page."""
    return render_template("public/index.html")
