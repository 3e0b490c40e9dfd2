"""Care visits 探访关爱: the day's list in the order of the way, reports, and the rates."""

import uuid
from typing import Any

from flask import g
from flask.views import MethodView
from flask_smorest import Blueprint

from households.visits.operations import do_visit, note_absence
from households.visits.queries import VisitLine, get_visit, visits_due
from households.visits.rates import rates_of
from households.visits.rules import FindingEntry, VisitEntry
from households.visits.texts import open_texts
from kernel.errors import InvalidInput
from marketplace.api.base import list_of, refusals
from marketplace.api.visits_schemas import (
    MonthQuery,
    RatesSchema,
    TextsSchema,
    VisitDoneSchema,
    VisitLineSchema,
    VisitPurposeSchema,
    VisitQuery,
    VisitReportSchema,
    VisitSchema,
)
from marketplace.security.access import actor, clock_now, db, requires, scope_of, today

blueprint = Blueprint("api_visits", __name__, url_prefix="/api/v1/visits", description="Care visits 探访关爱")


def writing(permission: str = "visit.write") -> dict[str, Any]:
    """Who writes, where, and when."""
    return {"actor": actor(), "scope": scope_of(permission), "now": clock_now()}


def opened(subject: str, subject_id: uuid.UUID, given: dict[str, Any]) -> dict[str, Any]:
    """The texts of a visit, problem or review; the reply is kept nowhere."""
    g.idempotency_key = None
    rows = open_texts(
        db(), subject=subject, subject_id=subject_id, purpose=given["purpose"], **writing("personal.reveal")
    )
    return {"texts": rows}


_COLUMNS = tuple(VisitSchema().fields)


def _line(line: VisitLine) -> dict[str, Any]:
    home = line.household
    return {
        **{name: getattr(line.visit, name) for name in _COLUMNS},
        "household_number": home.number,
        "head_name": home.head_name,
        "region_code": home.region_code,
        "address": home.address,
        "late": line.late,
        "tries": line.tries,
    }


@blueprint.route("")
class Visits(MethodView):
    """The day's list."""

    @requires("visit.read")
    @blueprint.arguments(VisitQuery, location="query")
    @blueprint.response(200, list_of(VisitLineSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Visits due by today, late ones first, then village by village to the nearest next household."""
        lines = visits_due(db(), scope=scope_of("visit.read"), today=today(), **query)
        return {"items": [_line(line) for line in lines], "next": None}


@blueprint.route("/rates")
class Rates(MethodView):
    """The rates."""

    @requires("visit.read")
    @blueprint.arguments(MonthQuery, location="query")
    @blueprint.response(200, RatesSchema)
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Visit rate and problem-resolution rate of a month by township, each with what was done and what was due."""
        month = query["month"] or today()
        if not 1990 <= month.year <= 2100:
            raise InvalidInput("The year lies outside 1990 to 2100; check the date", field="month")
        return rates_of(db(), scope=scope_of("visit.read"), month=month, today=today())


@blueprint.route("/<uuid:visit_id>")
class OneVisit(MethodView):
    """One visit."""

    @requires("visit.read")
    @blueprint.response(200, VisitSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, visit_id: uuid.UUID) -> object:
        """A visit."""
        return get_visit(db(), visit_id, scope=scope_of("visit.read"))


@blueprint.route("/<uuid:visit_id>/done")
class Done(MethodView):
    """Its report."""

    @requires("visit.write")
    @blueprint.arguments(VisitReportSchema)
    @blueprint.response(200, VisitDoneSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], visit_id: uuid.UUID) -> object:
        """Record the visit; each finding opens a problem, and the next visit is planned."""
        findings = tuple(FindingEntry(**one) for one in given.pop("findings"))
        entry = VisitEntry(**given, findings=findings)
        visit, problems = do_visit(db(), visit_id=visit_id, entry=entry, **writing())
        return {"visit": visit, "problems": problems}


@blueprint.route("/<uuid:visit_id>/absent")
class Absent(MethodView):
    """Nobody at home."""

    @requires("visit.write")
    @blueprint.response(200, VisitSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409)
    def post(self, visit_id: uuid.UUID) -> object:
        """Record that nobody was at home; the visit comes again some days later and stays due on its day."""
        return note_absence(db(), visit_id=visit_id, **writing())


@blueprint.route("/<uuid:visit_id>/texts")
class Texts(MethodView):
    """What was written."""

    @requires("personal.reveal")
    @blueprint.arguments(VisitPurposeSchema)
    @blueprint.response(200, TextsSchema)
    @refusals(blueprint, 400, 401, 403, 404, 422)
    def post(self, given: dict[str, Any], visit_id: uuid.UUID) -> object:
        """Open what was written on the visit, for a purpose that stays on the household's record."""
        return opened("visit", visit_id, given)
