"""Households 家庭: the list, one household with its members masked, the forms, and a household's own page."""

import uuid
from functools import partial
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from households.indicators import DIMENSIONS, KINDS
from households.models import RISK_TIERS, STATUS_CATEGORIES, Household
from households.needs.queries import list_needs
from households.operations import (
    Revealed,
    change_household,
    close_household,
    register_household,
    reopen_household,
    reveal,
    set_indicators,
    set_opt_out,
)
from households.portrait.queries import kept_portraits, portrait_on_record
from households.queries import find_by_resident_id, get_household, list_households, masked_view, who_looked
from kernel.catalogue.models import HOUSEHOLD_TYPES
from kernel.catalogue.queries import all_categories
from kernel.errors import DomainError, InvalidInput, NotFound
from kernel.regions.models import Region
from kernel.regions.queries import children_of, with_ancestors
from marketplace.errors import status_of
from marketplace.reports import own_pages
from marketplace.security.access import actor, clock_now, db, may, own_household_ids, requires, scope_of, today
from marketplace.web.addresses import region_in_address
from marketplace.web.care import care_values
from marketplace.web.faults import put_faults, sentence
from marketplace.web.household_forms import (
    HouseholdForm,
    IndicatorForm,
    MemberForm,
    data_of,
    entry_of,
    faults_before,
    indicator_data,
    indicator_entries,
    member_forms,
    place_faults,
)
from marketplace.web.list_exports import every, households_file
from marketplace.web.plan_parts import household_values
from marketplace.web.portrait_words import portrait_values
from marketplace.web.profile_words import profile_values, reckoning
from marketplace.web.region_choice import code_of, shown_by_code, suggestions
from marketplace.web.words import choices

blueprint = Blueprint("households", __name__, url_prefix="/households")


def writing(permission: str = "household.write") -> dict[str, Any]:
    """Who writes, where, and when."""
    return {"actor": actor(), "scope": scope_of(permission), "now": clock_now()}


def one_of(name: str, allowed: tuple[str, ...]) -> str | None:
    """A filter's value from the address, where it is one the domain knows."""
    value = request.args.get(name, "")
    return value if value in allowed else None


def township_choices(scope: tuple[str, ...]) -> list[tuple[str, str]]:
    """The townships of `scope`, for a filter."""
    found = []
    for code in scope:
        region = db().get(Region, code)
        if region is not None:
            found += [(one.code, one.name) for one in (children_of(db(), code) if region.level == 3 else [region])]
    return [("", _("All townships")), *found]


def region_names(codes: set[str]) -> dict[str, str]:
    """Code → township and village, as a list shows it."""
    known = {region.code: region for region in with_ancestors(db(), codes)}
    names = {}
    for code in codes:
        region = known.get(code)
        above = known.get(code[:9]) if region is not None and region.level == 5 else None
        names[code] = (above.name if above is not None else "") + (region.name if region is not None else code)
    return names


@blueprint.get("")
@requires("household.read")
def index() -> ResponseReturnValue:
    """The households of one's regions."""
    return _list()


@blueprint.post("/find")
@requires("household.read")
def find() -> ResponseReturnValue:
    """Finds a person's household by resident ID; posted, so that the number stands in no address."""
    try:
        found = find_by_resident_id(
            db(), request.form.get("resident_id", ""), scope=scope_of("household.read"), today=today()
        )
        if found is None:
            raise NotFound("No household in the regions you work in has a member with this resident ID")
    except (InvalidInput, NotFound) as error:
        return _list(found=sentence(error)), status_of(error)
    return redirect(url_for("households.detail", household_id=found.id), 303)


def _list(found: str | None = None) -> str:
    scope = scope_of("household.read")
    page = list_households(db(), scope=scope, after=request.args.get("after"), **_filters())
    return render_template(
        "households/index.html",
        page=page,
        found=found,
        regions=region_names({row.region_code for row in page.rows}),
        townships=township_choices(scope),
        query={name: value for name, value in request.args.items() if value and name != "after"},
    )


def _filters() -> dict[str, Any]:
    return {
        "text": request.args.get("text", "")[:60],
        "region_code": region_in_address(),
        "status_category": one_of("status_category", STATUS_CATEGORIES),
        "main_type": one_of("main_type", HOUSEHOLD_TYPES),
        "risk_tier": one_of("risk_tier", RISK_TIERS),
        "status": one_of("status", ("active", "closed")) or "active",
        "consented": {"yes": True, "no": False}.get(request.args.get("consent", "")),
    }


