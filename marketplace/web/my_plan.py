"""A household's own plan 我的帮扶计划: choose, see what became of each item, agree, object, take consent back. Plain words, big buttons."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from households.consents.operations import give_consents, withdraw_consent
from households.consents.queries import consents_of, head_of
from households.consents.rules import Giving
from households.models import Household
from households.plans.models import PREPARED, Objection, Plan
from households.plans.objections import object_to, take_back
from households.plans.operations import agree, choose_measures
from households.plans.queries import answer_of, objections_of, plans_of, waits_for_change, words_of
from households.policy.queries import policy_of
from households.portrait.queries import portrait_on_record
from households.queries import get_household, who_looked
from kernel.catalogue.models import Category
from kernel.catalogue.queries import all_categories
from kernel.errors import DomainError, InvalidInput, NotFound
from marketplace.errors import status_of
from marketplace.security.access import actor, clock_now, db, own_household_ids, requires, today
from marketplace.web.consents import consent_values, posted_purposes
from marketplace.web.faults import sentence
from marketplace.web.plans import MeasureView, measure_views, seen_version
from marketplace.web.portrait_words import MeasureLine, measure_lines

blueprint = Blueprint("my_plan", __name__, url_prefix="/my/plan")


@dataclass(frozen=True)
class Home:
    """One household as its own page shows it. `choices`: (code, what is suggested, whether it is in the draft)."""

    household: Household
    current: Plan | None
    prepared: Plan | None
    current_measures: list[MeasureView]
    prepared_measures: list[MeasureView]
    choices: list[tuple[str, MeasureLine, bool]]
    objections: list[tuple[Objection, str, str | None]]
    consents: dict[str, Any]
    minor: bool
    waits_for_change: bool
    looks: list[Any]

    @property
    def may_choose(self) -> bool:
        """Whether the household can still choose: nothing agreed to waits for approval."""
        return self.household.status == "active" and (self.prepared is None or self.prepared.status == "draft")

    @property
    def objected(self) -> bool:
        """Whether an objection to the plan as a whole is open."""
        return any(one.status == "open" and one.need_id is None for one, _words, _answer in self.objections)


def _home(household_id: uuid.UUID, categories: dict[str, Category], day: date) -> Home:
    """The page of one's own household; the caller has looked at whose it is."""
    household = db().get_one(Household, household_id)
    household = get_household(db(), household_id, scope=(household.region_code,))
    plans = plans_of(db(), [household_id])
    current = next((one for one in plans if one.status == "in_force"), None)
    prepared = next((one for one in plans if one.status in PREPARED), None)
    made = portrait_on_record(db(), household, day=day)
    chosen = {one.measure_code for one in (prepared or current).measures} if prepared or current else set()  # type: ignore[union-attr]
    choices = []
    if made is not None:
        lines = measure_lines(made.portrait, policy_of(made.policy_set), categories)
        choices = [
            (one.code, line, one.code in chosen) for one, line in zip(made.portrait.suggested, lines, strict=True)
        ]
    return Home(
        household, current, prepared,
        measure_views(current, categories) if current else [], measure_views(prepared, categories) if prepared else [],
        choices, [(one, words_of(db(), one), answer_of(db(), one)) for one in objections_of(db(), household_id)],
        consent_values(consents_of(db(), household_id=household_id, scope=(household.region_code,))),
        head_of(db(), household_id).is_minor(day), waits_for_change(db(), household_id), who_looked(db(), household_id, limit=10),
    )  # fmt: skip


@blueprint.get("")
@requires("own.household")
def index() -> ResponseReturnValue:
    """The plans of one's own households."""
    return _page()


def _page(*, errors: list[str] | None = None, status: int = 200) -> ResponseReturnValue:
    categories = {one.code: one for one in all_categories(db())}
    homes = [_home(one, categories, today()) for one in own_household_ids()]
    # what was typed for one household stands in its forms, not in those of another household of the same account
    posted = (request.view_args or {}).get("household_id") if errors else None
    text = render_template(
        "my/plan.html", homes=homes, errors=errors or [], posted=posted, typed=request.form,
        step=(request.endpoint or "").rsplit(".", 1)[-1],
    )  # fmt: skip
    return text, status


def _writing(household_id: uuid.UUID) -> dict[str, Any]:
    """Who writes, for which household, and when. Raises NotFound where it is not one's own."""
    if household_id not in own_household_ids():
        raise NotFound("This household is not yours")
    region = db().get_one(Household, household_id).region_code
    return {"household_id": household_id, "actor": actor(), "scope": (region,), "now": clock_now()}


