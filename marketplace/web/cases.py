"""Case conferences 个案会商: the list, one case, its decision and confirmation, and the minutes on paper."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from markupsafe import Markup

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
from households.cases.queries import decision_of, get_case, list_cases, measures_of, status_reason_of
from households.cases.rules import STATUSES
from households.queries import get_household
from households.visits.queries import names_of
from kernel.errors import Conflict, DomainError, InvalidInput, NotFound
from marketplace.errors import status_of
from marketplace.i18n import CHINESE
from marketplace.security.access import actor, clock_now, db, person, requires, scope_of, today
from marketplace.web.case_forms import CaseForm, DecisionForm, measures_text, people_text, put_case_faults
from marketplace.web.faults import sentence
from marketplace.web.households import one_of, region_names

blueprint = Blueprint("cases", __name__, url_prefix="/cases")


def writing(permission: str = "case.write") -> dict[str, Any]:
    """Who writes, where, and when."""
    return {"actor": actor(), "scope": scope_of(permission), "now": clock_now()}


@blueprint.get("")
@requires("case.read")
def index() -> ResponseReturnValue:
    """The conferences of one's regions, the newest first."""
    status = one_of("status", STATUSES)
    page = list_cases(db(), scope=scope_of("case.read"), status=status, after=request.args.get("after"))
    return render_template(
        "cases/index.html",
        page=page,
        places=region_names({line.household.region_code for line in page.rows}),
        query={name: value for name, value in request.args.items() if value and name != "after"},
    )


@blueprint.route("/for/<uuid:household_id>", methods=["GET", "POST"])
@requires("case.write")
def create(household_id: uuid.UUID) -> ResponseReturnValue:
    """The form of a conference on one household."""
    household = get_household(db(), household_id, scope=scope_of("case.write"))
    form = CaseForm() if request.method == "POST" else CaseForm(formdata=None, data={"held_on": today()})
    form.offer()
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                case = call_case(db(), household_id=household.id, entry=form.entry(), **writing())
            except DomainError as error:
                db().rollback()
                put_case_faults(form, error)
                status = status_of(error)
                household = get_household(db(), household_id, scope=scope_of("case.write"))
            else:
                flash(_("Case conference no. %(number)s is on record.", number=case.number), "success")
                return redirect(url_for("cases.one", case_id=case.id), 303)
    return render_template("cases/form.html", form=form, household=household, case=None), status


@blueprint.get("/<uuid:case_id>")
@requires("case.read")
def one(case_id: uuid.UUID) -> ResponseReturnValue:
    """One conference; its facts stay sealed."""
    return _page(case_id)


