"""Monitoring 动态监测: departments' records in, warnings out, and what came of them."""

import uuid
from typing import Any

from flask import g
from flask.views import MethodView
from flask_smorest import Blueprint

from households.monitoring.operations import enter_monitoring, handle_warning, leave_monitoring, reveal_note
from households.monitoring.queries import board, get_warning, list_warnings, open_spell
from households.monitoring.records import add_records
from households.monitoring.rules import RecordEntry
from marketplace.api.base import list_of, refusals
from marketplace.api.fields import ReasonSchema
from marketplace.api.households import writing
from marketplace.api.leads import period_of
from marketplace.api.leads_schemas import LeadPurposeSchema, PeriodQuery
from marketplace.api.monitoring_schemas import (
    AddedSchema,
    BoardLineSchema,
    HandlingSchema,
    NoteSchema,
    RecordsSchema,
    SpellSchema,
    WarningQuery,
    WarningSchema,
)
from marketplace.security.access import db, requires, scope_of, today

blueprint = Blueprint("api_monitoring", __name__, url_prefix="/api/v1/monitoring", description="Monitoring 动态监测")
READ, WRITE = "monitoring.read", "monitoring.write"


@blueprint.route("/records")
class Records(MethodView):
    """Departments' data."""

    @requires("monitoring.import")
    @blueprint.arguments(RecordsSchema)
    @blueprint.response(200, AddedSchema)
    @refusals(blueprint, 400, 401, 403, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Take records in, all or none; one that is on file by source and number changes nothing."""
        entries = [RecordEntry(**one) for one in given["records"]]
        return add_records(db(), entries=entries, **writing("monitoring.import"))


@blueprint.route("/warnings")
class Warnings(MethodView):
    """The list."""

    @requires(READ)
    @blueprint.arguments(WarningQuery, location="query")
    @blueprint.response(200, list_of(WarningSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Warnings of one's regions, by the day they are due: late ones first."""
        late = today() if query.pop("late") else None
        page = list_warnings(db(), scope=scope_of(READ), late_on=late, **query)
        return {"items": [row.warning for row in page.rows], "next": page.next_after}


@blueprint.route("/warnings/<uuid:warning_id>")
class OneWarning(MethodView):
    """One warning."""

    @requires(READ)
    @blueprint.response(200, WarningSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, warning_id: uuid.UUID) -> object:
        """A warning with the figures that made it."""
        return get_warning(db(), warning_id, scope=scope_of(READ))


@blueprint.route("/warnings/<uuid:warning_id>/handle")
class Handle(MethodView):
    """Handling."""

    @requires(WRITE)
    @blueprint.arguments(HandlingSchema)
    @blueprint.response(200, WarningSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], warning_id: uuid.UUID) -> object:
        """Record what came of it; an event is put on the household's record with it."""
        return handle_warning(db(), warning_id=warning_id, **given, **writing(WRITE))


@blueprint.route("/warnings/<uuid:warning_id>/note")
class Note(MethodView):
    """What was found."""

    @requires("personal.reveal")
    @blueprint.arguments(LeadPurposeSchema)
    @blueprint.response(200, NoteSchema)
    @refusals(blueprint, 400, 401, 403, 404, 422)
    def post(self, given: dict[str, str], warning_id: uuid.UUID) -> object:
        """Open the note of a handled warning for a purpose; who, when and what for stands where the household reads it."""
        # The reply is never kept beside an Idempotency-Key: what was opened must not lie in a table in clear.
        g.idempotency_key = None
        return {"note": reveal_note(db(), warning_id=warning_id, **given, **writing("personal.reveal"))}


@blueprint.route("/board")
class Board(MethodView):
    """The closed loop."""

    @requires(READ)
    @blueprint.arguments(PeriodQuery, location="query")
    @blueprint.response(200, list_of(BoardLineSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """The closed loop by township, those with most late warnings first."""
        since, until = period_of(query)
        return {"items": board(db(), scope=scope_of(READ), since=since, until=until, today=today()), "next": None}


@blueprint.route("/households/<uuid:household_id>/enter")
class Enter(MethodView):
    """Entering."""

    @requires(WRITE)
    @blueprint.response(200, SpellSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, household_id: uuid.UUID) -> object:
        """The household is monitored from today."""
        household = enter_monitoring(db(), household_id=household_id, **writing(WRITE))
        spell = open_spell(db(), household.id)
        return {"monitored": spell is not None, "entered_on": spell.entered_on if spell else None}


@blueprint.route("/households/<uuid:household_id>/leave")
class Leave(MethodView):
    """Leaving."""

    @requires(WRITE)
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, SpellSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, str], household_id: uuid.UUID) -> object:
        """The household leaves monitoring, with the reason."""
        leave_monitoring(db(), household_id=household_id, reason=given["reason"], **writing(WRITE))
        return {"monitored": False, "entered_on": None}
