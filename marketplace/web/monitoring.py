"""Monitoring 动态监测: warnings with the late ones first, handling one, the closed-loop board, who enters and leaves."""

import uuid
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, TextAreaField
from wtforms.validators import Optional

from households.models import Household
from households.monitoring.models import MonitoringSpell
from households.monitoring.operations import enter_monitoring, handle_warning, leave_monitoring, reveal_note
from households.monitoring.queries import (
    board,
    calm_households,
    get_warning,
    list_warnings,
    open_spell,
    rules_in_use,
)
from households.queries import get_household
from kernel.accounts.models import User
from kernel.clock import start_of_day
from kernel.errors import DomainError, InvalidInput, NotFound
from marketplace.errors import status_of
from marketplace.i18n import is_chinese
from marketplace.security.access import db, may, requires, scope_of, today
from marketplace.web.addresses import region_in_address
from marketplace.web.faults import put_faults, sentence
from marketplace.web.households import one_of, refused, region_names, township_choices, writing
from marketplace.web.leads import period_of_address
from marketplace.web.steps import take_step
from marketplace.web.typed_fields import Asked, DayField
from marketplace.web.words import choices

blueprint = Blueprint("monitoring", __name__, url_prefix="/monitoring")
READ, WRITE = "monitoring.read", "monitoring.write"


class HandlingForm(FlaskForm):  # type: ignore[misc]
    """What came of a warning."""

    outcome = SelectField(_l("What came of it"), validators=[Asked()])
    event_kind = SelectField(_l("What happened"), description=_l("Only where an event is put on record"))
    event_on = DayField(_l("On which day"), validators=[Optional()])
    note = TextAreaField(_l("What was found"), description=_l("Kept sealed"), validators=[Asked()])
    counted_to = HiddenField()

    @property
    def seen_to(self) -> int:
        """Up to which record the page showed the warning; a form that does not say has seen none."""
        typed = self.counted_to.data or ""
        return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 19 else 0

    def offer(self) -> None:
        """Fills the choices."""
        self.outcome.choices = choices("warning_outcome", empty=_("Choose"))
        self.event_kind.choices = choices("warning_event", empty=_("None"))


@blueprint.get("")
@requires(READ)
def index() -> ResponseReturnValue:
    """The warnings of one's regions, late ones first."""
    scope = scope_of(READ)
    rules = [(code, zh if is_chinese() else en) for code, zh, en in rules_in_use(db(), scope=scope)]
    status = one_of("status", ("open", "handled")) if "status" in request.args else "open"
    page = list_warnings(
        db(),
        scope=scope,
        region_code=region_in_address(),
        rule=one_of("rule", tuple(code for code, _name in rules)),
        status=status,
        late_on=today() if request.args.get("late") == "1" else None,
        after=request.args.get("after"),
    )
    return render_template(
        "monitoring/index.html",
        page=page,
        status=status or "",
        day=today(),
        rules=[("", _("All")), *rules],
        regions=region_names({row.warning.region_code for row in page.rows}),
        townships=township_choices(scope),
        query={name: value for name, value in request.args.items() if value and name != "after"},
    )


@blueprint.get("/board")
@requires(READ)
def loop() -> ResponseReturnValue:
    """Who is late, by township, with the rates and what they mean; who is monitored, and who may leave."""
    since, until = period_of_address()
    scope, begin, end = scope_of(READ), start_of_day(since), start_of_day(until + timedelta(days=1))
    calm = calm_households(db(), scope=scope, today=today())
    return render_template(
        "monitoring/board.html",
        lines=board(db(), scope=scope, since=begin, until=end, today=today()),
        calm=calm,
        regions=region_names({one.region_code for one in calm}),
        since=since,
        until=until,
    )


@blueprint.get("/warnings/<uuid:warning_id>")
@requires(READ)
def detail(warning_id: uuid.UUID) -> ResponseReturnValue:
    """One warning."""
    return _page(warning_id)


