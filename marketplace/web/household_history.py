"""Correcting a recorded value of an indicator: a new row that names the old one, or the old one taken back."""

import uuid
from decimal import Decimal, InvalidOperation

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import Optional

from households.history.models import IndicatorValue
from households.history.operations import withdraw_value
from households.history.queries import value_of
from households.indicators import KINDS, IndicatorEntry
from households.operations import set_indicators
from households.queries import get_household
from kernel.audit import SYSTEM
from kernel.errors import DomainError, NotFound
from kernel.money import fen_from_yuan, yuan_text
from marketplace.errors import status_of
from marketplace.security.access import actor, clock_now, db, requires, scope_of
from marketplace.web.faults import put_faults
from marketplace.web.profile_words import shown
from marketplace.web.typed_fields import DayField
from marketplace.web.words import choices

blueprint = Blueprint("household_history", __name__, url_prefix="/households")


@blueprint.app_template_filter("recorder")
def recorder_name(label: str) -> str:
    """Who recorded something, as people read it."""
    return _("the system") if label == SYSTEM.label else label


class CorrectionForm(FlaskForm):  # type: ignore[misc]
    """The right value, or none to take the wrong one back."""

    value = StringField(
        _l("The right value"), description=_l("Leave empty to take the value back; the one before holds again")
    )
    as_of = DayField(_l("As of"), validators=[Optional()])
    source = StringField(_l("Source"), description=_l("What shows that the value was wrong"))
    evidence = SelectField(_l("Rests on"), default="none")


@blueprint.route("/<uuid:household_id>/indicators/<uuid:value_id>/correct", methods=["GET", "POST"])
@requires("household.write")
def correct(household_id: uuid.UUID, value_id: uuid.UUID) -> ResponseReturnValue:
    """The form of a correction."""
    household = get_household(db(), household_id, scope=scope_of("household.write"))
    value = value_of(db(), household.id, value_id)
    if value is None:
        raise NotFound("There is no such value of this household, or it was corrected already")
    start = {"value": _typed(value), "as_of": value.as_of, "evidence": value.evidence}
    form = CorrectionForm() if request.method == "POST" else CorrectionForm(formdata=None, data=start)
    form.evidence.choices = choices("evidence")
    status = 200
    if request.method == "POST":
        status = 422
        if not form.as_of.data and not form.as_of.errors and form.value.data:
            form.as_of.errors = [_("Say for which day the values hold")]
        if form.validate() and (form.as_of.data or not form.value.data):
            try:
                if _correct(form, value):
                    flash(_("The correction is recorded; what it corrects stays in the history."), "success")
                    return redirect(url_for("households.detail", household_id=household_id), 303)
            except DomainError as error:
                db().rollback()
                put_faults(form, error, {f"indicators.{value.code}": "value", "reason": "source"})
                status = status_of(error)
                household = get_household(db(), household_id, scope=scope_of("household.write"))
    kind = KINDS[value.code]
    text = render_template(
        "households/correct.html", form=form, household=household, kind=kind, value=value, shown=shown(value)
    )
    return text, status


def _typed(value: IndicatorValue) -> str:
    assert value.value is not None
    if KINDS[value.code].unit == "fen":
        return yuan_text(int(value.value)).replace(",", "")
    return f"{value.value.normalize():f}"


def _correct(form: CorrectionForm, value: IndicatorValue) -> bool:
    """Whether it was written; a value that cannot be read stands at its field."""
    text = (form.value.data or "").strip()
    writing = {"actor": actor(), "scope": scope_of("household.write"), "now": clock_now()}
    if not text:
        withdraw_value(db(), value_id=value.id, reason=form.source.data or "", **writing)
        return True
    try:
        number = fen_from_yuan(text) if KINDS[value.code].unit == "fen" else Decimal(text)
    except (ValueError, InvalidOperation):
        form.value.errors = [_("This is not a number; write it like 1234.50")]
        return False
    entry = IndicatorEntry(
        value.code, number, form.as_of.data, form.source.data or "", form.evidence.data or "none", value.id
    )
    set_indicators(db(), household_id=value.household_id, entries=(entry,), **writing)
    return True
