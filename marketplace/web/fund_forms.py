"""The forms of funds and donations."""

import uuid

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, SelectMultipleField, StringField

from donors.funds.rules import DonationEntry, FundEntry
from kernel.catalogue.queries import all_categories
from marketplace.security.access import db
from marketplace.web import words
from marketplace.web.formatting import named
from marketplace.web.places import region_choices, townships
from marketplace.web.typed_fields import Asked, DayField, WholeField, YuanField

DONATION_NAMES = {"amount_fen": "amount", "donor_id": "donor_number"}


class FundForm(FlaskForm):  # type: ignore[misc]
    """What is asked about a fund."""

    name = StringField(_l("Name"), validators=[Asked()])
    kind = SelectField(_l("Kind"), validators=[Asked()], validate_choice=False)
    region_code = SelectField(
        _l("Region"), validators=[Asked()], description=_l("Where the fund is managed"), validate_choice=False
    )
    categories = SelectMultipleField(
        _l("Only for these categories"), description=_l("None ticked: all"), validate_choice=False
    )
    types = SelectMultipleField(
        _l("Only for these types of household"), description=_l("None ticked: all"), validate_choice=False
    )
    regions = SelectMultipleField(
        _l("Only for these places"), description=_l("None ticked: everywhere"), validate_choice=False
    )

    def offer(self, scope: tuple[str, ...]) -> None:
        """Fills the choices."""
        self.kind.choices = words.choices("fund_kind", empty="—")
        self.region_code.choices = region_choices(scope, deepest="township")
        self.categories.choices = [(category.code, named(category)) for category in all_categories(db())]
        self.types.choices = words.choices("type")
        self.regions.choices = townships(scope)

    def entry(self) -> FundEntry:
        """What the domain is handed."""
        return FundEntry(
            name=self.name.data or "",
            kind=self.kind.data or "",
            region_code=self.region_code.data or "",
            categories=tuple(self.categories.data) if self.categories.data else None,
            regions=tuple(self.regions.data) if self.regions.data else None,
            types=tuple(self.types.data) if self.types.data else None,
        )


class DonationForm(FlaskForm):  # type: ignore[misc]
    """Money that arrived."""

    amount = YuanField(_l("Amount"), validators=[Asked()])
    received_on = DayField(_l("Arrived on"), validators=[Asked()])
    giver_name = StringField(_l("Given by"), description=_l("As it is to stand on the receipt"))
    donor_number = WholeField(_l("Number of the donor"), description=_l("Where the giver is registered"))

    def entry(self, fund_id: uuid.UUID, donor_id: uuid.UUID | None) -> DonationEntry:
        """What the domain is handed."""
        return DonationEntry(
            fund_id=fund_id,
            amount_fen=self.amount.data,  # type: ignore[arg-type]
            received_on=self.received_on.data,
            giver_name=self.giver_name.data or "",
            donor_id=donor_id,
        )