def _page(
    warning_id: uuid.UUID,
    *,
    form: HandlingForm | None = None,
    note: str | None = None,
    errors: list[str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    warning = get_warning(db(), warning_id, scope=scope_of(READ))
    household = db().get_one(Household, warning.household_id)
    if form is None:
        form = HandlingForm(formdata=None)
        form.offer()
    form.counted_to.data = str(warning.counted_to)  # what the page shows, also when it is shown again
    handler = db().get(User, warning.handled_by) if warning.handled_by else None
    text = render_template(
        "monitoring/detail.html",
        warning=warning,
        household=household,
        spell=_spell_of(household),
        region=region_names({household.region_code})[household.region_code],
        note=note,
        errors=errors or [],
        handler=handler.display_name if handler else None,
        form=form,
        day=today(),
        last_on=date.fromisoformat(warning.facts["last_on"]),
    )
    return text, status


@blueprint.post("/warnings/<uuid:warning_id>/handle")
@requires(WRITE)
def handle(warning_id: uuid.UUID) -> ResponseReturnValue:
    """Records what came of it."""
    form = HandlingForm()
    form.offer()
    form.validate()
    if not form.event_on.errors:
        try:
            handle_warning(
                db(),
                warning_id=warning_id,
                outcome=form.outcome.data or "",
                note=form.note.data or "",
                event_kind=form.event_kind.data or None,
                event_on=form.event_on.data,
                seen_to=form.seen_to,
                **writing(WRITE),
            )
        except NotFound:
            raise
        except DomainError as error:
            db().rollback()
            form.outcome.errors = []
            put_faults(form, error, {"kind": "event_kind", "happened_on": "event_on"})
            return _page(warning_id, form=form, status=status_of(error))
        flash(_("The warning is handled."), "success")
        return redirect(url_for("monitoring.detail", warning_id=warning_id), 303)
    return _page(warning_id, form=form, status=422)


@blueprint.post("/warnings/<uuid:warning_id>/note")
@requires("personal.reveal")
def show(warning_id: uuid.UUID) -> ResponseReturnValue:
    """Shows what was found, once, for a purpose; the page is kept nowhere, not even beside the form's key."""
    g.idempotency_key = None
    purpose = request.form.get("purpose", "")
    try:
        note = reveal_note(db(), warning_id=warning_id, purpose=purpose, **writing("personal.reveal"))
    except InvalidInput as error:
        return _page(warning_id, errors=[sentence(error)], status=status_of(error))
    return _page(warning_id, note=note)


@blueprint.post("/households/<uuid:household_id>/enter")
@requires(WRITE)
def enter(household_id: uuid.UUID) -> ResponseReturnValue:
    """Puts a household under monitoring."""
    return take_step(
        lambda: enter_monitoring(db(), household_id=household_id, **writing(WRITE)),
        done=_("The household is monitored from today."),
        back=url_for("households.detail", household_id=household_id),
    )


@blueprint.post("/households/<uuid:household_id>/leave")
@requires(WRITE)
def leave(household_id: uuid.UUID) -> ResponseReturnValue:
    """Takes a household out of monitoring, with the reason, which stays in its field where something speaks against it."""
    get_household(db(), household_id, scope=scope_of(WRITE))
    reason = request.form.get("reason", "")
    try:
        leave_monitoring(db(), household_id=household_id, reason=reason, **writing(WRITE))
    except NotFound:
        raise
    except DomainError as error:
        g.leave_reason = reason
        return refused(household_id, error)
    flash(_("The household left monitoring."), "success")
    return redirect(url_for("households.detail", household_id=household_id), 303)


def _spell_of(household: Household) -> MonitoringSpell | None:
    """Since when it is monitored; a closed household is not."""
    return open_spell(db(), household.id) if household.status == "active" else None


def watch_of(household: Household) -> dict[str, Any] | None:
    """What a household's page shows of monitoring: since when it is monitored, and its newest warnings; None for who may not see it."""
    if not may(READ):
        return None
    rows = list_warnings(db(), scope=scope_of(READ), household_id=household.id, status=None, limit=20).rows
    return {
        "spell": _spell_of(household),
        "warnings": [row.warning for row in rows],
        "day": today(),
        "reason": g.get("leave_reason"),
    }


blueprint.record_once(lambda state: state.app.jinja_env.globals.update(watch_of=watch_of))