def _page(
    case_id: uuid.UUID,
    *,
    facts: str | None = None,
    errors: list[str] | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    case = get_case(db(), case_id, scope=scope_of("case.read"))
    text = render_template(
        "cases/one.html",
        **_shown(case),
        facts=facts,
        errors=errors or [],
        typed=typed or {},
        own_decision=case.decider_id == person().id,
        acts=case.status == "confirmed" and case.valid_from is not None and case.valid_from <= today() <= case.valid_to,
    )
    return text, status


def _shown(case: CaseConference) -> dict[str, Any]:
    household = get_household(db(), case.household_id, scope=scope_of("case.read"))
    return {
        "case": case,
        "household": household,
        "region": region_names({household.region_code})[household.region_code],
        "decision": decision_of(db(), case),
        "measures": measures_of(db(), case),
        "status_reason": status_reason_of(db(), case),
        "people": names_of(db(), [case.creator_id, case.decider_id, case.confirmer_id]),
    }


@blueprint.route("/<uuid:case_id>/edit", methods=["GET", "POST"])
@requires("case.write")
def edit(case_id: uuid.UUID) -> ResponseReturnValue:
    """Corrects the minutes before a decision. The facts are typed anew: what is sealed is not put into a form."""
    case = get_case(db(), case_id, scope=scope_of("case.write"))
    household = get_household(db(), case.household_id, scope=scope_of("case.write"))
    start = {
        "reason": case.reason, "held_on": case.held_on, "participants": people_text(case), "version": case.version,
    }  # fmt: skip
    form = CaseForm() if request.method == "POST" else CaseForm(formdata=None, data=start)
    form.offer()
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                change_case(db(), case_id=case.id, entry=form.entry(), version=_version(form), **writing())
            except DomainError as error:
                db().rollback()
                put_case_faults(form, error)
                status = status_of(error)
                case = get_case(db(), case_id, scope=scope_of("case.write"))
                household = get_household(db(), case.household_id, scope=scope_of("case.write"))
            else:
                flash(_("The change is saved."), "success")
                return redirect(url_for("cases.one", case_id=case.id), 303)
    return render_template("cases/form.html", form=form, household=household, case=case), status


@blueprint.route("/<uuid:case_id>/decide", methods=["GET", "POST"])
@requires("case.write")
def decide(case_id: uuid.UUID) -> ResponseReturnValue:
    """The form of the decision."""
    case = get_case(db(), case_id, scope=scope_of("case.write"))
    start = {
        "decision": decision_of(db(), case), "measures": measures_text(measures_of(db(), case)), "extra": case.extra_fen or None,
        "legal_basis": case.legal_basis, "valid_from": case.valid_from or today(), "valid_to": case.valid_to,
        "version": case.version,
    }  # fmt: skip
    form = DecisionForm() if request.method == "POST" else DecisionForm(formdata=None, data=start)
    household, status = get_household(db(), case.household_id, scope=scope_of("case.write")), 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                decide_case(db(), case_id=case.id, entry=form.entry(), version=_version(form), **writing())
            except DomainError as error:
                db().rollback()
                put_case_faults(form, error)
                status = status_of(error)
                case = get_case(db(), case_id, scope=scope_of("case.write"))
                household = get_household(db(), case.household_id, scope=scope_of("case.write"))
            else:
                flash(_("The decision is recorded. It acts once another person has confirmed it."), "success")
                return redirect(url_for("cases.one", case_id=case.id), 303)
    reason = status_reason_of(db(), case)
    return render_template("cases/decide.html", form=form, household=household, case=case, status_reason=reason), status


def _version(form: Any) -> int:
    typed = form.version.data or ""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def _step(
    case_id: uuid.UUID, act: Callable[..., object], done: str, permission: str, **values: Any
) -> ResponseReturnValue:
    typed = request.form.get("version", "")
    version = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    try:
        act(db(), case_id=case_id, version=version, **values, **writing(permission))
    except NotFound:
        raise
    except (Conflict, InvalidInput) as error:
        db().rollback()
        kept = {"step": request.endpoint or "", "reason": values.get("reason", "")}
        return _page(case_id, errors=[sentence(error)], typed=kept, status=status_of(error))
    flash(done, "success")
    return redirect(url_for("cases.one", case_id=case_id), 303)


@blueprint.post("/<uuid:case_id>/confirm")
@requires("case.confirm")
def confirm(case_id: uuid.UUID) -> ResponseReturnValue:
    """The second pair of eyes."""
    return _step(case_id, confirm_case, _("The decision is confirmed and acts from its first day."), "case.confirm")


@blueprint.post("/<uuid:case_id>/send-back")
@requires("case.confirm")
def send_back(case_id: uuid.UUID) -> ResponseReturnValue:
    """The second person does not agree."""
    reason = request.form.get("reason", "")
    return _step(case_id, send_back_case, _("The decision is sent back."), "case.confirm", reason=reason)


@blueprint.post("/<uuid:case_id>/revoke")
@requires("case.write")
def revoke(case_id: uuid.UUID) -> ResponseReturnValue:
    """The decision no longer holds."""
    reason = request.form.get("reason", "")
    done = _("The decision is revoked; later rounds know the usual cap again.")
    return _step(case_id, revoke_case, done, "case.write", reason=reason)


@blueprint.post("/<uuid:case_id>/facts")
@requires("case.read")
def facts(case_id: uuid.UUID) -> ResponseReturnValue:
    """Shows the facts once, for a purpose; the page is kept nowhere."""
    g.idempotency_key = None
    try:
        opened = open_facts(db(), case_id=case_id, purpose=request.form.get("purpose", ""), **writing("case.read"))
    except InvalidInput as error:
        return _page(case_id, errors=[sentence(error)], status=status_of(error))
    return _page(case_id, facts=opened)


@blueprint.route("/<uuid:case_id>/minutes", methods=["GET", "POST"])
@requires("case.read")
def minutes(case_id: uuid.UUID) -> ResponseReturnValue:
    """The minutes on paper, in Chinese whatever the reader's language: without the facts, or with them where a purpose is given."""
    g.idempotency_key = None
    case = get_case(db(), case_id, scope=scope_of("case.read"))
    opened = None
    if request.method == "POST":
        try:
            opened = open_facts(db(), case_id=case_id, purpose=request.form.get("purpose", ""), **writing("case.read"))
        except InvalidInput as error:
            return _page(case_id, errors=[sentence(error)], status=status_of(error))
    with force_locale(CHINESE):
        article = Markup(render_template("cases/_minutes.html", **_shown(case), facts=opened, printed=today()))
    return render_template("cases/minutes.html", case=case, facts=opened, article=article)
