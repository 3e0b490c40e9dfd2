"""Births, deaths, moves, splits and joinings of households: one page for each, one column on a phone, no script."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import Optional

from households.accounts import accounts_of
from households.life.operations import Moved, move_household, record_birth, record_death
from households.life.parting import join_households, split_household
from households.life.rules import COUNTY_DIGITS, Place, named
from households.models import Household, Member
from households.needs.queries import list_needs
from households.queries import find_by_resident_id, get_household, list_households
from households.rules import MemberEntry
from kernel.accounts.rules import covers
from kernel.catalogue.queries import all_categories
from kernel.errors import DomainError, InvalidInput, NotFound
from marketplace.errors import status_of
from marketplace.reports.rounds_under_way import needs_in_rounds
from marketplace.security.access import actor, clock_now, db, requires, scope_of, today
from marketplace.web.addresses import id_from
from marketplace.web.faults import put_faults
from marketplace.web.region_choice import code_of, shown_by_code, suggestions
from marketplace.web.typed_fields import DayField
from marketplace.web.words import choices

blueprint = Blueprint("household_life", __name__, url_prefix="/households")
_RELATION = "relation-"


class BirthForm(FlaskForm):  # type: ignore[misc]
    """A newborn member."""

    name = StringField(_l("Full name"), description=_l("A name that is not chosen yet can be changed later"))
    relation = SelectField(_l("Relation to the head"), default="child")
    sex = SelectField(_l("Sex"), default="")
    born_on = DayField(_l("Date of birth"), validators=[Optional()])
    resident_id = StringField(_l("Resident ID"), description=_l("May follow later"))


class DeathForm(FlaskForm):  # type: ignore[misc]
    """Who died, when, and who heads the household now."""

    member_id = SelectField(_l("Who died"), default="")
    died_on = DayField(_l("Day of death"), validators=[Optional()])
    was_earner = BooleanField(_l("This person earned the household's living"))


class PlaceForm(FlaskForm):  # type: ignore[misc]
    """Where, and since when."""

    region_code = StringField(_l("Region"), description=_l("Township or village: code or name"))
    address = StringField(_l("Address"))
    happened_on = DayField(_l("On which day"), validators=[Optional()])


class JoinForm(FlaskForm):  # type: ignore[misc]
    """Which household comes in."""

    other = StringField(_l("The household that comes in"), description=_l("Its number, or a member's resident ID"))
    happened_on = DayField(_l("On which day"), validators=[Optional()])


def _writing() -> dict[str, Any]:
    return {"actor": actor(), "scope": scope_of("household.write"), "now": clock_now()}


def _household(household_id: uuid.UUID) -> Household:
    return get_household(db(), household_id, scope=scope_of("household.write"))


def _relations() -> dict[uuid.UUID, str]:
    """What each member is said to be from now on."""
    return {
        key: text
        for name, text in request.form.items()
        if text and name.startswith(_RELATION) and (key := id_from(name.removeprefix(_RELATION)))
    }


def _chosen(name: str) -> list[uuid.UUID]:
    found = request.form.getlist(name)
    return [key for text in found if (key := id_from(text))]


@blueprint.get("/<uuid:household_id>/life")
@requires("household.write")
def choose(household_id: uuid.UUID) -> ResponseReturnValue:
    """What happened?"""
    return render_template("households/life.html", household=_household(household_id))


def _page(
    name: str,
    household_id: uuid.UUID,
    form: FlaskForm,
    act: Callable[[Household], tuple[str, uuid.UUID | None]],
    names: dict[str, str] | None = None,
    **more: Any,
) -> ResponseReturnValue:
    """Shows the form, or acts and goes on; `act` gives the sentence to show and the household to go to (None: the list)."""
    status = 200
    if request.method == "POST" and "more" not in request.form:
        status = 422
        if form.validate():
            try:
                done, target = act(_household(household_id))
            except NotFound as error:
                if not error.field:
                    raise
                db().rollback()
                put_faults(form, error, names)
                status = status_of(error)
            except DomainError as error:
                db().rollback()
                put_faults(form, error, names)
                status = status_of(error)
            else:
                flash(done, "success")
                address = url_for("households.detail", household_id=target) if target else url_for("households.index")
                return redirect(address, 303)
    text = render_template(
        f"households/life_{name}.html",
        form=form,
        household=_household(household_id),
        relations=choices("relation"),
        said={str(key): text for key, text in _relations().items()},
        picked=set(request.form.getlist("leaving")) | set(request.form.getlist("needs_along")),
        **more,
    )
    return text, status


@blueprint.route("/<uuid:household_id>/life/birth", methods=["GET", "POST"])
@requires("household.write")
def birth(household_id: uuid.UUID) -> ResponseReturnValue:
    """A newborn."""
    form = BirthForm() if request.method == "POST" else BirthForm(formdata=None, data={"born_on": today()})
    form.relation.choices = [one for one in choices("relation") if one[0] != "head"]
    form.sex.choices = choices("sex", empty=_("Choose"))

    def act(household: Household) -> tuple[str, uuid.UUID | None]:
        entry = MemberEntry(
            name=form.name.data or "",
            relation=form.relation.data or "",
            resident_id=(form.resident_id.data or "").strip() or None,
            sex=form.sex.data or None,
            born_on=form.born_on.data,
        )
        record_birth(db(), household_id=household.id, entry=entry, **_writing())
        return _("The newborn is entered. Look at the indicators that count members and minors."), household.id

    names = {f"member.{name}": name for name in ("name", "relation", "sex", "born_on", "resident_id")}
    return _page("birth", household_id, form, act, names)


@blueprint.route("/<uuid:household_id>/life/death", methods=["GET", "POST"])
@requires("household.write")
def death(household_id: uuid.UUID) -> ResponseReturnValue:
    """A death."""
    household = _household(household_id)
    form = DeathForm() if request.method == "POST" else DeathForm(formdata=None)
    form.member_id.choices = [("", _("Choose")), *((str(one.id), one.name) for one in household.members)]

    def act(household: Household) -> tuple[str, uuid.UUID | None]:
        if not form.member_id.data:
            raise InvalidInput("Choose who died", field="member_id")
        record_death(
            db(),
            household_id=household.id,
            member_id=uuid.UUID(form.member_id.data),
            died_on=form.died_on.data,
            relations=_relations(),
            was_earner=form.was_earner.data,
            **_writing(),
        )
        if household.status == "closed":
            return _("The death is recorded. Nobody is left, so the household is closed."), household.id
        done = _("The death is recorded. Look at the indicators that count members and income.")
        if accounts_of(db(), household.id):
            done += " " + _("If the account of the person who died is joined to the household, take it away.")
        return done, household.id

    return _page("death", household_id, form, act)


def _what_moved(moved: Moved) -> str:
    """What becomes of help that is under way, one sentence each."""
    sentences = []
    if moved.promised:
        sentences.append(
            _(
                "Help for need no. %(numbers)s is promised; it is delivered at the new place.",
                numbers=named(moved.promised),
            )
        )
    if moved.in_rounds:
        sentences.append(
            _(
                "Need no. %(numbers)s stands in match round no. %(rounds)s as it was at the old place: a plan that helps it there cannot be committed; the round is prepared anew for that.",
                numbers=named(moved.in_rounds),
                rounds=named(set(moved.in_rounds.values())),
            )
        )
    return "".join(f" {one}" for one in sentences)


def _place(form: PlaceForm, household: Household) -> Place:
    county = household.region_code[:COUNTY_DIGITS]
    scope = tuple(dict.fromkeys((county, *scope_of("household.write"))))
    code = code_of(form.region_code.data or "", scope=scope)
    same = code == household.region_code and (form.address.data or "") == (household.address or "")
    return Place(code, form.address.data, household.lat if same else None, household.lon if same else None)


def _places(household: Household) -> list[str]:
    return suggestions((household.region_code[:COUNTY_DIGITS],))


@blueprint.route("/<uuid:household_id>/life/move", methods=["GET", "POST"])
@requires("household.write")
def move(household_id: uuid.UUID) -> ResponseReturnValue:
    """A move: whoever works in the old place hands the household over within the county."""
    household = _household(household_id)
    form = PlaceForm() if request.method == "POST" else PlaceForm(formdata=None, data={"happened_on": today()})

    def act(household: Household) -> tuple[str, uuid.UUID | None]:
        moved = move_household(
            db(),
            household_id=household.id,
            place=_place(form, household),
            happened_on=form.happened_on.data,
            in_rounds=needs_in_rounds(db(), [household.id]),
            **_writing(),
        )
        place = shown_by_code(moved.household.region_code)
        told = _what_moved(moved)
        if covers(scope_of("household.read"), moved.household.region_code):
            return _("The household lives in %(place)s now.", place=place) + told, household.id
        return (
            _(
                "The household is handed over to %(place)s; its workers see it now, and you do not any more.",
                place=place,
            )
            + told,
            None,
        )

    return _page(
        "move", household_id, form, act, places=_places(household), now_at=shown_by_code(household.region_code)
    )


@blueprint.route("/<uuid:household_id>/life/split", methods=["GET", "POST"])
@requires("household.write")
def split(household_id: uuid.UUID) -> ResponseReturnValue:
    """Some members become a household of their own."""
    household = _household(household_id)
    start = {
        "region_code": shown_by_code(household.region_code),
        "address": household.address,
        "happened_on": today(),
    }
    form = PlaceForm() if request.method == "POST" else PlaceForm(formdata=None, data=start)
    rounds = needs_in_rounds(db(), [household.id])
    needs = list_needs(
        db(), scope=scope_of("household.write"), household_ids=(household.id,), status="open", limit=200
    ).rows

    def act(household: Household) -> tuple[str, uuid.UUID | None]:
        accounts = [one.login for one in accounts_of(db(), household.id)]
        made = split_household(
            db(),
            household_id=household.id,
            leaving=_chosen("leaving"),
            relations=_relations(),
            place=_place(form, household),
            needs_along=_chosen("needs_along"),
            happened_on=form.happened_on.data,
            in_rounds=rounds,
            **_writing(),
        )
        done = _(
            "Household no. %(number)s is made. Ask it for its consent, and record the indicators of both.",
            number=made.number,
        )
        if accounts:
            done += " " + _(
                "The accounts were taken from the household; join each anew to where its person lives: %(logins)s.",
                logins=", ".join(accounts),
            )
        visible = covers(scope_of("household.read"), made.region_code)
        return done, made.id if visible else household.id

    return _page(
        "split",
        household_id,
        form,
        act,
        places=_places(household),
        needs=[row.need for row in needs],
        rounds=rounds,
        categories={category.code: category for category in all_categories(db())},
    )


@blueprint.route("/<uuid:household_id>/life/join", methods=["GET", "POST"])
@requires("household.write")
def join(household_id: uuid.UUID) -> ResponseReturnValue:
    """Another household comes in: first it is found, then its members get their relations."""
    form = JoinForm() if request.method == "POST" else JoinForm(formdata=None, data={"happened_on": today()})
    other: Household | None = None
    if request.method == "POST":
        try:
            other = _other(form.other.data or "")
        except DomainError as error:
            put_faults(form, error)

    def act(household: Household) -> tuple[str, uuid.UUID | None]:
        if other is None:
            raise InvalidInput("Find the household that comes in first", field="other")
        join_households(
            db(),
            household_id=household.id,
            other_id=other.id,
            relations=_relations(),
            happened_on=form.happened_on.data,
            in_rounds=needs_in_rounds(db(), [other.id]),
            **_writing(),
        )
        return _("Household no. %(number)s came in and is closed.", number=other.number), household.id

    if request.method == "POST" and other is None:
        text = render_template(
            "households/life_join.html",
            form=form, household=_household(household_id), other=None, newcomers=[], relations=choices("relation"),
            said={}, picked=set(),
        )  # fmt: skip
        return text, 422
    newcomers: list[Member] = list(other.members) if other is not None else []
    return _page("join", household_id, form, act, other=other, newcomers=newcomers)


def _other(text: str) -> Household:
    """The household of this number, or of the person with this resident ID, within one's regions."""
    wanted, scope = text.strip(), scope_of("household.write")
    found: Household | None = None
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 16:
        rows = list_households(db(), scope=scope, text=wanted, status=None, limit=10).rows
        found = next((row for row in rows if str(row.number) == wanted), None)
    elif wanted:
        found = find_by_resident_id(db(), wanted, scope=scope, today=today())
    if found is None:
        raise InvalidInput("No household of your regions has this number or this member", field="other")
    return get_household(db(), found.id, scope=scope)
