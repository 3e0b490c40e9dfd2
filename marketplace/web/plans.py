"""Plans of households 一户一策: the list, one version with what became of its measures, drafting, agreeing, approving, reviewing."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from households.needs.models import Need
from households.plans.approval import OUTCOMES, approve_plan, close_plan, refuse_plan, review_plan
from households.plans.following import fates_under
from households.plans.models import PLAN_STATUSES, Plan, PlanMeasure
from households.plans.operations import (
    agree,
    drop_draft,
    open_draft,
    policy_set_of,
    portrait_of_household,
    reopen_draft,
    write_measures,
)
from households.plans.queries import (
    authors_of,
    get_plan,
    list_plans,
    needs_of_lines,
    plans_of,
    steps_of,
    waits_for_change,
)
from households.plans.rules import Fate
from households.plans.texts import open_words
from households.policy.queries import policy_of
from households.queries import get_household
from households.revealing import OpenedText
from kernel.catalogue.models import Category
from kernel.catalogue.queries import all_categories
from kernel.errors import DomainError, InvalidInput, NotFound
from marketplace.errors import status_of
from marketplace.security.access import actor, clock_now, db, person, requires, scope_of, today
from marketplace.web.addresses import region_in_address
from marketplace.web.faults import put_faults, sentence
from marketplace.web.households import region_names, township_choices
from marketplace.web.plan_forms import (
    GivingForm,
    MeasureLine,
    PlanForm,
    measure_lines,
    put_measure_faults,
    stored_reasons,
    unread,
)
from marketplace.web.portrait_words import indicator_words, named
from marketplace.web.typed_fields import DayField
from matching.rounds.pools import rounds_holding

blueprint = Blueprint("plans", __name__, url_prefix="/plans")

DUE_AHEAD = timedelta(days=14)


@dataclass(frozen=True)
class MeasureView:
    """A measure as a page shows it: its name, why it was suggested, and the needs it became."""

    row: PlanMeasure
    name: str
    category: Category
    reasons: tuple[str, ...]
    needs: tuple[Need, ...]


def writing(permission: str = "plan.write") -> dict[str, Any]:
    """Who writes, where, and when."""
    return {"actor": actor(), "scope": scope_of(permission), "now": clock_now()}


def seen_version() -> int:
    """The version that the form's page showed."""
    text = request.form.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def measure_views(plan: Plan, categories: dict[str, Category]) -> list[MeasureView]:
    """The measures of a version with what became of each."""
    names = {one.code: named(one.name) for one in policy_of(policy_set_of(db(), plan)).measures}
    needs: dict[uuid.UUID, list[Need]] = {}
    for one in needs_of_lines(db(), [row.line_id for row in plan.measures]):
        needs.setdefault(one.line_id, []).append(one.need)
    return [
        MeasureView(
            row, names.get(row.measure_code, row.measure_code), categories[row.category_code],
            tuple(stored_reasons(row)), tuple(needs.get(row.line_id, ())),
        )
        for row in plan.measures
    ]  # fmt: skip


def fate_text(fate: Fate) -> str:
    """What becomes of an open need, in a sentence."""
    number = fate.need.number
    if fate.kind == "changed":
        return _("Need no. %(number)s is changed as the plan says.", number=number)
    if fate.kind == "withdrawn":
        return _("Need no. %(number)s is withdrawn.", number=number)
    if fate.kind == "in_round":
        return _(
            "Need no. %(number)s is in round %(round)s and stays; it follows the plan when the round has ended.",
            number=number, round=fate.need.round_number,
        )  # fmt: skip
    if fate.kind == "promised":
        return _(
            "Need no. %(number)s is promised and will be delivered as promised; it follows the plan only if the promise is given back.",
            number=number,
        )
    return _("Need no. %(number)s is delivered in part and stays as it is.", number=number)


@blueprint.get("")
@requires("plan.read")
def index() -> ResponseReturnValue:
    """The current plans of one's regions and those in preparation."""
    scope = scope_of("plan.read")
    status = request.args.get("status", "")
    page = list_plans(
        db(),
        scope=scope,
        status=status if status in PLAN_STATUSES else None,
        due_on=today() + DUE_AHEAD if status == "due" else None,
        text=request.args.get("text", "")[:60],
        region_code=region_in_address(),
        after=request.args.get("after"),
    )
    return render_template(
        "plans/index.html",
        page=page,
        today=today(),
        regions=region_names({row.region_code for row in page.rows}),
        townships=township_choices(scope),
        query={name: value for name, value in request.args.items() if value and name != "after"},
    )


