"""Lists as files: what a list shows under its filters, all pages of it, with the headings of the import templates.

What an import knows is written so that it reads the same values again (promise 16). Numbers that are sealed leave masked, addresses and
diagnoses not at all, and people are named by their surname only: whoever needs more opens the one household, for a purpose (promise 20).
Every export is on the audit trail, without what was searched for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Response, abort, request
from flask_babel import gettext as _

from donors.models import Donor
from donors.offerings.models import Offering
from donors.queries import masked_phone_of, masked_resident_id_of
from donors.rules import masked_name
from households.models import Household
from kernel import audit
from kernel.catalogue.queries import all_categories, all_skills
from kernel.clock import day_of
from kernel.errors import Conflict
from kernel.identity import masked
from kernel.paging import MOST, Page
from marketplace.i18n import is_chinese
from marketplace.imports.columns import KIND_NAMES, column_of
from marketplace.security.access import actor, clock_now, db
from marketplace.web.formatting import named
from marketplace.web.places import place_names
from marketplace.web.spreadsheets import KINDS, Value, file_of, yuan
from marketplace.web.words import word

MOST_ROWS = 50_000


def every(fetch: Callable[..., Page], *, key: Callable[[str], Any] = str) -> Iterator[Any]:
    """The rows of all pages of `fetch(after=…, limit=…)`. Raises Conflict where there are more than a spreadsheet serves."""
    after, seen = None, 0
    while True:
        page = fetch(after=after, limit=MOST)
        seen += len(page.rows)
        if seen > MOST_ROWS:
            raise Conflict("The list has more than %(most)s rows; narrow it with the filters first", most=MOST_ROWS)
        yield from page.rows
        if page.next_after is None:
            return
        after = key(page.next_after)


def donors_file(form: str, donors: Iterable[Donor]) -> Response:
    """Donors; volunteers by their surname."""
    rows = list(donors)
    skills = {skill.code: named(skill) for skill in all_skills(db())}
    places = place_names(donor.region_code for donor in rows)
    return _file(
        form,
        "donors",
        ("kind", "name", "uscc", "region", "skills", "reach_m", "max_households", "consent_public"),
        (_("Place"), _("Donor no."), _("Telephone, masked"), _("Number on the card, masked"), _("State"), _("Registered on")),
        [
            (
                _chosen("donors", "kind", donor.kind), masked_name(donor.kind, donor.name), donor.uscc, donor.region_code,
                _listed(skills[code] for code in donor.skills), _kilometres(donor.reach_m), donor.max_households, _yes(donor.consent_public),
                places[donor.region_code], donor.number, masked_phone_of(db(), donor), masked_resident_id_of(db(), donor),
                word("donor_status", donor.status), _day(day_of(donor.created_at)),
            )
            for donor in rows
        ],
    )  # fmt: skip


def offerings_file(form: str, offerings: Iterable[Any]) -> Response:
    """OfferingRows with their stock."""
    rows = list(offerings)
    categories = {one.code: named(one) for one in all_categories(db())}
    skills = {skill.code: named(skill) for skill in all_skills(db())}
    places = place_names(row.offering.region_code for row in rows)

    def cells(one: Offering, donor: Donor) -> tuple[Value, ...]:
        return (
            donor.uscc, masked_name(donor.kind, donor.name), _chosen("offerings", "donor_kind", donor.kind), categories[one.category_code], one.title,
            one.quantity, yuan(one.unit_cost_fen) if one.unit_cost_fen else None, _yes(one.government_bought), one.region_code,
            _listed(one.areas or ()), _kilometres(one.radius_m), _listed(skills[code] for code in one.provides),
            _day(one.starts_on), _day(one.ends_on), one.max_needs,
            _listed(_chosen("offerings", "types", code) for code in one.types or ()),
            places[one.region_code], one.number, donor.number, one.reserved, one.delivered, one.quantity - one.reserved - one.delivered,
            word("offering_status", one.status),
        )  # fmt: skip

    return _file(
        form,
        "offerings",
        (
            "donor_uscc", "donor_name", "donor_kind", "category", "title", "quantity", "unit_cost_fen", "government_bought", "region", "areas",
            "radius_m", "provides", "starts_on", "ends_on", "max_needs", "types",
        ),
        (_("Place"), _("Offering no."), _("Donor no."), _("Promised"), _("Delivered"), _("Left"), _("State")),
        [cells(row.offering, row.donor) for row in rows],
    )  # fmt: skip


def households_file(form: str, households: Iterable[Household]) -> Response:
    """Households, each by its number and the surname of its head; not enough to import, by intent."""
    rows = list(households)
    places = place_names(one.region_code for one in rows)
    return _file(
        form,
        "households",
        ("household", "region", "status_category", "main_type", "risk_tier", "cap_fen", "consented"),
        (_("Place"), _("Head, by surname"), _("Automatic matching"), _("State"), _("Registered on")),
        [
            (
                one.number, one.region_code, _chosen("households", "status_category", one.status_category),
                _chosen("households", "main_type", one.main_type), _chosen("households", "risk_tier", one.risk_tier),
                None if one.cap_fen is None else yuan(one.cap_fen), _yes(one.consented_at is not None),
                places[one.region_code], by_surname(one.head_name), _("Opted out") if one.opted_out else None,
                word("household_status", one.status), _day(day_of(one.created_at)),
            )
            for one in rows
        ],
    )  # fmt: skip


def needs_file(form: str, needs: Iterable[Any]) -> Response:
    """NeedRows; the household by its number, which an import reads."""
    rows = list(needs)
    categories = {one.code: named(one) for one in all_categories(db())}
    skills = {skill.code: named(skill) for skill in all_skills(db())}
    places = place_names(row.need.region_code for row in rows)

    def cells(row: Any) -> tuple[Value, ...]:
        one = row.need
        return (
            row.household_number, categories[one.category_code], one.quantity, _chosen("needs", "tier", str(one.tier)), one.weight,
            _chosen("needs", "type", one.type), _chosen("needs", "fill", one.fill), _listed(categories[code] for code in one.accepts),
            _listed(skills[code] for code in one.requires), yuan(one.unit_worth_fen) if one.unit_worth_fen else None,
            _day(one.starts_on), _day(one.due_on), one.note,
            places[one.region_code], one.number, by_surname(row.head_name), one.reserved, one.delivered, word("need_status", one.status),
            _day(day_of(one.posted_at)),
        )  # fmt: skip

    return _file(
        form,
        "needs",
        (
            "household_number", "category", "quantity", "tier", "weight", "type", "fill", "accepts", "requires", "unit_worth_fen",
            "starts_on", "due_on", "note",
        ),
        (_("Place"), _("Need no."), _("Head, by surname"), _("Promised"), _("Arrived"), _("State"), _("Registered on")),
        [cells(row) for row in rows],
    )  # fmt: skip


def _file(
    form: str, what: str, keys: Sequence[str], further: Sequence[str], rows: Sequence[Sequence[Value]]
) -> Response:
    if form not in KINDS:
        abort(404)
    head = [_heading(what, key) for key in keys]
    record_export("list", what, rows=len(rows))
    return file_of(form, name=f"zhongfu-{what}", head=[*head, *further], rows=rows)


def record_export(subject_type: str, subject_id: object, *, rows: int, **detail: Any) -> None:
    """Who took what along, on the audit trail: how many rows under which filters, without what was searched for."""
    audit.record(
        db(),
        actor=actor(),
        action="list.exported",
        subject_type=subject_type,
        subject_id=subject_id,
        now=clock_now(),
        rows=rows,
        filters=sorted(name for name, text in request.args.items() if text),
        **detail,
    )


def _heading(what: str, key: str) -> str:
    column = column_of(what, key)
    assert column is not None, f"{KIND_NAMES[what]} have no column {key}"
    return column.zh if is_chinese() else column.en


def _chosen(what: str, key: str, code: str) -> str:
    """The word that the import of `what` reads as this code."""
    column = column_of(what, key)
    choices: Mapping[str, tuple[str, ...]] = (column.choices if column else None) or {}
    return choices[code][0 if is_chinese() else 1]


def by_surname(name: str) -> str:
    """``周**``: enough to recognise a household one knows."""
    return masked(name, head=1, tail=0)


def _listed(words: Iterable[str]) -> str | None:
    return ("、" if is_chinese() else ", ").join(words) or None


def _yes(is_so: bool) -> str:
    return ("是" if is_so else "否") if is_chinese() else ("yes" if is_so else "no")


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _kilometres(metres: int | None) -> Decimal | None:
    return None if metres is None else Decimal(metres) / 1000
