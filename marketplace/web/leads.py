"""Leads 线索: the list with the late ones first, one lead with whom it may speak of, recording, verifying, merging and closing."""

import uuid
from datetime import date, timedelta
from typing import Any, TypeVar

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from households.leads.candidates import candidates_of
from households.leads.models import CLOSINGS, STATUSES, Lead
from households.leads.operations import (
    RevealedLead,
    assign_lead,
    close_lead,
    merge_lead,
    record_lead,
    register_from_lead,
    reopen_lead,
    reveal_lead,
    tie_to_household,
)
from households.leads.queries import (
    figures,
    get_lead,
    lead_view,
    list_leads,
    merged_leads,
    owner_names,
    possible_owners,
    steps_of,
)
from households.models import Household
from households.policy.monitoring import CHANNELS
from kernel.accounts.rules import covers
from kernel.checking import checked_period
from kernel.clock import start_of_day
from kernel.errors import DomainError, InvalidInput, NotFound
from marketplace.errors import status_of
from marketplace.security.access import actor, clock_now, db, may, person, requires, scope_of, today
from marketplace.web.addresses import region_in_address
from marketplace.web.faults import put_faults, sentence
from marketplace.web.household_forms import (
    HouseholdForm,
    MemberForm,
    entry_of,
    faults_before,
    member_forms,
    place_faults,
)
from marketplace.web.households import one_of, region_names, township_choices, writing
from marketplace.web.lead_forms import ClosingForm, LeadForm
from marketplace.web.region_choice import code_of, shown_by_code, suggestions
from marketplace.web.steps import take_step

Row = TypeVar("Row", Lead, Household)

blueprint = Blueprint("leads", __name__, url_prefix="/leads")
WRITE = "lead.write"


@blueprint.get("")
@requires("lead.read")
def index() -> ResponseReturnValue:
    """The leads of one's regions, late ones first."""
    scope = scope_of("lead.read")
    status = one_of("status", STATUSES) if "status" in request.args else "open"
    page = list_leads(
        db(),
        scope=scope,
        text=request.args.get("text", "")[:60],
        region_code=region_in_address(),
        channel=one_of("channel", CHANNELS),
        status=status,
        late_on=today() if request.args.get("late") == "1" else None,
        owner_id=person().id if request.args.get("mine") == "1" else None,
        after=request.args.get("after"),
    )
    return render_template(
        "leads/index.html",
        page=page,
        status=status or "",
        day=today(),
        owners=owner_names(db(), page.rows),
        regions=region_names({row.region_code for row in page.rows} | {row.owner_region for row in page.rows}),
        townships=township_choices(scope),
        query={name: value for name, value in request.args.items() if value and name != "after"},
    )


@blueprint.get("/figures")
@requires("lead.read")
def counts() -> ResponseReturnValue:
    """Leads by channel and what came of them, within a period."""
    since, until = period_of_address()
    lines = figures(
        db(),
        scope=scope_of("lead.read"),
        since=start_of_day(since),
        until=start_of_day(until + timedelta(days=1)),
        today=today(),
    )
    return render_template("leads/figures.html", lines=lines, closings=CLOSINGS, since=since, until=until)


def period_of_address() -> tuple[date, date]:
    """The days named in the address; without them this year up to today. Raises InvalidInput, also for years that nobody means."""
    found = []
    for name, otherwise in (("since", date(today().year, 1, 1)), ("until", today())):
        try:
            found.append(date.fromisoformat(request.args[name]) if request.args.get(name) else otherwise)
        except ValueError as error:
            raise InvalidInput("Write the day as 2027-03-05", field=name) from error
    checked_period(*found, start_field="since", end_field="until")
    return found[0], found[1]