@blueprint.post("/draft/<uuid:household_id>")
@requires("plan.write")
def draft(household_id: uuid.UUID) -> ResponseReturnValue:
    """Opens a draft and leads to it."""
    try:
        plan = open_draft(db(), household_id=household_id, **writing())
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        flash(sentence(error), "error")
        return redirect(url_for("households.detail", household_id=household_id), 303)
    if plan.status == "draft":
        return redirect(url_for("plans.edit", plan_id=plan.id), 303)
    return redirect(url_for("plans.detail", plan_id=plan.id), 303)


@blueprint.get("/<uuid:plan_id>")
@requires("plan.read")
def detail(plan_id: uuid.UUID) -> ResponseReturnValue:
    """One version."""
    return _page(plan_id)


def _page(
    plan_id: uuid.UUID,
    *,
    errors: list[str] | None = None,
    giving: GivingForm | None = None,
    opened: list[OpenedText] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    plan = get_plan(db(), plan_id, scope=scope_of("plan.read"))
    household = get_household(db(), plan.household_id, scope=scope_of("plan.read"))
    if giving is None:
        giving = GivingForm(formdata=None)
        giving.offer()
    ahead = plan.status in ("draft", "agreed", "approved")
    rounds = rounds_holding(db(), [household.id]) if ahead else {}
    text = render_template(
        "plans/detail.html",
        plan=plan,
        household=household,
        region=region_names({household.region_code})[household.region_code],
        measures=measure_views(plan, {one.code: one for one in all_categories(db())}),
        versions=plans_of(db(), [household.id]),
        steps=steps_of(db(), plan.id),
        fates=[fate_text(one) for one in fates_under(db(), plan, rounds=rounds)] if ahead else [],
        waits_for_change=waits_for_change(db(), household.id),
        opened={one.id: one.text for one in opened or []},
        typed=request.form if errors and opened is None else {},
        step=(request.endpoint or "").rsplit(".", 1)[-1],
        is_author=person().id in authors_of(db(), plan),
        not_on_file=indicator_words(plan.basis.get("not_on_file", ())),
        giving=giving,
        errors=errors or [],
        outcomes=OUTCOMES,
        today=today(),
    )
    return text, status


@blueprint.route("/<uuid:plan_id>/edit", methods=["GET", "POST"])
@requires("plan.write")
def edit(plan_id: uuid.UUID) -> ResponseReturnValue:
    """The draft's measures: ticked out of the catalogue, what is suggested first."""
    plan = get_plan(db(), plan_id, scope=scope_of("plan.write"))
    household = get_household(db(), plan.household_id, scope=scope_of("plan.write"))
    if plan.status != "draft":
        return redirect(url_for("plans.detail", plan_id=plan.id), 303)
    made = portrait_of_household(db(), household, clock_now())
    posted = request.method == "POST"
    form = PlanForm() if posted else PlanForm(formdata=None, data={"version": str(plan.version)})
    categories = {one.code: one for one in all_categories(db())}
    lines = measure_lines(plan, policy_of(made.policy_set), made.portrait, categories, posted=posted)
    summary, status = [], 200
    if posted:
        chosen = [line for line in lines if line.form.chosen.data]
        summary, status = unread(chosen), 422
        if not summary:
            try:
                write_measures(
                    db(),
                    plan_id=plan.id,
                    entries=[line.form.entry(line.code, line.before) for line in chosen],
                    version=seen_version(),
                    **writing(),
                )
            except DomainError as error:
                db().rollback()
                summary, status = put_measure_faults(form, chosen, error), status_of(error)
                plan = get_plan(db(), plan_id, scope=scope_of("plan.write"))
                household = get_household(db(), plan.household_id, scope=scope_of("plan.write"))
            else:
                flash(_("The draft is saved. Go through it with the household."), "success")
                return redirect(url_for("plans.detail", plan_id=plan_id), 303)
    text = render_template(
        "plans/edit.html", form=form, plan=plan, household=household, summary=summary, **_grouped(lines)
    )
    return text, status


def _grouped(lines: list[MeasureLine]) -> dict[str, list[MeasureLine]]:
    first = [line for line in lines if line.before is not None or line.suggested is not None or line.form.chosen.data]
    return {"first": first, "others": [line for line in lines if line not in first]}


@blueprint.post("/<uuid:plan_id>/agree")
@requires("plan.write")
def record_agreement(plan_id: uuid.UUID) -> ResponseReturnValue:
    """The household agreed, on paper or on the worker's screen."""
    form = GivingForm()
    form.offer()
    if form.given_on.process_errors:
        return _page(plan_id, giving=form, errors=[form.given_on.process_errors[0]], status=422)
    try:
        agree(db(), plan_id=plan_id, giving=form.giving(), version=seen_version(), **writing())
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        put_faults(form, error)
        return _page(plan_id, giving=form, status=status_of(error))
    flash(_("The household's agreement is recorded. Another person approves the plan."), "success")
    return redirect(url_for("plans.detail", plan_id=plan_id), 303)


def _step(plan_id: uuid.UUID, act: Callable[[], object], done: str) -> ResponseReturnValue:
    try:
        act()
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        return _page(plan_id, errors=[sentence(error)], status=status_of(error))
    flash(done, "success")
    return redirect(url_for("plans.detail", plan_id=plan_id), 303)


@blueprint.post("/<uuid:plan_id>/texts")
@requires("personal.reveal")
def texts(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Shows the reasons in the plan's story, once, for a purpose; the page is kept nowhere."""
    g.idempotency_key = None
    purpose = request.form.get("purpose", "")
    try:
        opened = open_words(db(), subject="plan", subject_id=plan_id, purpose=purpose, **writing("personal.reveal"))
    except InvalidInput as error:
        return _page(plan_id, errors=[sentence(error)], status=status_of(error))
    return _page(plan_id, opened=opened)


def _rounds(plan_id: uuid.UUID, permission: str) -> dict[uuid.UUID, int]:
    """Which of the household's open needs are in the frozen pool of a round."""
    return rounds_holding(db(), [get_plan(db(), plan_id, scope=scope_of(permission)).household_id])


@blueprint.post("/<uuid:plan_id>/approve")
@requires("plan.approve")
def approve(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Another person approves."""
    field = DayField(name="starts_on").bind(GivingForm(formdata=None), "starts_on")
    try:
        field.process_formdata([request.form.get("starts_on", "")])
    except ValueError as error:
        return _page(plan_id, errors=[str(error)], status=422)
    return _step(
        plan_id,
        lambda: approve_plan(
            db(), plan_id=plan_id, starts_on=field.data, rounds=_rounds(plan_id, "plan.approve"), version=seen_version(),
            **writing("plan.approve"),
        ),
        _("The plan is approved; once it is in force its measures stand among the needs."),
    )  # fmt: skip


@blueprint.post("/<uuid:plan_id>/refuse")
@requires("plan.approve")
def refuse(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Back to the drafter, with the reason."""
    reason = request.form.get("reason", "")
    return _step(
        plan_id,
        lambda: refuse_plan(db(), plan_id=plan_id, reason=reason, **writing("plan.approve")),
        _("The plan is back with its drafter, with your reason."),
    )


@blueprint.post("/<uuid:plan_id>/reopen")
@requires("plan.write")
def reopen(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Back to a draft; the agreement is void."""
    reason = request.form.get("reason", "")
    return _step(
        plan_id,
        lambda: reopen_draft(db(), plan_id=plan_id, reason=reason, **writing()),
        _("The version is a draft again; the household has to agree anew."),
    )


@blueprint.post("/<uuid:plan_id>/drop")
@requires("plan.write")
def drop(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Gives a version in preparation up."""
    reason = request.form.get("reason", "")
    return _step(
        plan_id,
        lambda: drop_draft(db(), plan_id=plan_id, reason=reason, **writing()),
        _("The version is dropped; a plan in force stays as it is."),
    )


@blueprint.post("/<uuid:plan_id>/review")
@requires("plan.write")
def review(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Looked at again: goes on, is changed, or ends."""
    outcome, words = request.form.get("outcome", ""), request.form.get("words", "")
    rounds = _rounds(plan_id, "plan.write")
    if outcome == "close":
        return _step(
            plan_id,
            lambda: close_plan(db(), plan_id=plan_id, reason=words, rounds=rounds, **writing()),
            _("The plan has ended; its open needs are withdrawn where nothing holds them."),
        )
    return _step(
        plan_id,
        lambda: review_plan(db(), plan_id=plan_id, outcome=outcome, words=words, rounds=rounds, **writing()),
        _("The review is recorded."),
    )
