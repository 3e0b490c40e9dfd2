"""The forms of households: one for the household, one per member, one for its indicators. They work without script."""

import uuid
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, SelectField, StringField
from wtforms.validators import Optional

from households.indicators import EVIDENCE, KINDS, IndicatorEntry
from households.models import Household
from households.queries import MaskedHousehold, MemberView
from households.rules import MOST_MEMBERS, HouseholdEntry, MemberEntry
from kernel.errors import DomainError, InvalidFields
from kernel.money import fen_from_yuan, yuan_text
from marketplace.web.faults import put_faults, sentence
from marketplace.web.round_forms import YuanField
from marketplace.web.typed_fields import DayField
from marketplace.web.words import choices

EMPTY_ROWS = 3
KEEP = _l("Leave empty to keep what is on file")


class HouseholdForm(FlaskForm):  # type: ignore[misc]
    """What belongs to the household as a whole."""

    region_code = StringField(_l("Region"), description=_l("Township or village: code or name"))
    address = StringField(_l("Address"))
    phone = StringField(_l("Phone"), description=_l("Kept sealed; shown masked"))
    status_category = SelectField(_l("Status category"))
    main_type = SelectField(_l("Main type"))
    risk_tier = SelectField(_l("Risk tier"), default="general")
    cap = YuanField(_l("Cap per round"), description=_l("What one round may give at most; empty: the round's own cap"))
    consented = BooleanField(_l("The household consents to its needs being matched and shown to helpers"))
    version = HiddenField()

    def offer(self) -> None:
        """Fills the choices."""
        self.status_category.choices = choices("status_category", empty=_("Choose"))
        self.main_type.choices = choices("type", empty=_("Choose"))
        self.risk_tier.choices = choices("risk_tier")


class MemberForm(FlaskForm):  # type: ignore[misc]
    """One member; a row without a name and without a number is none."""

    class Meta:
        csrf = False

    id = HiddenField()
    name = StringField(_l("Full name"))
    relation = SelectField(_l("Relation to the head"))
    resident_id = StringField(_l("Resident ID"))
    sex = SelectField(_l("Sex"), description=_l("Follows from the resident ID"), default="")
    born_on = DayField(_l("Date of birth"), description=_l("Follows from the resident ID"), validators=[Optional()])
    disability_grade = SelectField(_l("Disability grade"), default="")
    diagnosis = StringField(_l("Diagnosis"), description=_l("Kept sealed"))
    able_to_work = BooleanField(_l("Able to work"))
    in_school = BooleanField(_l("In school"))
    remove = BooleanField(_l("Remove this member"))

    view: MemberView | None = None
    place: int = 0

    def offer(self) -> None:
        """Fills the choices."""
        self.relation.choices = choices("relation", empty=_("Choose"))
        self.sex.choices = choices("sex", empty=_("By the resident ID"))
        self.disability_grade.choices = [("", _("None")), ("1", "1"), ("2", "2"), ("3", "3"), ("4", "4")]

    @property
    def is_empty(self) -> bool:
        """Whether nobody is described here."""
        return not (self.id.data or (self.name.data or "").strip() or (self.resident_id.data or "").strip())

    def entry(self) -> MemberEntry:
        """The domain's entry; what is left empty of a member on file stays sealed as it is."""
        known = uuid.UUID(self.id.data) if self.id.data else None
        return MemberEntry(
            name=self.name.data or "",
            relation=self.relation.data or "",
            resident_id=(self.resident_id.data or "").strip() or None,
            sex=self.sex.data or None,
            born_on=self.born_on.data,
            disability_grade=int(self.disability_grade.data) if self.disability_grade.data else None,
            diagnosis=(self.diagnosis.data or "").strip() or None,
            able_to_work=self.able_to_work.data,
            in_school=self.in_school.data,
            id=known,
        )


def member_forms(posted: Any = None, *, view: MaskedHousehold | None = None, more: bool = False) -> list[MemberForm]:
    """A form per member, as posted or as on file, and empty rows for new ones."""
    views = {str(member.id): member for member in view.members} if view else {}
    forms: list[MemberForm] = []
    if posted is not None:
        count = min(int(text) if (text := posted.get("rows", "0")).isdecimal() and len(text) < 4 else 0, MOST_MEMBERS)
        forms = [MemberForm(prefix=f"m{number}-") for number in range(count)]
        wanted = count + (EMPTY_ROWS if more else 0)
    else:
        for number, member in enumerate(views.values()):
            forms.append(MemberForm(formdata=None, prefix=f"m{number}-", data=_data_of(member)))
        wanted = len(forms) + (1 if forms else EMPTY_ROWS)
    for number in range(len(forms), min(wanted, MOST_MEMBERS)):
        first = {"relation": "head"} if number == 0 else {}
        forms.append(MemberForm(formdata=None, prefix=f"m{number}-", data=first))
    for form in forms:
        form.offer()
        form.view = views.get(form.id.data or "")
    return forms


