"""The forms of leads: what the staff write down, what the public tells, and how a lead is closed."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField, StringField, TextAreaField

from households.leads.rules import LeadEntry
from marketplace.web.typed_fields import Asked
from marketplace.web.words import choices


class LeadForm(FlaskForm):  # type: ignore[misc]
    """A lead that somebody of the staff writes down."""

    channel = SelectField(_l("How it came in"), validators=[Asked()])
    reference = StringField(_l("Work order"), description=_l("The hotline's number; one order is one lead"))
    region_code = StringField(_l("Place"), description=_l("Village or township: code or name"), validators=[Asked()])
    told = TextAreaField(_l("What is known"), description=_l("Kept sealed"), validators=[Asked()])
    name = StringField(_l("Name of the person"))
    phone = StringField(_l("Phone"), description=_l("Kept sealed; shown masked"))
    resident_id = StringField(_l("Resident ID"), description=_l("Kept sealed; finds the household on file"))
    address = StringField(_l("Address"), description=_l("Kept sealed"))
    teller = StringField(_l("Who told it"), description=_l("Name and how to reach the person; kept sealed"))

    def offer(self) -> None:
        """Fills the choices."""
        self.channel.choices = choices("lead_channel", empty=_("Choose"))

    def entry(self, region_code: str) -> LeadEntry:
        """The domain's entry."""
        return LeadEntry(
            region_code, self.channel.data or "", self.told.data or "", name=self.name.data, phone=self.phone.data,
            resident_id=self.resident_id.data, address=self.address.data, teller=self.teller.data, reference=self.reference.data,
        )  # fmt: skip


class TipOffForm(FlaskForm):  # type: ignore[misc]
    """What the public tells; for oneself it is an application."""

    about = RadioField(_l("Who needs help?"), default="other", validators=[Asked()])
    region_code = StringField(
        _l("Where does the household live?"),
        description=_l("Township or village; type a part of the name and choose"),
        validators=[Asked()],
    )
    told = TextAreaField(
        _l("What is the matter?"),
        description=_l("A few sentences are enough: who lives there, what is hard"),
        validators=[Asked()],
    )
    name = StringField(_l("Name of the person in need"), description=_l("As far as you know it"))
    address = StringField(_l("Address or how to find the house"))
    phone = StringField(_l("Telephone of the household"))
    teller = StringField(_l("Your name and telephone"), description=_l("You may stay unnamed; with it we can ask you"))

    def offer(self) -> None:
        """Fills the choices."""
        self.about.choices = [("other", _("Somebody I know of")), ("self", _("My own household"))]

    def entry(self, region_code: str) -> LeadEntry:
        """The domain's entry."""
        return LeadEntry(
            region_code, "application" if self.about.data == "self" else "tip_off", self.told.data or "", name=self.name.data,
            phone=self.phone.data, address=self.address.data, teller=self.teller.data,
        )  # fmt: skip


class ClosingForm(FlaskForm):  # type: ignore[misc]
    """Verified, and no household of ours."""

    closing = SelectField(_l("What came of it"), validators=[Asked()])
    reason = TextAreaField(_l("What was found"), description=_l("Kept sealed"), validators=[Asked()])

    def offer(self) -> None:
        """Fills the choices."""
        self.closing.choices = choices("lead_closing", empty=_("Choose"))
