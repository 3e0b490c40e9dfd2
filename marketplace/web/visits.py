"""Care visits 探访关爱: a worker's list of the day, and one visit."""

import uuid
from datetime import date
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectMultipleField, TextAreaField
from wtforms.validators import InputRequired

from households.policy.queries import policy_in_force
from households.policy.visiting import PROBLEM_KINDS
from households.queries import get_household
from households.revealing import OpenedText
from households.visits.models import CareVisit
from households.visits.operations import do_visit, may_telephone, note_absence
from households.visits.queries import (
    LONGEST_ROUND,
    get_visit,
    list_problems,
    names_of,
    tries_of,
    visits_ahead,
    visits_due,
    visits_of,
)
from households.visits.rules import WAYS, FindingEntry, VisitEntry
from households.visits.texts import open_texts
from kernel.errors import DomainError, InvalidInput, NotFound
from marketplace.errors import status_of
from marketplace.security.access import actor, clock_now, db, requires, scope_of, today
from marketplace.web.addresses import region_in_address
from marketplace.web.faults import put_faults, sentence
from marketplace.web.households import one_of, region_names, township_choices
from marketplace.web.typed_fields import DayField
from marketplace.web.words import choices, word

blueprint = Blueprint("visits", __name__, url_prefix="/visits")
AHEAD_DAYS = 7
"""The list names the visits of the coming week, so that a way can be planned; nothing depends on it"""


class VisitForm(FlaskForm):  # type: ignore[misc]
    """A visit as it was made: few taps on a phone."""

    way = RadioField(_l("How the visit was made"), default="home", validators=[InputRequired(_l("Choose one"))])
    findings = SelectMultipleField(
        _l("What needs to be put right"), description=_l("Each tick opens a problem with a day by which it is due")
    )
    words = TextAreaField(
        _l("What you saw and heard"), description=_l("Kept sealed: shown only for a purpose that stays on record")
    )
    done_on = DayField(_l("Day of the visit"))

    def offer(self, *, telephone: bool) -> None:
        """Fills the choices."""
        ways = [code for code in WAYS if telephone or code != "telephone"]
        self.way.choices = [(code, word("visit_way", code)) for code in ways]
        self.findings.choices = choices("problem_kind")

    def entry(self) -> VisitEntry:
        """The domain's entry; what was written goes with each finding."""
        words = self.words.data or None
        kinds = [kind for kind in PROBLEM_KINDS if kind in (self.findings.data or ())]
        return VisitEntry(
            way=self.way.data or "",
            words=words,
            findings=tuple(FindingEntry(kind, words) for kind in kinds),
            done_on=self.done_on.data,
        )


def writing(permission: str = "visit.write") -> dict[str, Any]:
    """Who writes, where, and when."""
    return {"actor": actor(), "scope": scope_of(permission), "now": clock_now()}


@blueprint.get("")
@requires("visit.read")
def index() -> ResponseReturnValue:
    """The visits of the day in the order of the way, late ones first, and those of the coming week."""
    scope, late = scope_of("visit.read"), one_of("show", ("late",)) is not None
    place = region_in_address("place")
    lines = visits_due(db(), scope=scope, today=today(), region_code=place, late=late)
    ahead = [] if late or place else visits_ahead(db(), scope=scope, after=today(), until=_in_days(AHEAD_DAYS))
    codes = {line.household.region_code for line in (*lines, *ahead)}
    return render_template(
        "visits/index.html",
        lines=lines,
        ahead=ahead,
        late=sum(line.late for line in lines),
        only_late=late,
        day=today(),
        places=region_names(codes),
        place_choices=_places(scope),
        most=LONGEST_ROUND,
    )


def _in_days(days: int) -> date:
    return date.fromordinal(today().toordinal() + days)


def _places(scope: tuple[str, ...]) -> list[tuple[str, str]]:
    """The villages of the day's list, so that a worker may keep to one; where the list is too long to be whole, the townships."""
    lines = visits_due(db(), scope=scope, today=today())
    if len(lines) >= LONGEST_ROUND:
        return township_choices(scope)
    names = region_names({line.household.region_code for line in lines})
    return [("", _("All places")), *sorted(names.items())]


@blueprint.get("/<uuid:visit_id>")
@requires("visit.read")
def one(visit_id: uuid.UUID) -> ResponseReturnValue:
    """One visit: its form while it is planned, else what is on record of it."""
    return _page(get_visit(db(), visit_id, scope=scope_of("visit.read")))


