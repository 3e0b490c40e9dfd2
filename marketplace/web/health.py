"""Whether the installation is alive: for supervisors and load balancers."""

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify

from marketplace.security.access import db, public

blueprint = Blueprint("web", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    """200 with the schema's revision when the database answers; the error handler says 503 when it does not."""
    revision = db().scalar(sa.text("SELECT version_num FROM alembic_version"))
    return jsonify({"status": "ok", "schema": revision})
