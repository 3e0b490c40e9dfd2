"""The form of a new round: what is typed in yuan and words, and the entry it makes."""

import uuid
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, InputRequired, NumberRange, Optional, ValidationError
from wtforms.widgets import TextInput

from kernel.money import fen_from_yuan
from matching.rounds.rules import LimitEntry, RoundEntry
from matching.waiting import STANDARD, WaitingRule

GOVERNMENT_BOUGHT_PERCENT = 5
"""Share of a year's relief spending that bought services may take, where the county does not say otherwise.

元江县人民政府, 改革完善社会救助制度任务清单, 2021-12-26.
"""
FURTHER_LIMITS = 2


class YuanField(Field):  # type: ignore[misc]
    """An amount typed in yuan; `data` is whole fen or None, and what was typed stays in the field."""

    widget = TextInput()

    def process_data(self, value: int | None) -> None:
        """From fen."""
        self.data = value
        self.raw = "" if value is None else f"{value // 100}.{value % 100:02d}".removesuffix(".00")

    def process_formdata(self, valuelist: list[str]) -> None:
        """From what was typed. Raises ValueError with the mend."""
        self.raw = valuelist[0].strip() if valuelist else ""
        self.data = None
        if self.raw:
            try:
                self.data = fen_from_yuan(self.raw)
            except ValueError as error:
                raise ValueError(_("This is not an amount in yuan; write it like 1234.50")) from error

    def _value(self) -> str:
        return getattr(self, "raw", "")