def _page(
    visit: CareVisit,
    *,
    form: VisitForm | None = None,
    opened: list[OpenedText] | None = None,
    errors: list[str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    household = get_household(db(), visit.household_id, scope=scope_of("visit.read"))
    policy = policy_in_force(db(), region_code=household.region_code, day=today())
    telephone, typed = may_telephone(db(), household, policy), form is not None
    if form is None:
        form = VisitForm(formdata=None, data={"done_on": today(), "way": "home"})
    form.offer(telephone=telephone)
    before = visits_of(db(), household.id, limit=5)
    tries = tries_of(db(), visit.id)
    problems = list_problems(db(), scope=scope_of("visit.read"), status=None, household_id=household.id).rows
    text = render_template(
        "visits/one.html",
        visit=visit,
        household=household,
        region=region_names({household.region_code})[household.region_code],
        form=form,
        telephone=telephone,
        before=[row for row in before if row.id != visit.id],
        tries=tries,
        problems=[line for line in problems if line.problem.status == "open" or line.problem.visit_id == visit.id],
        people=names_of(db(), [visit.worker_id, *(row.worker_id for row in (*before, *tries))]),
        opened={text.id: text.text for text in opened or []},
        errors=[*(errors or []), *(form.form_errors if visit.status != "planned" else ())],
        unsaved=_typed(form) if typed and visit.status != "planned" else None,
        day=today(),
    )
    return text, status


def _typed(form: VisitForm) -> dict[str, Any]:
    """A report that came too late to be saved, as it is shown again: nothing typed is lost."""
    return {
        "way": word("visit_way", form.way.data) if form.way.data in WAYS else None,
        "findings": [word("problem_kind", kind) for kind in PROBLEM_KINDS if kind in (form.findings.data or ())],
        "words": form.words.data,
    }


@blueprint.post("/<uuid:visit_id>/do")
@requires("visit.write")
def record(visit_id: uuid.UUID) -> ResponseReturnValue:
    """The visit was made. A double tap records it once: the form's key answers the second."""
    form = VisitForm()
    visit = get_visit(db(), visit_id, scope=scope_of("visit.write"))
    household = get_household(db(), visit.household_id, scope=scope_of("visit.write"))
    form.offer(telephone=True)  # which ways are open is the domain's to say
    status = 422
    # what is on record already or dropped takes no report, faulty or not: the domain says so
    if visit.status != "planned" or form.validate():
        try:
            _visit, problems = do_visit(db(), visit_id=visit_id, entry=form.entry(), **writing())
        except NotFound:
            raise
        except DomainError as error:
            db().rollback()
            put_faults(form, error)
            status = status_of(error)
        else:
            flash(_told(household.head_name, len(problems)), "success")
            if problems:
                return redirect(url_for("problems.one", problem_id=problems[0].id), 303)
            return redirect(url_for("visits.index"), 303)
    return _page(get_visit(db(), visit_id, scope=scope_of("visit.write")), form=form, status=status)


def _told(head: str, problems: int) -> str:
    done = _("The visit to %(head)s is recorded.", head=head)
    if not problems:
        return done
    return done + " " + ngettext("%(num)s problem is open.", "%(num)s problems are open.", problems)


@blueprint.post("/<uuid:visit_id>/absent")
@requires("visit.write")
def absent(visit_id: uuid.UUID) -> ResponseReturnValue:
    """Nobody was at home."""
    try:
        visit = note_absence(db(), visit_id=visit_id, **writing())
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        visit = get_visit(db(), visit_id, scope=scope_of("visit.write"))
        return _page(visit, errors=[sentence(error)], status=status_of(error))
    flash(_("Noted: nobody was at home. The visit comes again on your list."), "success")
    return redirect(url_for("visits.index"), 303)


@blueprint.post("/<uuid:visit_id>/texts")
@requires("personal.reveal")
def texts(visit_id: uuid.UUID) -> ResponseReturnValue:
    """Shows what was written, once, for a purpose; the page is kept nowhere."""
    g.idempotency_key = None
    visit = get_visit(db(), visit_id, scope=scope_of("personal.reveal"))
    purpose = request.form.get("purpose", "")
    try:
        opened = open_texts(db(), subject="visit", subject_id=visit_id, purpose=purpose, **writing("personal.reveal"))
    except InvalidInput as error:
        return _page(visit, errors=[sentence(error)], status=status_of(error))
    return _page(visit, opened=opened)
