"""Reviews 定期核查: due and late ones, and their outcome."""

import uuid
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from households.visits.queries import get_review, list_reviews
from households.visits.reviews import do_review
from households.visits.rules import ReviewEntry
from marketplace.api.base import list_of, refusals
from marketplace.api.visits import opened, writing
from marketplace.api.visits_schemas import (
    ReviewQuery,
    ReviewReportSchema,
    ReviewSchema,
    TextsSchema,
    VisitPurposeSchema,
)
from marketplace.security.access import db, requires, scope_of, today

blueprint = Blueprint("api_reviews", __name__, url_prefix="/api/v1/reviews", description="Reviews 定期核查")


@blueprint.route("")
class Reviews(MethodView):
    """The list."""

    @requires("visit.read")
    @blueprint.arguments(ReviewQuery, location="query")
    @blueprint.response(200, list_of(ReviewSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Open reviews of one's regions, the one due first first."""
        until, text = query.pop("until") or today(), query.pop("search")
        page = list_reviews(db(), scope=scope_of("visit.read"), until=until, text=text, **query)
        return {"items": [line.review for line in page.rows], "next": page.next_after}


@blueprint.route("/<uuid:review_id>")
class OneReview(MethodView):
    """One review."""

    @requires("visit.read")
    @blueprint.response(200, ReviewSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, review_id: uuid.UUID) -> object:
        """A review."""
        return get_review(db(), review_id, scope=scope_of("visit.read"))


@blueprint.route("/<uuid:review_id>/done")
class Done(MethodView):
    """Its outcome."""

    @requires("visit.write")
    @blueprint.arguments(ReviewReportSchema)
    @blueprint.response(200, ReviewSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], review_id: uuid.UUID) -> object:
        """Record the outcome; the next review is dated, a changed category is set, a household that leaves is closed."""
        return do_review(db(), review_id=review_id, entry=ReviewEntry(**given), **writing())


@blueprint.route("/<uuid:review_id>/texts")
class Texts(MethodView):
    """The evidence."""

    @requires("personal.reveal")
    @blueprint.arguments(VisitPurposeSchema)
    @blueprint.response(200, TextsSchema)
    @refusals(blueprint, 400, 401, 403, 404, 422)
    def post(self, given: dict[str, Any], review_id: uuid.UUID) -> object:
        """Open the evidence, for a purpose that stays on the household's record."""
        return opened("review", review_id, given)
