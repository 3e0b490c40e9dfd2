"""Needs 需求: the list, one need, posting, changing and withdrawing."""

import uuid
from functools import partial
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, IntegerField, SelectField, SelectMultipleField, TextAreaField
from wtforms.validators import InputRequired, Optional

from households.models import Household
from households.needs.models import NEED_STATUSES, Need
from households.needs.operations import change_need, post_need, withdraw_need
from households.needs.queries import get_need, household_facts, list_needs
from households.needs.rules import WEIGHTS, NeedEntry, default_tier
from households.queries import get_household
from kernel.catalogue.models import HOUSEHOLD_TYPES
from kernel.catalogue.queries import all_categories, all_skills
from kernel.errors import DomainError, NotFound
from marketplace.errors import status_of
from marketplace.security.access import actor, clock_now, db, may, requires, scope_of, today
from marketplace.web.addresses import region_in_address
from marketplace.web.faults import put_faults, sentence
from marketplace.web.formatting import named, unit_of
from marketplace.web.households import one_of, region_names, township_choices
from marketplace.web.list_exports import every, needs_file
from marketplace.web.round_forms import YuanField
from marketplace.web.round_sentences import rounds_text
from marketplace.web.words import choices
from matching.rounds.waits import rounds_of_needs
from matching.waiting import STANDARD

blueprint = Blueprint("needs", __name__, url_prefix="/needs")


class NeedForm(FlaskForm):  # type: ignore[misc]
    """A need; what is left empty follows from the household and the category."""

    category_code = SelectField(_l("Category"), validators=[InputRequired(_l("Choose the category"))])
    quantity = IntegerField(
        _l("Quantity"),
        description=_l("Whole units, as the category counts them"),
        validators=[InputRequired(_l("Write a whole number"))],
    )
    due_on = DateField(_l("Needed by"), validators=[Optional()])
    starts_on = DateField(_l("Needed from"), validators=[Optional()])
    tier = SelectField(_l("Tier"), default="")
    weight = IntegerField(_l("Weight"), description=_l("1 to 1000; ranks needs within a tier"), validators=[Optional()])
    type = SelectField(_l("Type"), default="")
    fill = SelectField(_l("How it may be met"), default="")
    accepts = SelectMultipleField(_l("Also accepts"), description=_l("Help of these categories would do as well"))
    requires = SelectMultipleField(_l("Skills required"))
    unit_worth = YuanField(_l("Worth of a unit"), description=_l("Counts towards the household's cap"))
    note = TextAreaField(_l("Note"), description=_l("No names and no numbers of people"))
    version = HiddenField()

    def offer(self, household: Household) -> None:
        """Fills the choices; the empty one says what it stands for."""
        listed = [(one.code, f"{named(one)} ({unit_of(one)})") for one in all_categories(db())]
        facts = household_facts(db(), household.id, scope=(household.region_code,))
        self.category_code.choices = [("", _("Choose")), *listed]
        self.accepts.choices = listed
        self.requires.choices = [(one.code, named(one)) for one in all_skills(db())]
        standard = dict(choices("tier_short"))[str(default_tier(facts))]
        self.tier.choices = [("", _("As the household: %(value)s", value=standard)), *choices("tier")]
        kind = dict(choices("type"))[household.main_type]
        self.type.choices = [("", _("As the household: %(value)s", value=kind)), *choices("type")]
        self.fill.choices = [("", _("As the category is usually met")), *choices("fill")]
        self.weight.description = _(
            "1 to 1000; ranks needs within a tier. Empty: %(weight)s, by the status category",
            weight=WEIGHTS[household.status_category],
        )

    def entry(self, household_id: uuid.UUID, need: Need | None = None) -> NeedEntry:
        """The domain's entry. A point that the form does not show stays as it is."""
        return NeedEntry(
            household_id=household_id,
            category_code=self.category_code.data,
            quantity=self.quantity.data,
            tier=int(self.tier.data) if self.tier.data else None,
            weight=self.weight.data,
            type=self.type.data or None,
            fill=self.fill.data or None,
            accepts=tuple(self.accepts.data or ()),
            requires=tuple(self.requires.data or ()),
            unit_worth_fen=self.unit_worth.data or 0,
            starts_on=self.starts_on.data,
            due_on=self.due_on.data,
            lat=need.lat if need else None,
            lon=need.lon if need else None,
            note=self.note.data,
        )


def writing() -> dict[str, Any]:
    """Who writes, where, and when."""
    return {"actor": actor(), "scope": scope_of("need.write"), "now": clock_now()}


@blueprint.get("")
@requires("need.read")
def index() -> ResponseReturnValue:
    """The needs of one's regions, most urgent first."""
    scope = scope_of("need.read")
    categories = all_categories(db())
    filters = _filters({category.code for category in categories})
    page = list_needs(db(), scope=scope, after=request.args.get("after"), **filters)
    return render_template(
        "needs/index.html",
        page=page,
        status=filters["status"] or "",
        overdue=filters["overdue_on"] is not None,
        categories={category.code: category for category in categories},
        category_choices=[("", _("All")), *((category.code, named(category)) for category in categories)],
        regions=region_names({row.need.region_code for row in page.rows}),
        townships=township_choices(scope),
        query={name: value for name, value in request.args.items() if value and name != "after"},
        may_open=may("household.read"),
    )


