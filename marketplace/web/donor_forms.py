"""The forms of donors."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, SelectField, SelectMultipleField, StringField

from donors.models import Donor
from donors.rules import DonorEntry
from kernel.catalogue.queries import all_skills
from marketplace.security.access import db
from marketplace.web.formatting import named
from marketplace.web.places import region_choices
from marketplace.web.typed_fields import Asked, KilometreField, WholeField

NAMES = {"reach_m": "reach"}


class DonorForm(FlaskForm):  # type: ignore[misc]
    """What is asked of every donor."""

    name = StringField(_l("Name"), validators=[Asked()])
    region_code = SelectField(
        _l("Region"), validators=[Asked()], description=_l("Where the donor is at home"), validate_choice=False
    )
    contact_name = StringField(_l("Person to talk to"))
    phone = StringField(_l("Telephone"), description=_l("Kept sealed; lists show it masked"))
    consent_public = BooleanField(_l("May be named in public"))
    version = HiddenField()

    def offer(self, scope: tuple[str, ...]) -> None:
        """Fills the choices."""
        self.region_code.choices = region_choices(scope)

    def entry(self, kind: str, donor: Donor | None = None) -> DonorEntry:
        """What the domain is handed; a point set elsewhere is kept."""
        return DonorEntry(
            kind=kind,
            name=self.name.data or "",
            region_code=self.region_code.data or "",
            contact_name=self.contact_name.data,
            phone=self.phone.data,
            consent_public=self.consent_public.data,
            lat=donor.lat if donor else None,
            lon=donor.lon if donor else None,
            **self.own(),  # type: ignore[arg-type]
        )

    def own(self) -> dict[str, object]:
        """What only this kind of donor is asked."""
        raise NotImplementedError


class OrganisationForm(DonorForm):
    """An enterprise or a social organisation."""

    uscc = StringField(
        _l("Unified social credit code"), validators=[Asked()], description=_l("18 characters, as on the licence")
    )

    def own(self) -> dict[str, object]:
        """The code."""
        return {"uscc": self.uscc.data}


class VolunteerForm(DonorForm):
    """A volunteer."""

    name = StringField(_l("Full name"), validators=[Asked()])
    resident_id = StringField(
        _l("Resident ID"), validators=[Asked()], description=_l("18 characters, as on the card; kept sealed")
    )
    skills = SelectMultipleField(_l("Skills and certificates"))
    reach = KilometreField(_l("How far to travel"))
    max_households = WholeField(_l("Households at once"), description=_l("How many households to care for at one time"))

    def offer(self, scope: tuple[str, ...]) -> None:
        """Fills the choices."""
        super().offer(scope)
        self.skills.choices = [(skill.code, named(skill)) for skill in all_skills(db())]

    def own(self) -> dict[str, object]:
        """Number, skills and reach."""
        return {
            "resident_id": self.resident_id.data,
            "skills": tuple(self.skills.data or ()),
            "reach_m": self.reach.data,
            "max_households": self.max_households.data,
        }


class ReasonForm(FlaskForm):  # type: ignore[misc]
    """A step that is explained."""

    reason = StringField(_l("Reason"), validators=[Asked()], description=_l("Others will read it later"))


def form_for(kind: str, donor: Donor | None = None) -> DonorForm:
    """The form of this kind, filled from the donor where there is one; sealed numbers stay out of it."""
    form_class = VolunteerForm if kind == "volunteer" else OrganisationForm
    if donor is None:
        return form_class()
    form: DonorForm = form_class(
        data={
            **{
                name: getattr(donor, name)
                for name in ("name", "region_code", "contact_name", "consent_public", "version")
            },
            "uscc": donor.uscc,
            "skills": donor.skills,
            "reach": donor.reach_m,
            "max_households": donor.max_households,
        }
    )
    return form
