"""The form of an offering."""

import uuid

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, SelectField, SelectMultipleField, StringField

from donors.funds.queries import list_funds
from donors.models import Donor
from donors.offerings.models import Offering
from donors.offerings.rules import OfferingEntry
from kernel.catalogue.models import Category
from kernel.catalogue.queries import all_categories, all_skills
from marketplace.security.access import db, may, scope_of
from marketplace.web import words
from marketplace.web.formatting import named, unit_of
from marketplace.web.places import region_choices, townships
from marketplace.web.typed_fields import Asked, DayField, KilometreField, WholeField, YuanField

NAMES = {"unit_cost_fen": "unit_cost", "radius_m": "radius"}


class OfferingForm(FlaskForm):  # type: ignore[misc]
    """What is asked about an offering."""

    category_code = SelectField(_l("Category"), validators=[Asked()], validate_choice=False)
    title = StringField(_l("What it is"), validators=[Asked()])
    quantity = WholeField(_l("Quantity"), validators=[Asked()], description=_l("Whole units of the category"))
    region_code = SelectField(
        _l("Region"), validators=[Asked()], description=_l("Where it lies or starts from"), validate_choice=False
    )
    areas = SelectMultipleField(_l("Where it may go"), description=_l("None ticked: everywhere"), validate_choice=False)
    radius = KilometreField(_l("At most this far"), description=_l("Empty: no limit"))
    provides = SelectMultipleField(_l("Skills it brings"), validate_choice=False)
    starts_on = DayField(_l("Available from"))
    ends_on = DayField(_l("Available until"))
    unit_cost = YuanField(_l("Price of a unit"), description=_l("Empty where it is given; else a fund pays"))
    government_bought = BooleanField(_l("Bought by the government"))
    fund_ids = SelectMultipleField(
        _l("Funds that may pay"), description=_l("None ticked: every fund whose earmark fits"), validate_choice=False
    )
    types = SelectMultipleField(
        _l("Only for these types of household"), description=_l("None ticked: all"), validate_choice=False
    )
    max_needs = WholeField(_l("At most so many needs"), description=_l("Empty: no limit"))
    version = HiddenField()

    def offer(self, donor: Donor, scope: tuple[str, ...]) -> None:
        """Fills the choices; a donor's own people choose within their county and leave the funds to the staff."""
        reach = scope or (donor.region_code[:6],)
        grouped: dict[str, list[tuple[str, str]]] = {_("Please choose"): [("", "—")]}
        for category in all_categories(db()):
            group = words.word("category_kind", category.kind)
            grouped.setdefault(group, []).append((category.code, category_label(category)))
        self.category_code.choices = grouped
        self.region_code.choices = region_choices(reach)
        self.areas.choices = townships(reach)
        self.provides.choices = [(skill.code, named(skill)) for skill in all_skills(db())]
        self.types.choices = words.choices("type")
        self.fund_ids.choices = []
        if may("fund.read"):
            rows = list_funds(db(), scope=scope_of("fund.read"), status="open", limit=100).rows
            self.fund_ids.choices = [(str(row.fund.id), row.fund.name) for row in rows]

    def entry(self, donor_id: uuid.UUID, offering: Offering | None = None) -> OfferingEntry:
        """What the domain is handed; category, point and funds that the form does not show are kept."""
        fund_ids = tuple(uuid.UUID(one) for one in self.fund_ids.data or ())
        if not self.fund_ids.choices and offering is not None:
            fund_ids = tuple(offering.fund_ids or ())
        return OfferingEntry(
            donor_id=donor_id,
            category_code=offering.category_code if offering else self.category_code.data or "",
            title=self.title.data or "",
            quantity=self.quantity.data,  # type: ignore[arg-type]
            region_code=self.region_code.data or "",
            unit_cost_fen=self.unit_cost.data or 0,
            government_bought=self.government_bought.data,
            areas=tuple(self.areas.data) if self.areas.data else None,
            radius_m=self.radius.data,
            lat=offering.lat if offering else None,
            lon=offering.lon if offering else None,
            provides=tuple(self.provides.data or ()),
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
            max_needs=self.max_needs.data,
            types=tuple(self.types.data) if self.types.data else None,
            fund_ids=fund_ids or None,
        )


def category_label(category: Category) -> str:
    """The category with its unit, so that the quantity is counted rightly."""
    return f"{named(category)} · {unit_of(category)}"


def form_of(offering: Offering) -> OfferingForm:
    """The form filled from the offering."""
    same = (
        "category_code", "title", "quantity", "region_code", "areas", "provides", "starts_on", "ends_on",
        "government_bought", "types", "max_needs", "version",
    )  # fmt: skip
    return OfferingForm(
        data={
            **{name: getattr(offering, name) for name in same},
            "radius": offering.radius_m,
            "unit_cost": offering.unit_cost_fen or None,
            "fund_ids": [str(one) for one in offering.fund_ids or ()],
        }
    )