def _filters(categories: set[str]) -> dict[str, Any]:
    tier = one_of("tier", ("1", "2", "3"))
    return {
        "text": request.args.get("text", "")[:60],
        "tier": int(tier) if tier else None,
        "category_code": one_of("category", tuple(categories)),
        "type": one_of("type", HOUSEHOLD_TYPES),
        "region_code": region_in_address(),
        "status": one_of("status", NEED_STATUSES) if "status" in request.args else "open",
        "overdue_on": today() if request.args.get("overdue") == "1" else None,
    }


@blueprint.get("/list.<form>")
@requires("need.export")
def export(form: str) -> Response:
    """The needs under the filters of the address as CSV or XLSX."""
    filters = _filters({category.code for category in all_categories(db())})
    return needs_file(form, every(partial(list_needs, db(), scope=scope_of("need.export"), **filters)))


@blueprint.get("/<uuid:need_id>")
@requires("need.read")
def detail(need_id: uuid.UUID) -> ResponseReturnValue:
    """One need."""
    return _page(need_id)


def _page(need_id: uuid.UUID, *, errors: list[str] | None = None, status: int = 200) -> ResponseReturnValue:
    need = get_need(db(), need_id, scope=scope_of("need.read"))
    rounds = rounds_of_needs(db(), [need.id]).get(need.id, [])
    waited = sum(one.waited for one in rounds)
    text = render_template(
        "needs/detail.html",
        need=need,
        rounds=[one for one in rounds if one.waited],
        waited=rounds_text(waited),
        counted=STANDARD.weight(need.weight, waited),
        household=db().get_one(Household, need.household_id),
        categories={category.code: category for category in all_categories(db())},
        skills={skill.code: skill for skill in all_skills(db())},
        region=region_names({need.region_code})[need.region_code],
        errors=errors or [],
    )
    return text, status


@blueprint.route("/new", methods=["GET", "POST"])
@requires("need.write")
def create() -> ResponseReturnValue:
    """Posting a need of the household named in the address."""
    household = _household_of(request.values.get("household_id"))
    form, status = NeedForm(), 200
    form.offer(household)
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                need = post_need(db(), entry=form.entry(household.id), **writing())
            except DomainError as error:
                db().rollback()
                put_faults(form, error, {"unit_worth_fen": "unit_worth"})
                status = status_of(error)
            else:
                flash(_("Need no. %(number)s is posted.", number=need.number), "success")
                return redirect(url_for("households.detail", household_id=household.id), 303)
    return render_template("needs/form.html", form=form, household=household, need=None), status


def _household_of(text: str | None) -> Household:
    try:
        household_id = uuid.UUID(text or "")
    except ValueError:
        raise NotFound("There is no such household in the regions you work in") from None
    return get_household(db(), household_id, scope=scope_of("need.write"))


@blueprint.route("/<uuid:need_id>/edit", methods=["GET", "POST"])
@requires("need.write")
def edit(need_id: uuid.UUID) -> ResponseReturnValue:
    """The form of a need."""
    need = get_need(db(), need_id, scope=scope_of("need.write"))
    household = get_household(db(), need.household_id, scope=scope_of("need.write"))
    start = {
        **{name: getattr(need, name) for name in ("category_code", "quantity", "weight", "type", "fill", "accepts", "requires", "starts_on", "due_on", "note", "version")},
        "tier": str(need.tier),
        "unit_worth": need.unit_worth_fen or None,
    }  # fmt: skip
    form = NeedForm() if request.method == "POST" else NeedForm(formdata=None, data=start)
    form.offer(household)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            version = int(form.version.data) if (form.version.data or "").isdecimal() else 0
            try:
                change_need(db(), need_id=need.id, entry=form.entry(household.id, need), version=version, **writing())
            except DomainError as error:
                db().rollback()
                put_faults(form, error, {"unit_worth_fen": "unit_worth"})
                status = status_of(error)
                need = get_need(db(), need_id, scope=scope_of("need.write"))
                household = get_household(db(), need.household_id, scope=scope_of("need.write"))
            else:
                flash(_("The change is saved."), "success")
                return redirect(url_for("needs.detail", need_id=need.id), 303)
    return render_template("needs/form.html", form=form, household=household, need=need), status


@blueprint.post("/<uuid:need_id>/withdraw")
@requires("need.write")
def withdraw(need_id: uuid.UUID) -> ResponseReturnValue:
    """Takes a need back."""
    try:
        withdraw_need(db(), need_id=need_id, reason=request.form.get("reason", "")[:500], **writing())
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        return _page(need_id, errors=[sentence(error)], status=status_of(error))
    flash(_("The need is withdrawn."), "success")
    return redirect(url_for("needs.detail", need_id=need_id), 303)