@blueprint.get("/list.<form>")
@requires("household.export")
def export(form: str) -> Response:
    """The households under the filters of the address as CSV or XLSX, masked."""
    return households_file(
        form, every(partial(list_households, db(), scope=scope_of("household.export"), **_filters()))
    )


@blueprint.get("/<uuid:household_id>")
@requires("household.read")
def detail(household_id: uuid.UUID) -> ResponseReturnValue:
    """One household, masked."""
    return _page(household_id)


def _page(
    household_id: uuid.UUID, *, opened: Revealed | None = None, errors: list[str] | None = None, status: int = 200
) -> ResponseReturnValue:
    household = get_household(db(), household_id, scope=scope_of("household.read"))
    needs = (
        list_needs(db(), scope=scope_of("need.read"), status=None, household_ids=(household.id,), limit=200).rows
        if may("need.read")
        else []
    )
    categories = {category.code: category for category in all_categories(db())}
    made = portrait_on_record(db(), household, day=today())
    text = render_template(
        "households/detail.html",
        view=masked_view(db(), household),
        household=household,
        region=shown_by_code(household.region_code),
        needs=[row.need for row in needs],
        categories=categories,
        help=own_pages.help_for(db(), [household.id]),
        **profile_values(household),
        looks=who_looked(db(), household.id, limit=10),
        opened=opened,
        opened_members={member.id: member for member in opened.members} if opened else {},
        errors=errors or [],
        age_on=today(),
        earlier_portraits=kept_portraits(db(), household),
        **household_values(household),
        **care_values(household),
        **portrait_values(made, categories),
        reckoning=reckoning(made),
    )
    return text, status


@blueprint.route("/new", methods=["GET", "POST"])
@requires("household.write")
def create() -> ResponseReturnValue:
    """The form of a new household."""
    if request.method == "GET":
        scope = scope_of("household.write")
        region = shown_by_code(scope[0]) if len(scope) == 1 and len(scope[0]) >= 9 else ""
        return _form(HouseholdForm(formdata=None, data={"region_code": region}), member_forms())
    form, members = HouseholdForm(), member_forms(request.form, more="more" in request.form)
    if "more" in request.form:
        return _form(form, members)
    lines, status = faults_before(form, members), 422
    if not lines and not form.errors:
        try:
            kept = _kept(members)
            entry = entry_of(form, kept, region_code=_region(form), household=None)
            household = register_household(db(), entry=entry, **writing())
        except DomainError as error:
            db().rollback()
            lines, status = place_faults(form, kept, error), status_of(error)
        else:
            flash(_("Household no. %(number)s is registered.", number=household.number), "success")
            return redirect(url_for("households.detail", household_id=household.id), 303)
    return _form(form, members, lines=lines, status=status)


@blueprint.route("/<uuid:household_id>/edit", methods=["GET", "POST"])
@requires("household.write")
def edit(household_id: uuid.UUID) -> ResponseReturnValue:
    """The form of a household on file; sealed numbers are not shown, and stay unless new ones are typed."""
    household = get_household(db(), household_id, scope=scope_of("household.write"))
    view = masked_view(db(), household)
    if request.method == "GET":
        start = data_of(household, shown_by_code(household.region_code))
        return _form(HouseholdForm(formdata=None, data=start), member_forms(view=view), household=household)
    form, members = HouseholdForm(), member_forms(request.form, view=view, more="more" in request.form)
    if "more" in request.form:
        return _form(form, members, household=household)
    lines, status = faults_before(form, members), 422
    if not lines and not form.errors:
        try:
            kept = _kept(members)
            change_household(
                db(),
                household_id=household.id,
                entry=entry_of(form, kept, region_code=_region(form), household=household),
                version=int(form.version.data) if (form.version.data or "").isdecimal() else 0,
                **writing(),
            )
        except DomainError as error:
            db().rollback()
            lines, status = place_faults(form, kept, error), status_of(error)
            household = get_household(db(), household_id, scope=scope_of("household.write"))
        else:
            flash(_("The change is saved."), "success")
            return redirect(url_for("households.detail", household_id=household.id), 303)
    return _form(form, members, household=household, lines=lines, status=status)


def _kept(members: list[MemberForm]) -> list[MemberForm]:
    return [member for member in members if not member.is_empty and not member.remove.data]


def _region(form: HouseholdForm) -> str:
    return code_of(form.region_code.data or "", scope=scope_of("household.write"))