@blueprint.route("/new", methods=["GET", "POST"])
@requires(WRITE)
def create() -> ResponseReturnValue:
    """The form of a lead that came in by telephone, on a visit or otherwise."""
    scope = scope_of(WRITE)
    start = {"region_code": shown_by_code(scope[0]) if len(scope) == 1 and len(scope[0]) >= 9 else ""}
    form = LeadForm() if request.method == "POST" else LeadForm(formdata=None, data=start)
    form.offer()
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                lead = record_lead(db(), entry=form.entry(_place(form.region_code.data)), **writing(WRITE))
            except DomainError as error:
                db().rollback()
                put_faults(form, error)
                status = status_of(error)
            else:
                flash(_("Lead no. %(number)s is recorded.", number=lead.number), "success")
                return redirect(url_for("leads.detail", lead_id=lead.id), 303)
    return render_template("leads/form.html", form=form, places=suggestions(scope)), status


def _place(typed: str | None) -> str:
    return code_of(typed or "", scope=scope_of(WRITE))


@blueprint.get("/<uuid:lead_id>")
@requires("lead.read")
def detail(lead_id: uuid.UUID) -> ResponseReturnValue:
    """One lead, masked, with the households and leads that it may speak of."""
    return _page(get_lead(db(), lead_id, scope=scope_of("lead.read")))


