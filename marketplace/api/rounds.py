"""Match rounds 匹配轮次: from draft to commit, each step by whom the round's life allows."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Response
from flask.views import MethodView
from flask_babel import gettext
from flask_smorest import Blueprint

from marketplace.api import rounds_schemas as schemas
from marketplace.api.base import list_of, refusals
from marketplace.api.fields import ReasonSchema
from marketplace.security.access import actor, clock_now, db, requires, scope_of
from matching.rounds import commit, lines, operations, queries
from matching.rounds.documents import plan_document_text, problem_text
from matching.rounds.models import MatchRound
from matching.rounds.rules import LimitEntry, RoundEntry

blueprint = Blueprint("api_rounds", __name__, url_prefix="/api/v1/rounds", description="Match rounds 匹配轮次")


def entry_of(given: dict[str, Any]) -> RoundEntry:
    """The domain's entry from the document."""

    def listed(values: list[Any] | None) -> tuple[Any, ...] | None:
        return None if values is None else tuple(values)

    limits = tuple(
        LimitEntry(limit["max_fen"], listed(limit["regions"]), listed(limit["categories"]), limit["government_bought"])
        for limit in given["limits"]
    )
    lists = {name: listed(given[name]) for name in ("categories", "fund_ids")}
    return RoundEntry(**{**given, **lists, "limits": limits})


def by(permission: str) -> dict[str, Any]:
    """Who acts, where and when."""
    return {"actor": actor(), "scope": scope_of(permission), "now": clock_now()}


