"""What each role finds on its day page, how fast, and that nothing of another region stands on it."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from households.needs.models import Need
from kernel.accounts.models import ROLES
from marketplace.reports import day_demand, day_rounds, day_supply, oversight, own_pages, public_figures
from tests import factories
from tests.browsing import PageClient
from tests.factories import COUNTY, NOW, OTHER_COUNTY, SIBLING_TOWNSHIP, TOWNSHIP, resident_id
from tests.factories_demand import a_head, make_household, make_need
from tests.factories_supply import make_fund, make_offering, make_project, make_shift, make_volunteer

SCOPE = (COUNTY,)
TODAY = NOW.date()


def signed_in(app: Flask, sessions: sessionmaker[Session], role: str, region: str = COUNTY) -> PageClient:
    """A browser in which somebody with `role` is signed in through the page."""
    login = role.replace("_", "-")
    with sessions() as session:
        factories.make_user(session, login, (role, region))
        session.commit()
    client = PageClient(app)
    reply = client.sign_in(login)
    assert reply.status_code == 303, reply.text
    return client


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_a_day_of_its_own_even_when_nothing_is_there(
    app: Flask, app_sessions: sessionmaker[Session], role: str
) -> None:
    page = signed_in(app, app_sessions, role).get("/")
    assert page.status_code == 200
    assert "今日" in page.text and "empty-state" in page.text or role in ("administrator",)
    assert page.headers["Cache-Control"] == "no-store"


def test_nobody_signed_in_is_led_to_the_public_page(app: Flask) -> None:
    reply = app.test_client().get("/")
    assert (reply.status_code, reply.location) == (302, "/public")
    assert app.test_client().get("/public").status_code == 200


def test_a_worker_sees_the_needs_of_the_own_township_only(session: Session) -> None:  # promise 11
    here = make_household(session)
    there = make_household(session, a_head(resident_id=resident_id(born="19610101")), region_code=SIBLING_TOWNSHIP)
    make_need(session, here, tier=1)
    make_need(session, there, tier=1)
    mine = day_demand.open_needs_by_tier(session, scope=(TOWNSHIP,), today=TODAY)
    assert [line.needs for line in mine] == [1, 0, 0]
    both = day_demand.open_needs_by_tier(session, scope=SCOPE, today=TODAY)
    assert [line.needs for line in both] == [2, 0, 0]
    assert [line.needs for line in day_demand.open_needs_by_tier(session, scope=(), today=TODAY)] == [0, 0, 0]


def test_areas_count_open_needs_and_the_share_that_is_promised(session: Session) -> None:
    household = make_household(session)
    need = make_need(session, household, quantity=10)
    make_need(session, household, category_code="quilt", quantity=1)
    session.execute(sa.update(Need).where(Need.id == need.id).values(reserved=5))
    (line,) = day_demand.needs_by_area(session, scope=SCOPE)
    assert (line.code, line.open_needs, line.share) == (TOWNSHIP, 2, 0.25)


def test_late_is_what_is_past_its_day(session: Session) -> None:
    household = make_household(session)
    make_need(session, household, due_on=TODAY + timedelta(days=1))
    now = NOW + timedelta(days=3)
    late = day_rounds.what_is_late(session, scope=SCOPE, now=now, today=now.date())
    assert (late.needs, late.deliveries, late.rounds) == (1, 0, 0) and late.any
    assert not day_rounds.what_is_late(session, scope=(OTHER_COUNTY,), now=now, today=now.date()).any


def test_idle_means_that_nothing_of_it_is_promised(session: Session) -> None:
    make_offering(session)
    used = make_offering(session)
    used.reserved = 1
    session.flush()
    (line,) = day_supply.idle_by_kind(session, scope=SCOPE, today=TODAY)
    assert (line.kind, line.offerings, line.idle) == ("goods", 2, 1)


def test_an_offering_about_to_end_is_named_with_what_is_left(session: Session) -> None:
    make_offering(session, ends_on=TODAY + timedelta(days=5), quantity=30)
    make_offering(session, ends_on=TODAY + timedelta(days=50))
    (line,) = day_supply.ending_offerings(session, scope=SCOPE, today=TODAY)
    assert line.available == 30


def test_households_without_consent_are_counted_when_they_ask_for_something(session: Session) -> None:
    silent = make_household(session, consented=False)
    make_need(session, silent)
    make_need(session, silent, category_code="quilt", quantity=1)
    count, (line,) = day_demand.households_without_consent(session, scope=SCOPE)
    assert (count, line.id, line.open_needs) == (1, silent.id, 2)


def test_balances_are_those_of_the_ledger(session: Session) -> None:
    make_fund(session, amount_fen=1_000_000)
    make_fund(session, name="空基金")
    first, second = day_supply.fund_balances(session, scope=SCOPE)
    assert (first.available_fen, first.reserved_fen, first.spent_fen) == (1_000_000, 0, 0)
    assert second.available_fen == 0
    assert day_supply.fund_balances(session, scope=(OTHER_COUNTY,)) == []
    assert oversight.ledger_sum(session) == 0
    assert [line.amount_fen for line in oversight.newest_bookings(session, scope=SCOPE)] == [1_000_000]


def test_shifts_are_listed_nearest_first_and_those_taken_are_left_out(session: Session) -> None:
    project = make_project(session)
    make_shift(session, project=project, title="远", lat=28.9, lon=120.7)
    make_shift(session, project=project, title="近", lat=28.44, lon=120.72)
    volunteer = make_volunteer(session)
    names = [line.title for line in own_pages.shifts_near(session, [volunteer.id], now=NOW)]
    assert names == ["近", "远"]
    hours = own_pages.hours_of(session, [volunteer.id], now=NOW)
    assert (hours.over, hours.to_come, hours.promised) == (0.0, 0.0, 0)


def test_the_public_page_shows_no_small_cell(session: Session) -> None:  # promise 21
    make_need(session, make_household(session))
    (county,) = public_figures.figures_by_township(session)
    assert county.asked is None and all(place.asked is None for place in county.places)


def test_each_query_answers_within_50_ms_over_6000_needs(session: Session) -> None:
    household = make_household(session)
    make_need(session, household)
    villages = (
        "(SELECT array_agg(code ORDER BY code) FROM regions WHERE level = 5 AND code < '330325' AND code >= '330324')"
    )
    session.execute(
        sa.text(f"""
        INSERT INTO needs (id, household_id, category_code, accepts, quantity, reserved, delivered, tier, weight, type, fill,
            unit_worth_fen, requires, region_code, status, rounds_waited, posted_at, updated_at, version)
        SELECT gen_random_uuid(), needs.household_id, category_code, accepts, quantity, 0, 0, 1 + step % 3, weight, type, fill,
            unit_worth_fen, requires, ({villages})[1 + step % 400], 'open', 0, posted_at, updated_at, 1
        FROM needs, generate_series(1, 6000) AS step
        """)  # noqa: S608 — no input, only the text above
    )
    session.execute(sa.text("ANALYZE needs"))
    queries: dict[str, Callable[[], object]] = {
        "tiers": lambda: day_demand.open_needs_by_tier(session, scope=SCOPE, today=TODAY),
        "areas": lambda: day_demand.needs_by_area(session, scope=SCOPE),
        "late": lambda: day_rounds.what_is_late(session, scope=SCOPE, now=NOW, today=TODAY),
        "consent": lambda: day_demand.households_without_consent(session, scope=SCOPE),
        "public": lambda: public_figures.figures_by_township(session),
    }
    slow = {}
    for name, query in queries.items():
        query()
        taken = []
        for _ in range(9):
            start = time.perf_counter()
            query()
            taken.append((time.perf_counter() - start) * 1000)
        if min(taken) > 50:  # the least of nine: a shared machine adds waiting, never takes it away
            slow[name] = round(min(taken), 1)
    assert slow == {}
