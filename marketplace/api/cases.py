"""Case conferences 个案会商: called, decided by one person, confirmed by another."""

import uuid
from typing import Any

from flask import g
from flask.views import MethodView
from flask_smorest import Blueprint

from households.cases.models import CaseConference
from households.cases.operations import (
    call_case,
    change_case,
    confirm_case,
    decide_case,
    open_facts,
    revoke_case,
    send_back_case,
)
from households.cases.queries import decision_of, decisions_for, get_case, list_cases, measures_of, status_reason_of
from households.cases.rules import CaseEntry, DecisionEntry, MeasureEntry, ParticipantEntry
from households.queries import get_household
from marketplace.api.base import list_of, refusals
from marketplace.api.cases_schemas import (
    CaseCallSchema,
    CaseChangeSchema,
    CaseQuery,
    CaseReasonSchema,
    CaseSchema,
    DecisionSchema,
    DecisionsSchema,
    FactsSchema,
    VersionSchema,
)
from marketplace.api.visits import writing
from marketplace.api.visits_schemas import VisitPurposeSchema
from marketplace.security.access import db, requires, scope_of

blueprint = Blueprint("api_cases", __name__, url_prefix="/api/v1/cases", description="Case conferences 个案会商")
_SEALED = {"decision": decision_of, "measures": measures_of, "status_reason": status_reason_of}
_COLUMNS = tuple(name for name in CaseSchema().fields if name not in _SEALED)


def document_of(case: CaseConference) -> dict[str, Any]:
    """The conference with its decision and measures in words, and its facts left sealed."""
    opened = {name: read(db(), case) for name, read in _SEALED.items()}
    return {**{name: getattr(case, name) for name in _COLUMNS}, **opened}


def entry_of(given: dict[str, Any]) -> CaseEntry:
    """The domain's entry from the document."""
    people = tuple(ParticipantEntry(**one) for one in given["participants"])
    return CaseEntry(given["reason"], given["held_on"], given["facts"], people)


@blueprint.route("")
class Cases(MethodView):
    """The list."""

    @requires("case.read")
    @blueprint.arguments(CaseQuery, location="query")
    @blueprint.response(200, list_of(CaseSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Conferences of one's regions, the newest first."""
        after = query.pop("after")
        page = list_cases(db(), scope=scope_of("case.read"), after=None if after is None else str(after), **query)
        return {"items": [document_of(line.case) for line in page.rows], "next": page.next_after}

    @requires("case.write")
    @blueprint.arguments(CaseCallSchema)
    @blueprint.response(201, CaseSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Put a conference on record: a household, the reason, people of at least two units, the facts."""
        case = call_case(db(), household_id=given["household_id"], entry=entry_of(given), **writing("case.write"))
        return document_of(case)


@blueprint.route("/decisions/<uuid:household_id>")
class Decisions(MethodView):
    """What acts for a household."""

    @requires("case.decision")
    @blueprint.response(200, DecisionsSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, household_id: uuid.UUID) -> object:
        """The confirmed decisions about a household, the newest first: decision and measures, without the facts."""
        scope = scope_of("case.decision")
        household = get_household(db(), household_id, scope=scope)
        return {"items": [document_of(case) for case in decisions_for(db(), household.id, scope=scope)]}


@blueprint.route("/<uuid:case_id>")
class OneCase(MethodView):
    """One conference."""

    @requires("case.read")
    @blueprint.response(200, CaseSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, case_id: uuid.UUID) -> object:
        """A conference."""
        return document_of(get_case(db(), case_id, scope=scope_of("case.read")))

    @requires("case.write")
    @blueprint.arguments(CaseChangeSchema)
    @blueprint.response(200, CaseSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def put(self, given: dict[str, Any], case_id: uuid.UUID) -> object:
        """Correct the minutes before a decision."""
        version = given.pop("version")
        case = change_case(db(), case_id=case_id, entry=entry_of(given), version=version, **writing("case.write"))
        return document_of(case)


@blueprint.route("/<uuid:case_id>/decision")
class Decision(MethodView):
    """What was decided."""

    @requires("case.write")
    @blueprint.arguments(DecisionSchema)
    @blueprint.response(200, CaseSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def put(self, given: dict[str, Any], case_id: uuid.UUID) -> object:
        """Record the decision; it acts once another person has confirmed it."""
        version, measures = given.pop("version"), tuple(MeasureEntry(**one) for one in given.pop("measures"))
        entry = DecisionEntry(**given, measures=measures)
        return document_of(decide_case(db(), case_id=case_id, entry=entry, version=version, **writing("case.write")))


@blueprint.route("/<uuid:case_id>/confirm")
class Confirm(MethodView):
    """The second pair of eyes."""

    @requires("case.confirm")
    @blueprint.arguments(VersionSchema)
    @blueprint.response(200, CaseSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], case_id: uuid.UUID) -> object:
        """Confirm a decision that another person recorded."""
        return document_of(confirm_case(db(), case_id=case_id, **given, **writing("case.confirm")))


@blueprint.route("/<uuid:case_id>/send-back")
class SendBack(MethodView):
    """Not confirmed."""

    @requires("case.confirm")
    @blueprint.arguments(CaseReasonSchema)
    @blueprint.response(200, CaseSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], case_id: uuid.UUID) -> object:
        """Send a decision back with the reason."""
        return document_of(send_back_case(db(), case_id=case_id, **given, **writing("case.confirm")))


@blueprint.route("/<uuid:case_id>/revoke")
class Revoke(MethodView):
    """No longer valid."""

    @requires("case.write")
    @blueprint.arguments(CaseReasonSchema)
    @blueprint.response(200, CaseSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], case_id: uuid.UUID) -> object:
        """Revoke a confirmed decision; later rounds know the usual cap again."""
        return document_of(revoke_case(db(), case_id=case_id, **given, **writing("case.write")))


@blueprint.route("/<uuid:case_id>/facts")
class Facts(MethodView):
    """What lay before the conference."""

    @requires("case.read")
    @blueprint.arguments(VisitPurposeSchema)
    @blueprint.response(200, FactsSchema)
    @refusals(blueprint, 400, 401, 403, 404, 422)
    def post(self, given: dict[str, Any], case_id: uuid.UUID) -> object:
        """Open the facts, for a purpose that stays on the household's record."""
        g.idempotency_key = None
        return {"facts": open_facts(db(), case_id=case_id, purpose=given["purpose"], **writing("case.read"))}
