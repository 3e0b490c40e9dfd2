"""Problems 问题: found on visits, each with an owner and a day."""

import uuid
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from households.visits.problems import (
    assign_problem,
    escalate_problem,
    open_problem,
    reopen_problem,
    resolve_problem,
)
from households.visits.queries import get_problem, list_problems
from households.visits.rules import FindingEntry
from marketplace.api.base import list_of, refusals
from marketplace.api.visits import opened, writing
from marketplace.api.visits_schemas import (
    AssignSchema,
    ProblemEntrySchema,
    ProblemQuery,
    ProblemSchema,
    ProblemStepSchema,
    TextsSchema,
    VisitPurposeSchema,
)
from marketplace.security.access import db, requires, scope_of, today

blueprint = Blueprint("api_problems", __name__, url_prefix="/api/v1/problems", description="Problems 问题")
STEPS = {"resolve": resolve_problem, "escalate": escalate_problem, "reopen": reopen_problem}


@blueprint.route("")
class Problems(MethodView):
    """The list."""

    @requires("visit.read")
    @blueprint.arguments(ProblemQuery, location="query")
    @blueprint.response(200, list_of(ProblemSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Problems of one's regions, the one due first first."""
        late = query.pop("late")
        page = list_problems(db(), scope=scope_of("visit.read"), late_on=today() if late else None, **query)
        return {"items": [line.problem for line in page.rows], "next": page.next_after}

    @requires("visit.write")
    @blueprint.arguments(ProblemEntrySchema)
    @blueprint.response(201, ProblemSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Open a problem of a household outside a visit's report."""
        household_id = given.pop("household_id")
        return open_problem(db(), household_id=household_id, entry=FindingEntry(**given), **writing())


@blueprint.route("/<uuid:problem_id>")
class OneProblem(MethodView):
    """One problem."""

    @requires("visit.read")
    @blueprint.response(200, ProblemSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, problem_id: uuid.UUID) -> object:
        """A problem."""
        return get_problem(db(), problem_id, scope=scope_of("visit.read"))


@blueprint.route("/<uuid:problem_id>/<any(resolve, escalate, reopen):step>")
class Step(MethodView):
    """Its way."""

    @requires("visit.write")
    @blueprint.arguments(ProblemStepSchema)
    @blueprint.response(200, ProblemSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], problem_id: uuid.UUID, step: str) -> object:
        """Resolve the problem, send it to the county, or open it again, each with words that rest sealed."""
        return STEPS[step](db(), problem_id=problem_id, **given, **writing())


@blueprint.route("/<uuid:problem_id>/owner")
class Owner(MethodView):
    """Who answers for it."""

    @requires("visit.write")
    @blueprint.arguments(AssignSchema)
    @blueprint.response(200, ProblemSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def put(self, given: dict[str, Any], problem_id: uuid.UUID) -> object:
        """Give the problem to a person who works where the household lives."""
        return assign_problem(db(), problem_id=problem_id, **given, **writing())


@blueprint.route("/<uuid:problem_id>/texts")
class Texts(MethodView):
    """What was written."""

    @requires("personal.reveal")
    @blueprint.arguments(VisitPurposeSchema)
    @blueprint.response(200, TextsSchema)
    @refusals(blueprint, 400, 401, 403, 404, 422)
    def post(self, given: dict[str, Any], problem_id: uuid.UUID) -> object:
        """Open what was written at each step, for a purpose that stays on the household's record."""
        return opened("problem", problem_id, given)