def _form(
    form: HouseholdForm,
    members: list[MemberForm],
    *,
    household: Household | None = None,
    lines: list[str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    form.offer()
    text = render_template(
        "households/form.html",
        form=form,
        members=members,
        household=household,
        lines=lines or [],
        places=suggestions(scope_of("household.write")),
    )
    return text, status


@blueprint.route("/<uuid:household_id>/indicators", methods=["GET", "POST"])
@requires("household.write")
def indicators(household_id: uuid.UUID) -> ResponseReturnValue:
    """The form of the indicators."""
    household = get_household(db(), household_id, scope=scope_of("household.write"))
    start = MultiDict({**indicator_data(household), "as_of": today().isoformat()})
    form = (
        IndicatorForm() if request.method == "POST" else IndicatorForm(formdata=None, data={**start, "as_of": today()})
    )
    form.evidence.choices = choices("evidence")
    status = 200
    if request.method == "POST":
        status = 422
        if not form.as_of.data and not form.as_of.errors:
            form.as_of.errors = [_("Say for which day the values hold")]
        entries = indicator_entries(form, household) if form.validate() and form.as_of.data else None
        if entries is not None:
            try:
                if entries:
                    set_indicators(db(), household_id=household.id, entries=entries, **writing())
            except DomainError as error:
                db().rollback()
                put_faults(form, error, {f"indicators.{code}": code for code in KINDS})
                status = status_of(error)
                household = get_household(db(), household_id, scope=scope_of("household.write"))
            else:
                flash(_("The indicators are saved."), "success")
                return redirect(url_for("households.detail", household_id=household.id), 303)
    by_dimension = [(name, [kind for kind in KINDS.values() if kind.dimension == name]) for name in DIMENSIONS]
    text = render_template("households/indicators.html", form=form, household=household, by_dimension=by_dimension)
    return text, status


@blueprint.post("/<uuid:household_id>/reveal")
@requires("personal.reveal")
def show_numbers(household_id: uuid.UUID) -> ResponseReturnValue:
    """Shows the sealed numbers once, for a purpose; the page is kept nowhere, not even beside the form's key."""
    g.idempotency_key = None
    try:
        opened = reveal(
            db(), household_id=household_id, purpose=request.form.get("purpose", ""), **writing("personal.reveal")
        )
    except InvalidInput as error:
        return _page(household_id, errors=[sentence(error)], status=status_of(error))
    return _page(household_id, opened=opened)


@blueprint.post("/<uuid:household_id>/opt-out")
@requires("household.write")
def opt_out(household_id: uuid.UUID) -> ResponseReturnValue:
    """Out of automatic matching, or back in."""
    out = request.form.get("opted_out") == "yes"
    done = (
        _("The household stays out of automatic matching; its claim remains.")
        if out
        else _("The household takes part in automatic matching again.")
    )
    return _step(household_id, lambda: set_opt_out(db(), household_id=household_id, opted_out=out, **writing()), done)


@blueprint.post("/<uuid:household_id>/close")
@requires("household.write")
def close(household_id: uuid.UUID) -> ResponseReturnValue:
    """Closes the household."""
    reason = request.form.get("reason", "")[:500]
    return _step(
        household_id,
        lambda: close_household(db(), household_id=household_id, reason=reason, **writing()),
        _("The household is closed and its open needs are withdrawn."),
    )


@blueprint.post("/<uuid:household_id>/reopen")
@requires("household.write")
def reopen(household_id: uuid.UUID) -> ResponseReturnValue:
    """Opens a closed household again."""
    return _step(
        household_id,
        lambda: reopen_household(db(), household_id=household_id, **writing()),
        _("The household is open again."),
    )


def refused(household_id: uuid.UUID, error: DomainError) -> ResponseReturnValue:
    """The household's page with what speaks against a step."""
    db().rollback()
    return _page(household_id, errors=[sentence(error)], status=status_of(error))


def _step(household_id: uuid.UUID, act: Any, done: str) -> ResponseReturnValue:
    try:
        act()
    except NotFound:
        raise
    except DomainError as error:
        return refused(household_id, error)
    flash(done, "success")
    return redirect(url_for("households.detail", household_id=household_id), 303)


@blueprint.get("/mine")
@requires("own.household")
def mine() -> ResponseReturnValue:
    """A household's own page: what it asked for, what was promised and what arrived, and who looked at its numbers."""
    ids = own_household_ids()
    part = {
        "households": own_pages.households_of(db(), ids),
        "needs": own_pages.needs_of(db(), ids),
        "help": own_pages.help_for(db(), ids),
    }
    looks = [look for one in ids for look in who_looked(db(), one, limit=20)]
    return render_template("households/mine.html", part=part, looks=looks)