def _data_of(member: MemberView) -> dict[str, Any]:
    sealed = member.resident_id_masked is not None
    return {
        "id": str(member.id),
        "name": member.name,
        "relation": member.relation,
        "sex": "" if sealed else member.sex,
        "born_on": None if sealed else member.born_on,
        "disability_grade": str(member.disability_grade or ""),
        "able_to_work": member.able_to_work,
        "in_school": member.in_school,
    }


def data_of(household: Household, region: str) -> dict[str, Any]:
    """What the household's form starts from."""
    return {
        "region_code": region,
        "address": household.address,
        "status_category": household.status_category,
        "main_type": household.main_type,
        "risk_tier": household.risk_tier,
        "cap": household.cap_fen,
        "version": str(household.version),
    }


def entry_of(
    form: HouseholdForm, members: list[MemberForm], *, region_code: str, household: Household | None
) -> HouseholdEntry:
    """The domain's entry. The point, which the form does not show, stays with the place: in another region it is not known any more."""
    stays = household is not None and household.region_code == region_code
    return HouseholdEntry(
        region_code=region_code,
        members=tuple(member.entry() for member in members),
        status_category=form.status_category.data or "",
        main_type=form.main_type.data or "",
        risk_tier=form.risk_tier.data or "general",
        address=form.address.data,
        phone=(form.phone.data or "").strip() or None,
        lat=household.lat if household and stays else None,
        lon=household.lon if household and stays else None,
        cap_fen=form.cap.data,
        consented=form.consented.data,
    )


def place_faults(form: HouseholdForm, members: list[MemberForm], error: DomainError) -> list[str]:
    """Puts each fault to its field; returns the lines for the summary that the household's own form does not show."""
    lines: list[str] = []
    faults: list[Any] = list(error.faults) if isinstance(error, InvalidFields) else [error]
    for fault in faults:
        parts = (fault.field or "").split(".")
        if parts[0] == "members" and len(parts) == 3 and int(parts[1]) < len(members):
            member = members[int(parts[1])]
            field = getattr(member, parts[2], member.name)
            field.errors = [*field.errors, sentence(fault)]
            lines.append(
                _(
                    "Member %(number)s, %(field)s: %(fault)s",
                    number=member.place,
                    field=field.label.text,
                    fault=sentence(fault),
                )
            )
        else:
            put_faults(form, fault, {"cap_fen": "cap"})
    return lines


class IndicatorForm(FlaskForm):  # type: ignore[misc]
    """The indicators of a household, amounts in yuan; an empty one stays as it is."""

    as_of = DayField(_l("As of"), validators=[Optional()])
    source = StringField(_l("Source"), description=_l("A visit, a certificate, data of a department"))
    evidence = SelectField(_l("Rests on"), choices=[(code, code) for code in EVIDENCE], default="none")


for _kind in KINDS.values():
    setattr(IndicatorForm, _kind.code, StringField(_l(_kind.name)))


def indicator_data(household: Household) -> dict[str, str]:
    """What is on file, as people write it: amounts in yuan."""
    return {
        row.code: yuan_text(int(row.value)).replace(",", "")
        if KINDS[row.code].unit == "fen"
        else f"{row.value.normalize():f}"
        for row in household.indicators
        if row.code in KINDS
    }


def indicator_entries(form: IndicatorForm, household: Household) -> tuple[IndicatorEntry, ...] | None:
    """The values that changed; None with the fault at its field where one cannot be read."""
    before, entries = indicator_data(household), []
    for code, kind in KINDS.items():
        text = (form[code].data or "").strip()
        if not text or text == before.get(code):
            continue
        try:
            value = fen_from_yuan(text) if kind.unit == "fen" else Decimal(text)
        except (ValueError, InvalidOperation):
            form[code].errors = [_("This is not a number; write it like 1234.50")]
            continue
        entries.append(
            IndicatorEntry(code, value, form.as_of.data, form.source.data or "", form.evidence.data or "none")
        )
    return None if form.errors else tuple(entries)


def faults_before(form: HouseholdForm, members: list[MemberForm]) -> list[str]:
    """What cannot even be read: a date that is none, an amount that is none."""
    form.offer()
    form.validate()
    lines = []
    for number, member in enumerate(members, start=1):
        member.place = number
        for field in member:
            if field.name.endswith("born_on") and field.process_errors:
                lines.append(_("Member %(number)s: the date of birth is no date", number=number))
    if form.status_category.data == "":
        form.status_category.errors = [_("Choose one")]
    if form.main_type.data == "":
        form.main_type.errors = [_("Choose one")]
    return lines