@blueprint.route("")
class Rounds(MethodView):
    """The list."""

    @requires("round.read")
    @blueprint.arguments(schemas.RoundQuery, location="query")
    @blueprint.response(200, list_of(schemas.RoundSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Rounds of one's regions, newest first."""
        text, after = query.pop("search"), query.pop("after")
        page = queries.list_rounds(
            db(), scope=scope_of("round.read"), text=text, after=None if after is None else str(after), **query
        )
        return {"items": [row.round for row in page.rows], "next": page.next_after}

    @requires("round.write")
    @blueprint.arguments(schemas.RoundEntrySchema)
    @blueprint.response(201, schemas.RoundSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Create a draft; you answer for it as its creator."""
        return operations.create_round(db(), entry=entry_of(given), **by("round.write"))


@blueprint.route("/<uuid:round_id>")
class OneRound(MethodView):
    """One round."""

    @requires("round.read")
    @blueprint.response(200, schemas.WholeRoundSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, round_id: uuid.UUID) -> object:
        """A round: policy in words, progress while it is solved, levels with their gaps, comparison, coverage."""
        view = queries.view_round(db(), round_id, scope=scope_of("round.read"))
        one = view.round
        document = {name: getattr(one, name) for name in schemas.RoundSchema().fields}
        for name in ("progress", "comparison", "coverage", "solver"):
            document[name] = getattr(one, name)
        for name in ("levels", "counts", "refreezes", "successors", "same_pool"):
            document[name] = getattr(view, name)
        document["policy"] = [gettext(sentence.message, **sentence.values) for sentence in view.policy]
        return document


def _step(name: str, permission: str, operation: Callable[..., MatchRound], sentence: str) -> None:
    """A step that needs nothing but the round."""

    @requires(permission)
    @blueprint.response(200, schemas.RoundSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self: MethodView, round_id: uuid.UUID) -> object:
        return operation(db(), round_id=round_id, **by(permission))

    _route(name, post, sentence)


def _reasoned(name: str, permission: str, operation: Callable[..., MatchRound], sentence: str) -> None:
    """A step that says why."""

    @requires(permission)
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, schemas.RoundSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self: MethodView, given: dict[str, Any], round_id: uuid.UUID) -> object:
        return operation(db(), round_id=round_id, reason=given["reason"], **by(permission))

    _route(name, post, sentence)


def _route(name: str, post: Callable[..., object], sentence: str) -> None:
    post.__doc__ = sentence
    blueprint.route(f"/<uuid:round_id>/{name}")(
        type(f"Round{name.title()}", (MethodView,), {"post": post, "__doc__": sentence})
    )


_step("freeze", "round.write", operations.freeze_round, "Freeze the pool and publish its hash.")
_step("run", "round.write", operations.press_run, "Put the round into the queue of the solver.")
_step(
    "refreeze",
    "round.write",
    operations.refreeze,
    "A successor over the pool as it is now; replies with the successor.",
)
_step(
    "commit", "round.commit", commit.commit_round, "Reserve everything the plan uses; refused when something changed."
)
_reasoned("cancel", "round.write", operations.cancel_round, "End the round before its commit; by its creator.")
_reasoned("approve", "round.review", operations.approve_round, "A reviewer's yes; by another person than the creator.")
_reasoned("reject", "round.review", operations.reject_round, "A reviewer's no; by another person than the creator.")
_reasoned(
    "void", "round.commit", commit.void_round, "Give back what is not delivered; by another person than the committer."
)


@blueprint.route("/<uuid:round_id>/draw")
class Draw(MethodView):
    """The public seed."""

    @requires("round.write")
    @blueprint.arguments(schemas.DrawSchema)
    @blueprint.response(200, schemas.RoundSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], round_id: uuid.UUID) -> object:
        """Record the public value after the freeze; one pool is drawn once."""
        return operations.draw_seed(db(), round_id=round_id, value=given["value"], **by("round.write"))


@blueprint.route("/<uuid:round_id>/allocations")
class Allocations(MethodView):
    """Who gets what from whom."""

    @requires("round.read")
    @blueprint.arguments(schemas.AllocationQuery, location="query")
    @blueprint.response(200, list_of(schemas.AllocationSchema))
    @refusals(blueprint, 401, 403, 404, 422)
    def get(self, query: dict[str, Any], round_id: uuid.UUID) -> object:
        """The plan's lines by region."""
        page = lines.list_allocations(db(), round_id, scope=scope_of("round.read"), **query)
        charges = lines.charges_of(db(), [row.allocation.id for row in page.rows])
        return {"items": [_allocation(row, charges) for row in page.rows], "next": page.next_after}


def _allocation(row: lines.AllocationRow, charges: dict[uuid.UUID, list[tuple[uuid.UUID, str, int]]]) -> dict[str, Any]:
    line = {
        name: getattr(row.allocation if hasattr(row.allocation, name) else row, name, None)
        for name in schemas.AllocationSchema().fields
    }
    line["charges"] = [{"fund_id": fund_id, "fen": fen} for fund_id, _, fen in charges.get(row.allocation.id, [])]
    return line


@blueprint.route("/<uuid:round_id>/unmet")
class Unmet(MethodView):
    """What stays unmet."""

    @requires("round.read")
    @blueprint.arguments(schemas.ReasonQuery, location="query")
    @blueprint.response(200, list_of(schemas.UnmetSchema))
    @refusals(blueprint, 401, 403, 404, 422)
    def get(self, query: dict[str, Any], round_id: uuid.UUID) -> object:
        """Needs of the pool that lack something, each with its reason, most urgent first."""
        page = lines.list_unmet(db(), round_id, scope=scope_of("round.read"), **query)
        return {"items": page.rows, "next": page.next_after}


@blueprint.route("/<uuid:round_id>/excluded")
class Excluded(MethodView):
    """What was not in the pool."""

    @requires("round.read")
    @blueprint.arguments(schemas.ExcludedQuery, location="query")
    @blueprint.response(200, list_of(schemas.UnmetSchema))
    @refusals(blueprint, 401, 403, 404, 422)
    def get(self, query: dict[str, Any], round_id: uuid.UUID) -> object:
        """Open needs of the scope that were not in the pool, each with its reason."""
        page = lines.list_excluded(db(), round_id, scope=scope_of("round.read"), **query)
        return {"items": page.rows, "next": page.next_after}


@blueprint.route("/<uuid:round_id>/changes")
class Changes(MethodView):
    """What changed."""

    @requires("round.read")
    @blueprint.response(200, list_of(schemas.ChangeSchema))
    @refusals(blueprint, 401, 403, 404, 409)
    def get(self, round_id: uuid.UUID) -> object:
        """What changed since the freeze, of what the plan uses; empty: it may be committed."""
        found = commit.changes_of(db(), round_id=round_id, scope=scope_of("round.read"), now=clock_now())
        items = [
            {
                "subject": change.subject,
                "subject_id": change.subject_id,
                "kind": change.kind,
                "message": gettext(change.sentence.message, **change.sentence.values),
            }
            for change in found
        ]
        return {"items": items, "next": None}


@blueprint.route("/<uuid:round_id>/events")
class Events(MethodView):
    """The story."""

    @requires("round.read")
    @blueprint.response(200, list_of(schemas.EventSchema))
    @refusals(blueprint, 401, 403, 404)
    def get(self, round_id: uuid.UUID) -> object:
        """Every step of the round, by whom and why, oldest first."""
        rows = queries.events_of(db(), round_id, scope=scope_of("round.read"))
        items = [
            {
                "at": row.event.at,
                "actor": row.actor_name,
                "from_status": row.event.from_status,
                "to_status": row.event.to_status,
                "reason": row.event.reason,
            }
            for row in rows
        ]
        return {"items": items, "next": None}


@blueprint.route("/<uuid:round_id>/problem")
class ProblemFile(MethodView):
    """The frozen pool."""

    @requires("round.read")
    @blueprint.response(200, {"type": "object"}, description="A `zhongfu-problem/1` document")
    @refusals(blueprint, 401, 403, 404)
    def get(self, round_id: uuid.UUID) -> Response:
        """The frozen problem as `zhongfu solve` takes it, with the seed once it is drawn."""
        one = queries.get_round(db(), round_id, scope=scope_of("round.read"))
        return _download(problem_text(db(), round_id, seed=one.seed), f"round-{one.number}-problem.json")


@blueprint.route("/<uuid:round_id>/plan")
class PlanFile(MethodView):
    """The plan."""

    @requires("round.read")
    @blueprint.response(200, {"type": "object"}, description="A `zhongfu-plan/1` document")
    @refusals(blueprint, 401, 403, 404)
    def get(self, round_id: uuid.UUID) -> Response:
        """The plan as `zhongfu verify`, `explain` and `solve --replay` take it."""
        one = queries.get_round(db(), round_id, scope=scope_of("round.read"))
        return _download(plan_document_text(db(), round_id), f"round-{one.number}-plan.json")


def _download(text: str, name: str) -> Response:
    response = Response(text, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
