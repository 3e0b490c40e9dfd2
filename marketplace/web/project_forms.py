"""The forms of projects and shifts."""

import uuid

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, SelectMultipleField, StringField, TextAreaField

from donors.funds.queries import list_funds
from kernel.catalogue.queries import all_categories, all_skills
from marketplace.security.access import db, may, scope_of
from marketplace.web.formatting import named
from marketplace.web.places import region_choices
from marketplace.web.typed_fields import Asked, DayField, MomentField, WholeField, YuanField
from projects.models import Project
from projects.rules import ProjectEntry
from projects.volunteering.rules import ShiftEntry

PROJECT_NAMES = {"budget_fen": "budget"}


class ProjectForm(FlaskForm):  # type: ignore[misc]
    """What is asked about a project."""

    name = StringField(_l("Name"), validators=[Asked()])
    summary = TextAreaField(
        _l("What it does"), validators=[Asked()], description=_l("Everybody can read this; name no household")
    )
    organiser = StringField(_l("Organised by"), validators=[Asked()])
    region_code = SelectField(
        _l("Works in"), validators=[Asked()], description=_l("This region and all below it"), validate_choice=False
    )
    categories = SelectMultipleField(_l("Kinds of help"), validate_choice=False)
    budget = YuanField(_l("Budget"), validators=[Asked()])
    beneficiaries_wanted = WholeField(_l("Households to be helped"), validators=[Asked()])
    starts_on = DayField(_l("First day"), validators=[Asked()])
    ends_on = DayField(_l("Last day"), validators=[Asked()])
    version = HiddenField()

    def offer(self, scope: tuple[str, ...]) -> None:
        """Fills the choices."""
        self.region_code.choices = region_choices(scope, deepest="township")
        self.categories.choices = [(category.code, named(category)) for category in all_categories(db())]

    def entry(self) -> ProjectEntry:
        """What the domain is handed."""
        return ProjectEntry(
            name=self.name.data or "",
            summary=self.summary.data or "",
            organiser=self.organiser.data or "",
            region_code=self.region_code.data or "",
            categories=tuple(self.categories.data or ()),
            budget_fen=self.budget.data,  # type: ignore[arg-type]
            beneficiaries_wanted=self.beneficiaries_wanted.data,  # type: ignore[arg-type]
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
        )


def form_of(project: Project) -> ProjectForm:
    """The form filled from the project."""
    same = (
        "name", "summary", "organiser", "region_code", "categories", "beneficiaries_wanted", "starts_on", "ends_on",
        "version",
    )  # fmt: skip
    return ProjectForm(data={**{name: getattr(project, name) for name in same}, "budget": project.budget_fen})


class ShiftForm(FlaskForm):  # type: ignore[misc]
    """What is asked about a shift."""

    title = StringField(_l("What volunteers do"), validators=[Asked()])
    place = StringField(_l("Meeting place"), validators=[Asked()])
    region_code = SelectField(_l("Region"), validators=[Asked()], validate_choice=False)
    starts_at = MomentField(_l("Begins"), validators=[Asked()])
    ends_at = MomentField(_l("Ends"), validators=[Asked()])
    capacity = WholeField(_l("Number of places"), validators=[Asked()])
    requires = SelectMultipleField(
        _l("Skills each volunteer needs"), description=_l("None ticked: everybody can come"), validate_choice=False
    )

    def offer(self, scope: tuple[str, ...]) -> None:
        """Fills the choices."""
        self.region_code.choices = region_choices(scope)
        self.requires.choices = [(skill.code, named(skill)) for skill in all_skills(db())]

    def entry(self, project_id: uuid.UUID) -> ShiftEntry:
        """What the domain is handed; times in UTC."""
        return ShiftEntry(
            project_id=project_id,
            title=self.title.data or "",
            place=self.place.data or "",
            region_code=self.region_code.data or "",
            starts_at=self.starts_at.utc,  # type: ignore[arg-type]
            ends_at=self.ends_at.utc,  # type: ignore[arg-type]
            capacity=self.capacity.data,  # type: ignore[arg-type]
            requires=tuple(self.requires.data or ()),
        )


class FundTieForm(FlaskForm):  # type: ignore[misc]
    """Which fund is for this project alone."""

    fund_id = SelectField(_l("Fund"), validators=[Asked()], validate_choice=False)

    def offer(self, taken: set[uuid.UUID]) -> None:
        """Open funds that are not tied to the project yet."""
        rows = list_funds(db(), scope=scope_of("fund.read"), status="open", limit=100).rows if may("fund.read") else []
        free = [(str(row.fund.id), row.fund.name) for row in rows if row.fund.id not in taken]
        self.fund_id.choices = [("", "—"), *free]
