"""Leads 线索: recorded, verified, merged and closed by the staff; told by anybody."""

import uuid
from datetime import date, datetime, timedelta
from typing import Any

from flask import g, request
from flask.views import MethodView
from flask_smorest import Blueprint

from households.leads.candidates import candidates_of
from households.leads.models import Lead
from households.leads.operations import (
    assign_lead,
    close_lead,
    merge_lead,
    record_lead,
    register_from_lead,
    reopen_lead,
    reveal_lead,
    tie_to_household,
    tip_off,
)
from households.leads.queries import figures, get_lead, lead_view, list_leads, served_counties, stage_of_receipt
from households.leads.rules import LeadEntry
from kernel.checking import checked_period
from kernel.clock import start_of_day
from marketplace.api.base import list_of, refusals
from marketplace.api.households import document_of as household_document
from marketplace.api.households import entry_of as household_entry
from marketplace.api.households import writing
from marketplace.api.households_schemas import HouseholdEntrySchema, HouseholdSchema
from marketplace.api.leads_schemas import (
    CandidatesSchema,
    ChannelFiguresSchema,
    ClosingSchema,
    LeadEntrySchema,
    LeadPurposeSchema,
    LeadQuery,
    LeadRowSchema,
    LeadSchema,
    MergeSchema,
    OwnerSchema,
    PeriodQuery,
    ReceiptQuestionSchema,
    ReceiptSchema,
    RevealedLeadSchema,
    SameHouseholdSchema,
    StageSchema,
    TipOffSchema,
)
from marketplace.security.access import clock_now, db, public, requires, scope_of, today
from marketplace.security.once import new_form_key
from marketplace.security.throttle import receipt_allowed, tip_off_allowed

blueprint = Blueprint("api_leads", __name__, url_prefix="/api/v1", description="Leads 线索, masked")
_COLUMNS = tuple(LeadRowSchema().fields)
WRITE = "lead.write"


def document_of(lead: Lead) -> dict[str, Any]:
    """The lead with its numbers masked."""
    view = lead_view(db(), lead)
    document: dict[str, Any] = {name: getattr(lead, name) for name in (*_COLUMNS, "found")}
    more = ("phone_masked", "resident_id_masked", "has_address", "has_teller")
    return document | {name: getattr(view, name) for name in more}


def period_of(query: dict[str, date]) -> tuple[datetime, datetime]:
    """The midnights, in Shanghai, with which the days begin and after which they are over. Raises InvalidInput."""
    checked_period(query["since"], query["until"], start_field="since", end_field="until")
    return start_of_day(query["since"]), start_of_day(query["until"] + timedelta(days=1))