class RoundForm(FlaskForm):  # type: ignore[misc]
    """What a coordinator says about a round."""

    name = StringField(_l("Name of the round"), validators=[DataRequired(_l("Give the round a name"))])
    region_code = SelectField(_l("Region"), validators=[DataRequired(_l("Choose the region"))])
    seed_source = StringField(
        _l("Public value that will decide ties"),
        description=_l(
            "Name a value that nobody knows yet and everybody can look up later. It is typed in after the pool is frozen and decides only between needs that are equal in everything else."
        ),
        validators=[DataRequired(_l("Name the public value; without it ties could be arranged"))],
    )
    categories = SelectMultipleField(_l("Categories"), description=_l("None ticked: all categories"))
    project_id = SelectField(_l("Project"), default="", description=_l("Only needs of this project"))
    fund_ids = SelectMultipleField(
        _l("Funds that may pay"), description=_l("None ticked: every open fund whose earmark fits")
    )
    budget = YuanField(
        _l("Budget of the round"), description=_l("The most that all purchases of this round may cost together")
    )
    government_bought = BooleanField(_l("Limit government-bought services"))
    relief_spending = YuanField(
        _l("Relief spending of this year"), description=_l("The limit is a share of this amount")
    )
    government_percent = IntegerField(
        _l("Share for government-bought services"),
        default=GOVERNMENT_BOUGHT_PERCENT,
        validators=[Optional(), NumberRange(0, 100, _l("A percentage lies between 0 and 100"))],
    )
    floor_percent = IntegerField(
        _l("Floor for each township"),
        default=90,
        description=_l("Each township gets at least this share of the county's average coverage"),
        validators=[
            InputRequired(_l("Give a percentage; 0 means no floor")),
            NumberRange(0, 100, _l("A percentage lies between 0 and 100")),
        ],
    )
    tolerance_permille = IntegerField(
        _l("Tolerance for fairness"),
        default=1,
        description=_l("How much of its points a tier may give up so that no township falls below its floor"),
        validators=[
            InputRequired(_l("Give a number; 0 means nothing")),
            NumberRange(0, 1000, _l("Per mille lies between 0 and 1000")),
        ],
    )
    waiting_step = IntegerField(
        _l("Weight for each round waited"),
        default=STANDARD.step,
        description=_l(
            "What a need gains for each committed round that held it and gave it nothing; its tier never changes. 0: waiting adds nothing"
        ),
        validators=[Optional(), NumberRange(0, 1000, _l("Between 0 and 1000 points"))],
    )
    waiting_most = IntegerField(
        _l("Most that waiting adds"),
        default=STANDARD.most,
        description=_l("No need gains more than this by waiting, and no weight is above 1000"),
        validators=[Optional(), NumberRange(0, 1000, _l("Between 0 and 1000 points"))],
    )
    household_cap = YuanField(
        _l("Cap per household"),
        description=_l("What one household receives in this round is worth at most this much; empty: no cap"),
    )
    time_limit_s = IntegerField(
        _l("Time for the computation"),
        default=45,
        description=_l("More time brings the plan closer to the proven best"),
        validators=[InputRequired(_l("Give the seconds")), NumberRange(5, 3600, _l("Between 5 and 3600 seconds"))],
    )
    limit_amount_1 = YuanField(_l("At most"))
    limit_category_1 = SelectField(_l("for the category"), default="")
    limit_region_1 = SelectField(_l("in"), default="")
    limit_amount_2 = YuanField(_l("At most"))
    limit_category_2 = SelectField(_l("for the category"), default="")
    limit_region_2 = SelectField(_l("in"), default="")

    def offer(
        self,
        *,
        regions: list[tuple[str, str]],
        categories: list[tuple[str, str]],
        projects: list[tuple[str, str]],
        funds: list[tuple[str, str]],
    ) -> None:
        """Fills the choices."""
        self.region_code.choices = regions
        self.categories.choices = categories
        self.project_id.choices = [("", _("All needs, with or without a project")), *projects]
        self.fund_ids.choices = funds
        for place in range(1, FURTHER_LIMITS + 1):
            self[f"limit_category_{place}"].choices = [("", _("all categories")), *categories]
            self[f"limit_region_{place}"].choices = [("", _("the whole round")), *regions]

    def validate_relief_spending(self, field: Any) -> None:
        """The limit on bought services needs the amount it is a share of."""
        if self.government_bought.data and field.data is None and not field.errors:
            raise ValidationError(_("Give the year's relief spending, so that its share can be computed"))

    def limits(self) -> dict[str, LimitEntry]:
        """Field of the form → the limit it makes, in the order of the form."""
        found: dict[str, LimitEntry] = {}
        if self.budget.data is not None:
            found["budget"] = LimitEntry(self.budget.data)
        if self.government_bought.data and self.relief_spending.data is not None:
            percent = (
                GOVERNMENT_BOUGHT_PERCENT if self.government_percent.data is None else self.government_percent.data
            )
            found["relief_spending"] = LimitEntry(self.relief_spending.data * percent // 100, government_bought=True)
        for place in range(1, FURTHER_LIMITS + 1):
            amount = self[f"limit_amount_{place}"].data
            category, region = self[f"limit_category_{place}"].data, self[f"limit_region_{place}"].data
            if amount is not None:
                found[f"limit_amount_{place}"] = LimitEntry(
                    amount, regions=(region,) if region else None, categories=(category,) if category else None
                )
        return found

    def waiting(self) -> WaitingRule:
        """The rule of waiting; the standard one where a field is left empty."""
        step, most = self.waiting_step.data, self.waiting_most.data
        return WaitingRule(STANDARD.step if step is None else step, STANDARD.most if most is None else most)

    def entry(self) -> RoundEntry:
        """What the domain is handed."""
        waiting = self.waiting()
        return RoundEntry(
            name=self.name.data or "",
            region_code=self.region_code.data,
            seed_source=self.seed_source.data or "",
            categories=tuple(self.categories.data) if self.categories.data else None,
            project_id=uuid.UUID(self.project_id.data) if self.project_id.data else None,
            fund_ids=tuple(uuid.UUID(one) for one in self.fund_ids.data) if self.fund_ids.data else None,
            limits=tuple(self.limits().values()),
            floor_percent=self.floor_percent.data,
            tolerance_permille=self.tolerance_permille.data,
            household_cap_fen=self.household_cap.data,
            waiting_step=waiting.step,
            waiting_most=waiting.most,
            time_limit_s=self.time_limit_s.data,
        )

    def field_names(self) -> dict[str, str]:
        """The domain's names for fields → the form's, where they differ."""
        names = {"household_cap_fen": "household_cap"}
        for place, name in enumerate(self.limits()):
            for part in ("max_fen", "regions", "categories"):
                names[f"limits.{place}.{part}"] = name
        return names


class ReasonForm(FlaskForm):  # type: ignore[misc]
    """A step that is explained."""

    reason = StringField(_l("Reason"), validators=[DataRequired(_l("Say why: others will read it later"))])


class DrawForm(FlaskForm):  # type: ignore[misc]
    """The public value, once it is known."""

    value = StringField(
        _l("The value, as published"), validators=[DataRequired(_l("Type the value as it was published"))]
    )
