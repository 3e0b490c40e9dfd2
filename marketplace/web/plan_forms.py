"""The forms of plans and consents: how a household agreed, and one small form per measure of the catalogue. They work without script."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from households.consents.rules import Giving
from households.plans.models import Plan, PlanMeasure
from households.plans.rules import MeasureEntry
from households.policy.document import Measure, Policy
from households.portrait.facts import FACTS
from households.portrait.portrait import Portrait, Reason
from kernel.catalogue.models import Category
from kernel.errors import DomainError, InvalidFields
from marketplace.web.faults import put_faults, sentence
from marketplace.web.portrait_words import named as name_of
from marketplace.web.portrait_words import reason_text
from marketplace.web.typed_fields import Asked, DayField, WholeField
from marketplace.web.words import choices

_PLACE = re.compile(r"measures\.(\d+)\.(\w+)")


class GivingForm(FlaskForm):  # type: ignore[misc]
    """How the household agreed: on paper or on screen, by whom."""

    way = RadioField(_l("How"), default="paper", validators=[Asked()])
    reference = StringField(_l("Number of the paper"), description=_l("As written on it; only for paper"))
    given_on = DayField(_l("Day on the paper"), validators=[Optional()])
    given_by = RadioField(_l("Who agreed"), default="self", validators=[Asked()])
    giver = StringField(_l("Full name"), description=_l("Of the guardian or proxy; empty: the head of the household"))
    relation = StringField(
        _l("Relation to the household"), description=_l("For a guardian or proxy, for example: grandfather")
    )

    def offer(self) -> None:
        """Fills the choices."""
        self.way.choices = choices("consent_way")[:2]
        self.given_by.choices = choices("given_by")

    def giving(self) -> Giving:
        """The domain's entry."""
        return Giving(
            way=self.way.data or "",
            given_by=self.given_by.data or "",
            giver=self.giver.data,
            relation=self.relation.data,
            reference=self.reference.data,
            given_on=self.given_on.data,
        )


class MeasureForm(FlaskForm):  # type: ignore[misc]
    """One measure of the catalogue: chosen or not, and how."""

    class Meta:
        csrf = False

    chosen = BooleanField(_l("Part of the plan"))
    quantity = WholeField(_l("Quantity"), validators=[Optional()])
    every = SelectField(_l("How often"), default="once")
    starts_on = DayField(_l("Starting from"), description=_l("Empty: with the plan"), validators=[Optional()])
    days = WholeField(_l("To be served within days"), validators=[Optional()])
    tier = SelectField(_l("Tier"))
    weight = WholeField(_l("Weight"), description=_l("1 to 1000; ranks needs within a tier"), validators=[Optional()])
    deliver_to = StringField(_l("Delivered to"), description=_l("Empty: to the household; no names of people"))

    def offer(self) -> None:
        """Fills the choices."""
        self.every.choices = choices("every")
        self.tier.choices = choices("tier")

    def entry(self, code: str, before: PlanMeasure | None) -> MeasureEntry:
        """The domain's entry. A point that the form does not show stays as it is."""
        return MeasureEntry(
            measure_code=code,
            quantity=self.quantity.data,
            tier=int(self.tier.data) if (self.tier.data or "").isdecimal() else None,
            weight=self.weight.data,
            every=self.every.data or "once",
            starts_on=self.starts_on.data,
            days=self.days.data,
            deliver_to=self.deliver_to.data,
            lat=before.lat if before else None,
            lon=before.lon if before else None,
            chosen_by=before.chosen_by if before else "worker",
        )


@dataclass(frozen=True)
class MeasureLine:
    """A measure of the catalogue on the drafting page: its form, whether the portrait suggests it and why."""

    code: str
    name: str
    category: Category | None
    suggested: int | None
    reasons: tuple[str, ...]
    form: MeasureForm
    before: PlanMeasure | None


def measure_lines(
    plan: Plan, policy: Policy, portrait: Portrait, categories: dict[str, Category], *, posted: bool
) -> list[MeasureLine]:
    """A line per measure: those in the plan first, then what is suggested, then the rest of the catalogue."""
    suggested = {one.code: one for one in portrait.suggested}
    before = {one.measure_code: one for one in plan.measures}
    lines = []
    for measure in policy.measures:
        row, found = before.get(measure.code), suggested.get(measure.code)
        prefix = f"{measure.code}-"
        start = _data(measure, row, found.quantity if found else None)
        form = MeasureForm(prefix=prefix) if posted else MeasureForm(formdata=None, prefix=prefix, data=start)
        form.offer()
        lines.append(
            MeasureLine(
                measure.code, name_of(measure.name), categories.get(measure.category), found.quantity if found else None,
                tuple(map(reason_text, found.reasons)) if found else (), form, row,
            )
        )  # fmt: skip
    return sorted(lines, key=lambda line: (line.before is None, line.suggested is None))


def _data(measure: Measure, row: PlanMeasure | None, suggested: int | None) -> dict[str, Any]:
    if row is not None:
        names = ("quantity", "every", "starts_on", "days", "weight", "deliver_to")
        return {"chosen": True, "tier": str(row.tier), **{name: getattr(row, name) for name in names}}
    return {
        "quantity": suggested or measure.quantity, "days": measure.days, "tier": str(measure.tier), "weight": measure.weight,
    }  # fmt: skip


class PlanForm(FlaskForm):  # type: ignore[misc]
    """What belongs to the draft as a whole: the version that was seen."""

    version = HiddenField()


def put_measure_faults(form: PlanForm, chosen: Sequence[MeasureLine], error: DomainError) -> list[str]:
    """Puts each fault to its measure's field; the lines of the summary that the plan's own form does not show."""
    lines: list[str] = []
    for fault in error.faults if isinstance(error, InvalidFields) else [error]:
        found = _PLACE.fullmatch(fault.field or "")
        if found is None or int(found[1]) >= len(chosen):
            put_faults(form, fault)
            continue
        line = chosen[int(found[1])]
        field = getattr(line.form, found[2], line.form.quantity)
        field.errors = [*field.errors, sentence(fault)]
        lines.append(
            _("%(measure)s, %(field)s: %(fault)s", measure=line.name, field=field.label.text, fault=sentence(fault))
        )
    return lines


def unread(chosen: Sequence[MeasureLine]) -> list[str]:
    """Summary lines for what could not even be read: a number that is none, a day that is none."""
    return [
        _("%(measure)s, %(field)s: %(fault)s", measure=line.name, field=field.label.text, fault=field.process_errors[0])
        for line in chosen
        for field in line.form
        if field.process_errors
    ]


def stored_reasons(measure: PlanMeasure) -> list[str]:
    """Why the measure was suggested when it was chosen, in the reader's language."""
    return [
        reason_text(Reason(**one | {"missing": tuple(one.get("missing", ()))}))
        for one in measure.reasons or []
        if one["fact"] in FACTS
    ]


class WordsForm(FlaskForm):  # type: ignore[misc]
    """Words of the household, or an answer to them."""

    words = TextAreaField(_l("In your own words"), validators=[Asked()])
