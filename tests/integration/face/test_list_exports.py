"""Lists as files: the filters of the page, every page of it, nothing sealed, and what an import reads it reads again."""

import csv
import io
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy.orm import Session, sessionmaker

from donors.offerings.models import Offering
from households.needs.models import Need
from households.rules import MemberEntry
from kernel.audit import AuditEntry
from kernel.clock import utc_now
from marketplace.imports.columns import folded_heading, names_of
from marketplace.imports.operations import apply_import, check_import
from marketplace.security.permissions import PERMISSIONS, roles_with
from tests.factories import COUNTY, OTHER_COUNTY, SIBLING_TOWNSHIP, TOWNSHIP, make_person, make_user, resident_id
from tests.factories_demand import a_head, make_household, make_need
from tests.factories_supply import make_enterprise, make_offering, make_volunteer
from tests.integration.rounds_web.conftest import Browser, browser_of

assert browser_of
Open = Callable[..., Browser]
LISTS = ("donors", "offerings", "households", "needs")
PHONE = "13812345678"


@pytest.fixture
def clerk(app_sessions: sessionmaker[Session], browser_of: Open) -> Browser:  # noqa: F811
    """The coordinator of a county with two givers, two households and their needs."""
    with app_sessions.begin() as session:
        make_user(session, "clerk", ("coordinator", COUNTY))
        rice = make_enterprise(session, name="=cmd|'/c calc'!A1", phone=PHONE)
        helper = make_volunteer(session, name="林小溪")
        make_offering(
            session, donor=rice, title="@SUM(1+9) 晚稻米", quantity=200, areas=(TOWNSHIP, SIBLING_TOWNSHIP), unit_cost_fen=1_250,
            starts_on=date(2027, 3, 1), ends_on=date(2027, 12, 31), types=("care", "subsistence"),
        )  # fmt: skip
        make_offering(
            session, donor=helper, category_code="companionship_hours", title="探访", quantity=20, radius_m=12_500
        )
        for township, sequence in ((TOWNSHIP, 0), (SIBLING_TOWNSHIP, 1)):
            home = make_household(session, _head(sequence), region_code=township, phone=PHONE)
            make_need(session, home, note="-2+3 不吃辣", unit_worth_fen=4_550, due_on=date(2027, 6, 30), tier=2)
    return browser_of("clerk")


def _head(sequence: int) -> MemberEntry:
    return a_head(name="欧阳建国", resident_id=resident_id(born=f"1960010{sequence + 1}"))


def rows_of(browser: Browser, address: str) -> list[dict[str, str]]:
    """The rows of a CSV export by heading."""
    reply = browser.client.get(address)
    assert reply.status_code == 200, reply.text[:500]
    assert "attachment" in reply.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(reply.get_data().decode("utf-8-sig"))))


def test_a_list_goes_out_under_its_filters_and_within_ones_regions(  # promise 11
    clerk: Browser,
    app_sessions: sessionmaker[Session],
    browser_of: Open,  # noqa: F811
) -> None:
    assert [row["Title"] for row in rows_of(clerk, "/offerings/list.csv?category=rice")] == ["'@SUM(1+9) 晚稻米"]
    assert len(rows_of(clerk, "/needs/list.csv")) == 2
    assert [row["Region"] for row in rows_of(clerk, f"/households/list.csv?region={SIBLING_TOWNSHIP}")] == [
        SIBLING_TOWNSHIP
    ]
    with app_sessions.begin() as session:
        make_user(session, "clerk.other", ("coordinator", OTHER_COUNTY))
    other = browser_of("clerk.other")
    assert [rows_of(other, f"/{name}/list.csv") for name in LISTS] == [[], [], [], []]


def test_every_page_of_the_list_is_in_the_file(clerk: Browser, app_sessions: sessionmaker[Session]) -> None:
    with app_sessions.begin() as session:
        for number in range(205):
            make_enterprise(session, name=f"楠溪公司{number}")
    assert len(rows_of(clerk, "/donors/list.csv?kind=enterprise")) == 206


def test_nothing_sealed_and_no_full_name_of_a_person_goes_out(clerk: Browser) -> None:  # promise 20
    for name in LISTS:
        text = clerk.client.get(f"/{name}/list.csv").get_data().decode("utf-8-sig")
        for personal in (PHONE, "欧阳建国", "林小溪", resident_id(born="19600101"), resident_id(born="19600102")):
            assert personal not in text, (name, personal)
    assert "138******78" in clerk.client.get("/donors/list.csv").get_data().decode("utf-8-sig")