def _page(
    lead: Lead,
    *,
    opened: RevealedLead | None = None,
    closing: ClosingForm | None = None,
    errors: list[str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    scope, is_open = scope_of("lead.read"), lead.status == "open"
    candidates = candidates_of(db(), lead, scope=scope, day=today()) if is_open else None
    if closing is None:
        closing = ClosingForm(formdata=None)
        closing.offer()
    codes = {lead.region_code, lead.owner_region} | {one.region_code for one in (candidates.rows if candidates else ())}
    text = render_template(
        "leads/detail.html",
        lead=lead,
        view=lead_view(db(), lead),
        opened=opened,
        closing=closing,
        errors=errors or [],
        candidates=candidates,
        merged=[one for one in merged_leads(db(), lead) if covers(scope, one.region_code)],
        into=_seen(db().get(Lead, lead.merged_into_id) if lead.merged_into_id else None, scope),
        household=_seen(db().get(Household, lead.household_id) if lead.household_id else None, scope),
        people=possible_owners(db(), lead.region_code) if is_open and may(WRITE) else [],
        steps=steps_of(db(), lead.id),
        regions=region_names(codes),
        day=today(),
    )
    return text, status


def _seen(row: Row | None, scope: tuple[str, ...]) -> Row | None:
    """The row where it lies within one's regions; of others the page says no more than the lead's status."""
    return row if row is not None and covers(scope, row.region_code) else None


@blueprint.post("/<uuid:lead_id>/reveal")
@requires(WRITE)
def show(lead_id: uuid.UUID) -> ResponseReturnValue:
    """Shows what is sealed once, for a purpose; the page is kept nowhere, not even beside the form's key."""
    g.idempotency_key = None
    lead = get_lead(db(), lead_id, scope=scope_of(WRITE))
    try:
        opened = reveal_lead(db(), lead_id=lead_id, purpose=request.form.get("purpose", ""), **writing(WRITE))
    except InvalidInput as error:
        return _page(lead, errors=[sentence(error)], status=status_of(error))
    return _page(lead, opened=opened)


@blueprint.post("/<uuid:lead_id>/owner")
@requires(WRITE)
def assign(lead_id: uuid.UUID) -> ResponseReturnValue:
    """Another person answers for it."""
    return _step(
        lead_id,
        lambda: assign_lead(db(), lead_id=lead_id, user_id=_id_of("user_id"), **writing(WRITE)),
        _("The lead has a new owner."),
    )


@blueprint.post("/<uuid:lead_id>/same-household")
@requires(WRITE)
def same_household(lead_id: uuid.UUID) -> ResponseReturnValue:
    """It speaks of a household on file."""
    return _step(
        lead_id,
        lambda: tie_to_household(db(), lead_id=lead_id, household_id=_id_of("household_id"), **writing(WRITE)),
        _("The lead is tied to the household on file."),
    )


@blueprint.post("/<uuid:lead_id>/merge")
@requires(WRITE)
def merge(lead_id: uuid.UUID) -> ResponseReturnValue:
    """It goes on in another lead."""
    into_id = _id_of("into_id")
    return take_step(
        lambda: merge_lead(db(), lead_id=lead_id, into_id=into_id, **writing(WRITE)),
        done=_("The two leads are one now; nothing that was told is lost."),
        back=url_for("leads.detail", lead_id=into_id),
    )


@blueprint.post("/<uuid:lead_id>/reopen")
@requires(WRITE)
def reopen(lead_id: uuid.UUID) -> ResponseReturnValue:
    """A closed lead is looked into again."""
    return _step(lead_id, lambda: reopen_lead(db(), lead_id=lead_id, **writing(WRITE)), _("The lead is open again."))


def _step(lead_id: uuid.UUID, act: Any, done: str) -> ResponseReturnValue:
    return take_step(act, done=done, back=url_for("leads.detail", lead_id=lead_id))


def _id_of(name: str) -> uuid.UUID:
    try:
        return uuid.UUID(request.form.get(name, ""))
    except ValueError:
        raise InvalidInput("Choose one of the list", field=name) from None


@blueprint.post("/<uuid:lead_id>/close")
@requires(WRITE)
def close(lead_id: uuid.UUID) -> ResponseReturnValue:
    """Verified, and no household of ours."""
    form = ClosingForm()
    form.offer()
    form.validate()
    try:
        close_lead(
            db(), lead_id=lead_id, closing=form.closing.data or "", reason=form.reason.data or "", **writing(WRITE)
        )
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        form.closing.errors = []
        put_faults(form, error)
        return _page(get_lead(db(), lead_id, scope=scope_of(WRITE)), closing=form, status=status_of(error))
    flash(_("The lead is closed."), "success")
    return redirect(url_for("leads.detail", lead_id=lead_id), 303)


@blueprint.route("/<uuid:lead_id>/household", methods=["GET", "POST"])
@requires(WRITE)
def register(lead_id: uuid.UUID) -> ResponseReturnValue:
    """The form of the household that the lead was verified as, with what is known filled in; sealed numbers are taken over unseen."""
    lead = get_lead(db(), lead_id, scope=scope_of(WRITE))
    if lead.status != "open":
        return redirect(url_for("leads.detail", lead_id=lead.id))
    if request.method == "GET":
        form = HouseholdForm(formdata=None, data={"region_code": shown_by_code(lead.region_code)})
        members = member_forms()
        members[0].name.data = lead.name
        return _household_form(lead, form, members)
    form, members = HouseholdForm(), member_forms(request.form, more="more" in request.form)
    if "more" in request.form:
        return _household_form(lead, form, members)
    lines, status = faults_before(form, members), 422
    if not lines and not form.errors:
        kept = [member for member in members if not member.is_empty and not member.remove.data]
        try:
            entry = entry_of(form, kept, region_code=_place(form.region_code.data), household=None)
            household = register_from_lead(
                db(), lead_id=lead.id, entry=entry, actor=actor(), scope=scope_of(WRITE), now=clock_now()
            )
        except DomainError as error:
            db().rollback()
            lines, status = place_faults(form, kept, error), status_of(error)
            lead = get_lead(db(), lead_id, scope=scope_of(WRITE))
        else:
            flash(_("Household no. %(number)s is registered.", number=household.number), "success")
            return redirect(url_for("households.detail", household_id=household.id), 303)
    return _household_form(lead, form, members, lines=lines, status=status)


def _household_form(
    lead: Lead, form: HouseholdForm, members: list[MemberForm], *, lines: list[str] | None = None, status: int = 200
) -> ResponseReturnValue:
    form.offer()
    text = render_template(
        "leads/register.html",
        lead=lead,
        view=lead_view(db(), lead),
        form=form,
        members=members,
        household=None,
        lines=lines or [],
        places=suggestions(scope_of(WRITE)),
    )
    return text, status