@blueprint.route("/leads")
class Leads(MethodView):
    """The list."""

    @requires("lead.read")
    @blueprint.arguments(LeadQuery, location="query")
    @blueprint.response(200, list_of(LeadRowSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Leads of one's regions, by the day they are due: late ones first."""
        late = today() if query.pop("late") else None
        page = list_leads(db(), scope=scope_of("lead.read"), text=query.pop("search"), late_on=late, **query)
        return {"items": page.rows, "next": page.next_after}

    @requires(WRITE)
    @blueprint.arguments(LeadEntrySchema)
    @blueprint.response(201, LeadSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Record a lead; its owner and day follow from place and channel."""
        return document_of(record_lead(db(), entry=LeadEntry(**given), **writing(WRITE)))


@blueprint.route("/leads/figures")
class Figures(MethodView):
    """Counts."""

    @requires("lead.read")
    @blueprint.arguments(PeriodQuery, location="query")
    @blueprint.response(200, list_of(ChannelFiguresSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Leads that came in within the days, by channel and outcome."""
        since, until = period_of(query)
        lines = figures(db(), scope=scope_of("lead.read"), since=since, until=until, today=today())
        return {"items": lines, "next": None}


@blueprint.route("/leads/<uuid:lead_id>")
class OneLead(MethodView):
    """One lead."""

    @requires("lead.read")
    @blueprint.response(200, LeadSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, lead_id: uuid.UUID) -> object:
        """A lead, masked."""
        return document_of(get_lead(db(), lead_id, scope=scope_of("lead.read")))


@blueprint.route("/leads/<uuid:lead_id>/candidates")
class CandidatesOfLead(MethodView):
    """Who it may be."""

    @requires("lead.read")
    @blueprint.response(200, CandidatesSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, lead_id: uuid.UUID) -> object:
        """Households and leads that it may speak of, with the reasons; a person decides."""
        scope = scope_of("lead.read")
        return candidates_of(db(), get_lead(db(), lead_id, scope=scope), scope=scope, day=today())


@blueprint.route("/leads/<uuid:lead_id>/owner")
class Owner(MethodView):
    """Who answers for it."""

    @requires(WRITE)
    @blueprint.arguments(OwnerSchema)
    @blueprint.response(200, LeadSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def put(self, given: dict[str, Any], lead_id: uuid.UUID) -> object:
        """Give it to another person whose role covers the place."""
        return document_of(assign_lead(db(), lead_id=lead_id, **given, **writing(WRITE)))


@blueprint.route("/leads/<uuid:lead_id>/household")
class HouseholdOfLead(MethodView):
    """What it became."""

    @requires(WRITE)
    @blueprint.arguments(HouseholdEntrySchema)
    @blueprint.response(201, HouseholdSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], lead_id: uuid.UUID) -> object:
        """Register the household that it was verified as; what the entry leaves out of telephone and resident ID is taken over,
        the address is not: it stands in clear on a household."""
        return household_document(
            register_from_lead(db(), lead_id=lead_id, entry=household_entry(given), **writing(WRITE))
        )

    @requires(WRITE)
    @blueprint.arguments(SameHouseholdSchema)
    @blueprint.response(200, LeadSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def put(self, given: dict[str, Any], lead_id: uuid.UUID) -> object:
        """Say that it speaks of a household on file."""
        return document_of(tie_to_household(db(), lead_id=lead_id, **given, **writing(WRITE)))


@blueprint.route("/leads/<uuid:lead_id>/merge")
class Merge(MethodView):
    """Two leads of one household."""

    @requires(WRITE)
    @blueprint.arguments(MergeSchema)
    @blueprint.response(200, LeadSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], lead_id: uuid.UUID) -> object:
        """Let it go on in another lead, which is given back; a closed one is opened again."""
        return document_of(merge_lead(db(), lead_id=lead_id, **given, **writing(WRITE)))


@blueprint.route("/leads/<uuid:lead_id>/close")
class Close(MethodView):
    """Closing."""

    @requires(WRITE)
    @blueprint.arguments(ClosingSchema)
    @blueprint.response(200, LeadSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], lead_id: uuid.UUID) -> object:
        """Close it without a household, with what was found."""
        return document_of(close_lead(db(), lead_id=lead_id, **given, **writing(WRITE)))


@blueprint.route("/leads/<uuid:lead_id>/reopen")
class Reopen(MethodView):
    """Opening again."""

    @requires(WRITE)
    @blueprint.response(200, LeadSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, lead_id: uuid.UUID) -> object:
        """A closed lead is looked into again, with a new day."""
        return document_of(reopen_lead(db(), lead_id=lead_id, **writing(WRITE)))


@blueprint.route("/leads/<uuid:lead_id>/reveal")
class Reveal(MethodView):
    """What is sealed."""

    @requires(WRITE)
    @blueprint.arguments(LeadPurposeSchema)
    @blueprint.response(200, RevealedLeadSchema)
    @refusals(blueprint, 400, 401, 403, 404, 422)
    def post(self, given: dict[str, str], lead_id: uuid.UUID) -> object:
        """Open what is sealed for a purpose; who, when and what for stands on the trail."""
        # The reply is never kept beside an Idempotency-Key: what was opened must not lie in a table in clear.
        g.idempotency_key = None
        return reveal_lead(db(), lead_id=lead_id, **given, **writing(WRITE))


@blueprint.route("/tip-offs")
class TipOffs(MethodView):
    """Reports of the public."""

    @public
    @blueprint.arguments(TipOffSchema)
    @blueprint.response(201, ReceiptSchema)
    @refusals(blueprint, 400, 404, 422, 429)
    def post(self, given: dict[str, Any]) -> object:
        """Tell of a household in need, without an account; at most 20 an hour. With the same Idempotency-Key (16 characters and more)
        and words it is told once."""
        tip_off_allowed()
        key = request.headers.get("Idempotency-Key") or new_form_key()
        entry = LeadEntry(channel="tip_off", **given)
        return {"code": tip_off(db(), entry=entry, form_key=key, served=served_counties(db()), now=clock_now())}


@blueprint.route("/tip-offs/stage")
class Stage(MethodView):
    """How far a report is."""

    @public
    @blueprint.arguments(ReceiptQuestionSchema)
    @blueprint.response(200, StageSchema)
    @refusals(blueprint, 400, 404, 422, 429)
    def post(self, given: dict[str, str]) -> object:
        """How far the report of a receipt code is; posted, so that the code stands in no address."""
        receipt_allowed()
        return {"stage": stage_of_receipt(db(), given["code"])}