def _act(act: Callable[[], object], done: str) -> ResponseReturnValue:
    try:
        act()
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        faults = getattr(error, "faults", None) or [error]
        return _page(errors=[sentence(one) for one in faults], status=status_of(error))
    flash(done, "success")
    return redirect(url_for("my_plan.index"), 303)


@blueprint.post("/<uuid:household_id>/choose")
@requires("own.household")
def choose(household_id: uuid.UUID) -> ResponseReturnValue:
    """Ticks among the suggested items."""
    who = _writing(household_id)
    codes = request.form.getlist("codes")
    return _act(
        lambda: choose_measures(db(), codes=codes, **who), _("Your choice is saved. Look at it below and agree to it.")
    )


def _giving(household_id: uuid.UUID) -> Giving:
    """On screen, by whoever says so by name: an account is not a person, and several of a family may use it.

    The head agrees for the household; for a head under age a guardian; anybody else as a proxy, who says what they are to the head.
    Raises InvalidInput where no name is given.
    """
    head = head_of(db(), household_id)
    name = request.form.get("giver", "").strip()
    relation = request.form.get("relation", "").strip() or None
    if head.is_minor(today()):
        return Giving(way="screen", given_by="guardian", giver=name or None, relation=relation)
    if not name:
        raise InvalidInput("Write the full name of whoever agrees", field="giver")
    if name == head.name:
        return Giving(way="screen", giver=name)
    return Giving(way="screen", given_by="proxy", giver=name, relation=relation)


@blueprint.post("/<uuid:household_id>/agree/<uuid:plan_id>")
@requires("own.household")
def agree_to(household_id: uuid.UUID, plan_id: uuid.UUID) -> ResponseReturnValue:
    """Agrees to the draft as it stands on the page."""
    who = _writing(household_id)
    del who["household_id"]
    _own_plan(household_id, plan_id)
    return _act(
        lambda: agree(db(), plan_id=plan_id, giving=_giving(household_id), version=seen_version(), **who),
        _("Thank you. The county approves the plan next; then its items are asked for."),
    )


def _own_plan(household_id: uuid.UUID, plan_id: uuid.UUID) -> None:
    plan = db().get(Plan, plan_id)
    if plan is None or plan.household_id != household_id:
        raise NotFound("There is no such plan or need of this household")


@blueprint.post("/<uuid:household_id>/object")
@requires("own.household")
def raise_objection(household_id: uuid.UUID) -> ResponseReturnValue:
    """Objects, in one's own words, to the plan or to one item."""
    who = _writing(household_id)
    about = request.form.get("about", "")
    need_id = uuid.UUID(about) if _is_id(about) else None
    return _act(
        lambda: object_to(db(), words=request.form.get("words", ""), need_id=need_id, **who),
        _("Your objection is recorded. Another person hears it; until then nothing is decided about it."),
    )


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


@blueprint.post("/<uuid:household_id>/objections/<uuid:objection_id>/take-back")
@requires("own.household")
def take_objection_back(household_id: uuid.UUID, objection_id: uuid.UUID) -> ResponseReturnValue:
    """The household takes its objection back."""
    who = _writing(household_id)
    del who["household_id"]
    objection = db().get(Objection, objection_id)
    if objection is None or objection.household_id != household_id:
        raise NotFound("There is no such objection in the regions you work in")
    return _act(lambda: take_back(db(), objection_id=objection_id, **who), _("The objection is taken back."))


@blueprint.post("/<uuid:household_id>/consents/give")
@requires("own.household")
def give(household_id: uuid.UUID) -> ResponseReturnValue:
    """Agrees to the purposes that are ticked."""
    who = _writing(household_id)
    purposes, versions = posted_purposes()
    return _act(
        lambda: give_consents(db(), purposes=purposes, versions=versions, giving=_giving(household_id), **who),
        _("The consent is recorded."),
    )


@blueprint.post("/<uuid:household_id>/consents/withdraw")
@requires("own.household")
def withdraw(household_id: uuid.UUID) -> ResponseReturnValue:
    """Takes a consent back; it counts at once."""
    who = _writing(household_id)
    return _act(
        lambda: withdraw_consent(db(), purpose=request.form.get("purpose", ""), **who),
        _("The consent is taken back; it counts from this moment."),
    )
