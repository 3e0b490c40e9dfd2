"""The forms of a case conference. People and measures are typed one to a line, as minutes are written."""

import re
from collections.abc import Iterable
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, ValidationError

from households.cases.models import CaseConference
from households.cases.rules import CaseEntry, DecisionEntry, MeasureEntry, ParticipantEntry
from kernel.errors import DomainError, InvalidFields
from marketplace.web.faults import put_faults, sentence
from marketplace.web.typed_fields import DayField, YuanField
from marketplace.web.words import choices

_BETWEEN = re.compile(r"[,，、:：\t]")
_PARTS = re.compile(r"[;；]")


class CaseForm(FlaskForm):  # type: ignore[misc]
    """The conference: why, when, who, and the facts."""

    reason = SelectField(_l("Why it is called"), validators=[InputRequired(_l("Choose one"))])
    held_on = DayField(_l("Day of the conference"), validators=[InputRequired(_l("Write the day as 2027-03-05"))])
    participants = TextAreaField(
        _l("Who took part"),
        description=_l("One person to a line: unit, name. People of at least two units"),
        validators=[InputRequired(_l("Name the people who took part"))],
    )
    facts = TextAreaField(
        _l("Facts"),
        description=_l("What lay before the conference. Kept sealed: shown only for a purpose that stays on record"),
        validators=[InputRequired(_l("Write down the facts"))],
    )
    version = HiddenField()

    def offer(self) -> None:
        """Fills the choices."""
        self.reason.choices = choices("case_reason", empty=_("Choose"))

    def validate_participants(self, field: TextAreaField) -> None:
        """Every line has a unit and a name."""
        for number, line in enumerate(_lines(field.data), 1):
            if len(_split(line)) != 2:
                raise ValidationError(_("Line %(number)s: write unit, name", number=number))

    def entry(self) -> CaseEntry:
        """The domain's entry."""
        people = tuple(ParticipantEntry(*_split(line)) for line in _lines(self.participants.data))
        return CaseEntry(self.reason.data, self.held_on.data, self.facts.data or "", people)


class DecisionForm(FlaskForm):  # type: ignore[misc]
    """What was decided."""

    decision = TextAreaField(
        _l("Decision"),
        description=_l("The household's worker reads it: write what is to be done, not who is ill"),
        validators=[InputRequired(_l("Write down the decision"))],
    )
    measures = TextAreaField(
        _l("Extra measures"),
        description=_l("One measure to a line: what; unit that answers for it; day. Unit and day may be left out"),
    )
    extra = YuanField(
        _l("Granted above the usual cap"),
        description=_l("Yuan a round may give beyond the cap while the decision holds. Empty: nothing above it"),
    )
    legal_basis = StringField(_l("Legal basis"), description=_l("Needed where something is granted above the cap"))
    valid_from = DayField(_l("Holds from"))
    valid_to = DayField(_l("Holds until"))
    version = HiddenField()

    def validate_measures(self, field: TextAreaField) -> None:
        """Every line reads as a measure."""
        for number, line in enumerate(_lines(field.data), 1):
            parts = _parts(line)
            if len(parts) > 3 or (len(parts) == 3 and parts[2] and _day(parts[2]) is None):
                raise ValidationError(
                    _("Line %(number)s: write measure; unit; day, the day as 2027-03-05", number=number)
                )

    def entry(self) -> DecisionEntry:
        """The domain's entry."""
        return DecisionEntry(
            decision=self.decision.data or "",
            measures=tuple(_measure(line) for line in _lines(self.measures.data)),
            extra_fen=self.extra.data or 0,
            legal_basis=self.legal_basis.data or None,
            valid_from=self.valid_from.data,
            valid_to=self.valid_to.data,
        )


def put_case_faults(form: FlaskForm, error: DomainError) -> None:
    """Each fault at its field; one of a line names the line."""
    for fault in error.faults if isinstance(error, InvalidFields) else [error]:
        table, _dot, rest = (fault.field or "").partition(".")
        if table in ("participants", "measures") and rest:
            line = int(rest.partition(".")[0]) + 1
            text = _("Line %(number)s: %(fault)s", number=line, fault=sentence(fault))
            form[table].errors = [*form[table].errors, text]
        else:
            put_faults(form, fault, {"extra_fen": "extra"})


def people_text(case: CaseConference) -> str:
    """The people as they are typed."""
    return "\n".join(f"{one.unit}，{one.name}" for one in case.participants)


def measures_text(measures: Iterable[MeasureEntry]) -> str:
    """The measures as they are typed."""
    return "\n".join(
        "；".join(part for part in (one.words, one.unit, one.due_on.isoformat() if one.due_on else None) if part)
        for one in measures
    )


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _split(line: str) -> list[str]:
    return [part.strip() for part in _BETWEEN.split(line, maxsplit=1) if part.strip()]


def _parts(line: str) -> list[str]:
    return [part.strip() for part in _PARTS.split(line)]


def _measure(line: str) -> MeasureEntry:
    words, unit, day = (*_parts(line), "", "")[:3]
    if not day and _day(unit):
        unit, day = "", unit
    return MeasureEntry(words, None, unit or None, _day(day))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