def test_no_cell_is_a_formula(clerk: Browser) -> None:  # promise 16
    for name in LISTS:
        for row in rows_of(clerk, f"/{name}/list.csv"):
            assert [cell for cell in row.values() if cell[:1] in "=+-@\t\r" and cell[:1]] == []
        sheet = load_workbook(io.BytesIO(clerk.client.get(f"/{name}/list.xlsx").get_data())).worksheets[0]
        assert {cell.data_type for line in sheet.iter_rows() for cell in line} <= {"s", "n"}


COPIED = (
    (Offering, ("donor_id", "category_code", "title", "quantity", "unit_cost_fen", "government_bought", "region_code", "areas", "radius_m", "provides", "starts_on", "ends_on", "max_needs", "types")),
    (Need, ("household_id", "category_code", "quantity", "tier", "weight", "type", "fill", "accepts", "requires", "unit_worth_fen", "starts_on", "due_on", "note")),
)  # fmt: skip


@pytest.mark.parametrize(("form", "language"), [("csv", "en"), ("xlsx", "zh_Hans_CN")])
def test_what_went_out_is_imported_to_the_same_values(  # promise 16
    clerk: Browser,
    app_sessions: sessionmaker[Session],
    browser_of: Open,  # noqa: F811
    form: str,
    language: str,
) -> None:
    browser = browser_of("clerk", locale=language)
    files = {
        "offerings": browser.client.get(f"/offerings/list.{form}?category=rice").get_data(),
        "needs": browser.client.get(f"/needs/list.{form}").get_data(),
    }
    with app_sessions.begin() as session:
        before = [_values(session, model, fields) for model, fields in COPIED]
        # An equal row is refused as known already: the originals become others.
        session.execute(sa.update(Offering).values(title="—"))
        session.execute(sa.update(Need).values(category_code="quilt"))
        last = [session.scalar(sa.select(sa.func.max(model.number))) for model, _ in COPIED]
        right = {
            "actor": make_person(session, "importer", ("coordinator", COUNTY)).actor,
            "scope": (COUNTY,),
            "now": utc_now(),
        }
        for kind, content in files.items():
            batch = check_import(
                session, kind=kind, file_name=f"back.{form}", content=content, region_code=COUNTY, **right
            )
            assert batch.report["faults"] == []
            apply_import(session, batch_id=batch.id, **right)
        for (model, fields), known, number in zip(COPIED, before, last, strict=True):
            assert _values(session, model, fields, above=number) == known


def _values(session: Session, model: Any, fields: tuple[str, ...], *, above: int = 0) -> list[tuple[str, ...]]:
    """The rice rows' values, in an order of their own."""
    rows = session.scalars(sa.select(model).where(model.category_code == "rice", model.number > above))
    return sorted(tuple(str(getattr(row, field)) for field in fields) for row in rows)


def test_an_export_is_on_the_trail_without_what_was_searched_for(
    clerk: Browser, app_sessions: sessionmaker[Session]
) -> None:  # promise 18
    clerk.client.get("/households/list.csv?text=欧阳")
    with app_sessions() as session:
        entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "list.exported")).one()
        assert (entry.subject_id, entry.actor) == ("households", "clerk")
        assert entry.detail == {"rows": 2, "filters": ["text"]}


def test_who_may_not_export_sees_no_button_and_gets_nothing(
    app: Flask,
    app_sessions: sessionmaker[Session],
    browser_of: Open,  # noqa: F811
    clerk: Browser,
) -> None:  # promise 11
    others = {}
    for role in ("worker", "reviewer", "finance", "administrator"):
        with app_sessions.begin() as session:
            make_user(session, f"some.{role}", (role, COUNTY))
        others[role] = browser_of(f"some.{role}")
    for name in LISTS:
        noun = name[:-1]
        assert f"/{name}/list.xlsx" in clerk.get(f"/{name}")
        for role, browser in others.items():
            assert browser.client.get(f"/{name}/list.csv").status_code == 403
            if role in roles_with(f"{noun}.read"):
                assert f"/{name}/list.xlsx" not in browser.get(f"/{name}")
        assert set(PERMISSIONS[f"{noun}.export"]) <= set(PERMISSIONS[f"{noun}.read"])
        assert app.test_client().get(f"/{name}/list.csv").status_code in (302, 303, 401)
        assert clerk.client.get(f"/{name}/list.ods").status_code == 404


def test_no_two_headings_of_a_file_are_read_as_one(clerk: Browser, browser_of: Open) -> None:  # noqa: F811
    for language in ("en", "zh_Hans_CN"):
        browser = browser_of("clerk", locale=language)
        for name in LISTS:
            text = browser.client.get(f"/{name}/list.csv").get_data().decode("utf-8-sig")
            heads = [folded_heading(head) for head in next(csv.reader(io.StringIO(text)))]
            known = [names_of(name)[head] for head in heads if head in names_of(name)]
            assert len(known) == len(set(known)), (language, name)
