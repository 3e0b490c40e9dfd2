"""Accounts and the audit trail, as administrator and auditor see them."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session, sessionmaker

from kernel.accounts.models import User
from tests.factories import COUNTY, OTHER_COUNTY, PASSWORD, TOWNSHIP, make_user
from tests.integration.rounds_web.conftest import Browser

Open = Callable[..., Browser]


@pytest.fixture
def people(app_sessions: sessionmaker[Session]) -> dict[str, str]:
    """Login → address of the account's page."""
    roles = {
        "admin": [("administrator", COUNTY)],
        "auditor": [("auditor", COUNTY)],
        "clerk": [("worker", TOWNSHIP)],
        "foreign": [("worker", OTHER_COUNTY)],
        "above": [("worker", TOWNSHIP), ("auditor", OTHER_COUNTY)],
    }
    with app_sessions() as session:
        found = {
            login: f"/administration/accounts/{make_user(session, login, *grants).id}"
            for login, grants in roles.items()
        }
        session.commit()
    return found


def test_accounts_of_the_own_regions_are_listed_and_filtered(people: dict[str, str], browser_of: Open) -> None:
    browser = browser_of("admin")
    page = browser.get("/administration/accounts")
    assert "clerk" in page and "foreign" not in page
    assert "clerk" not in browser.get("/administration/accounts?role=auditor").split("<tbody>")[1]
    browser.get(people["foreign"], status=404)


def test_a_new_account_gets_its_roles_by_code_or_name_and_can_sign_in(people: dict[str, str], browser_of: Open) -> None:
    browser = browser_of("admin")
    reply = browser.post(
        "/administration/accounts/new", page="/administration/accounts/new", login="Li.Na", display_name="李娜",
        password="a long first one", role_1="worker", region_1="岩坦镇", role_2="auditor", region_2=COUNTY,
    )  # fmt: skip
    page = browser.get(reply.headers["Location"])
    assert "li.na" in page and "岩坦镇" in page and "Auditor" in page


def test_what_is_wrong_with_a_new_account_stands_at_its_field(people: dict[str, str], browser_of: Open) -> None:
    browser = browser_of("admin")
    page = "/administration/accounts/new"
    fields = {"display_name": "李娜", "password": "a long first one", "role_1": "worker", "region_1": TOWNSHIP}
    taken = browser.post(page, page=page, status=409, **{**fields, "login": "clerk"})
    assert "The login clerk is taken" in taken.text and "李娜" in taken.text
    outside = browser.post(page, page=page, status=422, **{**fields, "login": "new.one", "region_1": OTHER_COUNTY})
    assert "No region of yours fits this" in outside.text
    short = browser.post(page, page=page, status=422, **{**fields, "login": "new.one", "password": "short"})
    assert "at least 10 characters" in short.text


def test_ending_sessions_signs_out_at_the_next_request(people: dict[str, str], browser_of: Open) -> None:  # promise 13
    clerk, admin = browser_of("clerk"), browser_of("admin")
    clerk.get("/deliveries")
    admin.post(f"{people['clerk']}/end-sessions", page=people["clerk"])
    assert clerk.client.get("/deliveries").status_code == 302


def test_a_closed_account_cannot_sign_in_and_may_be_opened_again(
    people: dict[str, str], browser_of: Open, app_sessions: sessionmaker[Session]
) -> None:
    admin = browser_of("admin")
    admin.post(f"{people['clerk']}/close", page=people["clerk"])
    with app_sessions() as session:
        assert not session.query(User).filter_by(login="clerk").one().active
    admin.post(f"{people['clerk']}/reopen", page=people["clerk"])
    with app_sessions() as session:
        assert session.query(User).filter_by(login="clerk").one().active
    assert PASSWORD not in admin.get(people["clerk"])


def test_nobody_closes_the_own_account_or_one_that_reaches_beyond(people: dict[str, str], browser_of: Open) -> None:
    admin = browser_of("admin")
    own = admin.post(f"{people['admin']}/close", page=people["admin"], status=422)
    assert "You cannot close your own account" in own.text
    beyond = admin.post(f"{people['above']}/close", page=people["admin"], status=403)
    assert "holds a role outside your regions" in beyond.text


def test_the_auditor_reads_accounts_and_trail_and_changes_nothing(people: dict[str, str], browser_of: Open) -> None:
    auditor = browser_of("auditor")
    page = auditor.get(people["clerk"])
    assert "Close the account" not in page and "New account" not in auditor.get("/administration/accounts")
    auditor.post(f"{people['clerk']}/close", page=people["clerk"], status=403)
    browser_of("admin").post(f"{people['clerk']}/end-sessions", page=people["clerk"])
    trail = auditor.get("/administration/audit?action=user&actor=admin")
    assert "user.sessions_ended" in trail and "role.granted" not in trail.split("<tbody>")[1]
    assert "No entry fits this filter" in auditor.get("/administration/audit?until=2020-01-01")
    assert "Write the day as" in auditor.get("/administration/audit?since=yesterday", status=422)


def test_the_chain_of_the_trail_is_checked_on_demand(people: dict[str, str], browser_of: Open) -> None:  # promise 18
    assert "The chain is whole" in browser_of("auditor").get("/administration/audit/check")
