"""Problems 问题: the list, one problem, and its way from found to resolved."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, TextAreaField
from wtforms.validators import InputRequired

from households.models import Household
from households.policy.visiting import PROBLEM_KINDS
from households.queries import get_household
from households.revealing import OpenedText
from households.visits.problems import (
    OWNERS,
    assign_problem,
    escalate_problem,
    open_problem,
    reopen_problem,
    resolve_problem,
)
from households.visits.queries import get_problem, list_problems, names_of, owners_for, steps_of
from households.visits.rules import FindingEntry
from households.visits.texts import open_texts
from kernel.errors import DomainError, InvalidInput, NotFound
from marketplace.errors import status_of
from marketplace.security.access import actor, clock_now, db, person, requires, scope_of, today
from marketplace.web.addresses import id_from, region_in_address
from marketplace.web.faults import put_faults, sentence
from marketplace.web.households import one_of, region_names, township_choices
from marketplace.web.typed_fields import DayField
from marketplace.web.words import choices

blueprint = Blueprint("problems", __name__, url_prefix="/problems")
SHOW = ("mine", "late", "county")


class ProblemForm(FlaskForm):  # type: ignore[misc]
    """A problem found outside a visit's report, or after it."""

    kind = SelectField(_l("What is it about"), validators=[InputRequired(_l("Choose one"))])
    words = TextAreaField(
        _l("What was found"), description=_l("Kept sealed: shown only for a purpose that stays on record")
    )
    owner_id = SelectField(_l("Who answers for it"))
    due_on = DayField(_l("To be resolved by"), description=_l("Empty: as the policy set says for this kind"))

    def offer(self, household: Household) -> None:
        """Fills the choices."""
        self.kind.choices = choices("problem_kind", empty=_("Choose"))
        self.owner_id.choices = owner_choices(household)

    def entry(self) -> FindingEntry:
        """The domain's entry."""
        return FindingEntry(self.kind.data, self.words.data or None, id_from(self.owner_id.data), self.due_on.data)


def writing(permission: str = "visit.write") -> dict[str, Any]:
    """Who writes, where, and when."""
    return {"actor": actor(), "scope": scope_of(permission), "now": clock_now()}


def owner_choices(household: Household) -> list[tuple[str, str]]:
    """Who may answer for a problem of this household."""
    return [(str(user.id), user.display_name) for user in owners_for(db(), household.region_code, roles=OWNERS)]


@blueprint.get("")
@requires("visit.read")
def index() -> ResponseReturnValue:
    """The problems of one's regions, the one due first first."""
    scope, show = scope_of("visit.read"), one_of("show", SHOW)
    page = list_problems(
        db(),
        scope=scope,
        status=(one_of("status", ("open", "resolved")) if "status" in request.args else "open"),
        kind=one_of("kind", PROBLEM_KINDS),
        owner_id=person().id if show == "mine" else None,
        late_on=today() if show == "late" else None,
        escalated=show == "county",
        region_code=region_in_address(),
        after=request.args.get("after"),
    )
    return render_template(
        "problems/index.html",
        page=page,
        status=request.args.get("status", "open"),
        places=region_names({line.household.region_code for line in page.rows}),
        townships=township_choices(scope),
        query={name: value for name, value in request.args.items() if value and name != "after"},
        day=today(),
    )


@blueprint.get("/<uuid:problem_id>")
@requires("visit.read")
def one(problem_id: uuid.UUID) -> ResponseReturnValue:
    """One problem with its way so far."""
    return _page(problem_id)


def _page(
    problem_id: uuid.UUID,
    *,
    opened: list[OpenedText] | None = None,
    errors: list[str] | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    problem = get_problem(db(), problem_id, scope=scope_of("visit.read"))
    household = get_household(db(), problem.household_id, scope=scope_of("visit.read"))
    steps = steps_of(db(), problem.id)
    text = render_template(
        "problems/one.html",
        problem=problem,
        household=household,
        region=region_names({household.region_code})[household.region_code],
        steps=steps,
        people=names_of(db(), [problem.owner_id, *(step.actor_id for step in steps)]),
        owners=owner_choices(household),
        opened={one.id: one.text for one in opened or []},
        errors=errors or [],
        typed=typed or {},
        day=today(),
    )
    return text, status


@blueprint.route("/for/<uuid:household_id>", methods=["GET", "POST"])
@requires("visit.write")
def create(household_id: uuid.UUID) -> ResponseReturnValue:
    """The form of a problem of one household."""
    household = get_household(db(), household_id, scope=scope_of("visit.write"))
    form = (
        ProblemForm() if request.method == "POST" else ProblemForm(formdata=None, data={"owner_id": str(person().id)})
    )
    form.offer(household)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                problem = open_problem(db(), household_id=household.id, entry=form.entry(), **writing())
            except DomainError as error:
                db().rollback()
                put_faults(form, error)
                status = status_of(error)
                household = get_household(db(), household_id, scope=scope_of("visit.write"))
            else:
                flash(_("Problem no. %(number)s is open.", number=problem.number), "success")
                return redirect(url_for("problems.one", problem_id=problem.id), 303)
    return render_template("problems/form.html", form=form, household=household), status


def _step(problem_id: uuid.UUID, act: Callable[..., object], done: str, **values: Any) -> ResponseReturnValue:
    typed = request.form.get("version", "")
    version = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    try:
        act(db(), problem_id=problem_id, version=version, **values, **writing())
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        kept = {"step": request.endpoint or "", "words": request.form.get("words", "")}
        return _page(problem_id, errors=[sentence(error)], typed=kept, status=status_of(error))
    flash(done, "success")
    return redirect(url_for("problems.one", problem_id=problem_id), 303)


def _words() -> str:
    return request.form.get("words", "")[:4_000]


@blueprint.post("/<uuid:problem_id>/resolve")
@requires("visit.write")
def resolve(problem_id: uuid.UUID) -> ResponseReturnValue:
    """It is put right."""
    return _step(problem_id, resolve_problem, _("The problem is resolved."), words=_words())


@blueprint.post("/<uuid:problem_id>/reopen")
@requires("visit.write")
def reopen(problem_id: uuid.UUID) -> ResponseReturnValue:
    """It was not, or came back."""
    return _step(problem_id, reopen_problem, _("The problem is open again."), words=_words())


@blueprint.post("/<uuid:problem_id>/escalate")
@requires("visit.write")
def escalate(problem_id: uuid.UUID) -> ResponseReturnValue:
    """The township cannot put it right alone."""
    return _step(problem_id, escalate_problem, _("The county has the problem now."), words=_words())


@blueprint.post("/<uuid:problem_id>/assign")
@requires("visit.write")
def assign(problem_id: uuid.UUID) -> ResponseReturnValue:
    """Another person answers for it."""
    owner = id_from(request.form.get("owner_id"))
    if owner is None:
        return _page(problem_id, errors=[_("Choose who answers for it")], status=422)
    return _step(problem_id, assign_problem, _("Another person answers for it now."), owner_id=owner)


@blueprint.post("/<uuid:problem_id>/texts")
@requires("personal.reveal")
def texts(problem_id: uuid.UUID) -> ResponseReturnValue:
    """Shows what was written, once, for a purpose; the page is kept nowhere."""
    g.idempotency_key = None
    purpose = request.form.get("purpose", "")
    try:
        opened = open_texts(
            db(), subject="problem", subject_id=problem_id, purpose=purpose, **writing("personal.reveal")
        )
    except InvalidInput as error:
        return _page(problem_id, errors=[sentence(error)], status=status_of(error))
    return _page(problem_id, opened=opened)
