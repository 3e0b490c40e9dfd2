"""What if, on the pages: sliders answered at once, a pair forbidden and solved by the worker, taken over, two rounds side by side."""

import re
import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import force_locale
from sqlalchemy.orm import Session, sessionmaker

from donors.offerings.models import Offering
from kernel.outbox import OutboxItem
from marketplace.tasks.handlers import Ground, handle
from marketplace.web.round_system_reasons import PINS, SEARCHES, STEPS, told_system_reason
from matching.rounds.models import Allocation, MatchRound
from matching.rounds.whatif_models import WhatIf
from tests import factories_rounds as rounds
from tests.integration.rounds_web.conftest import Browser

Open = Callable[..., Browser]


@pytest.fixture
def address(app_sessions: sessionmaker[Session]) -> str:
    """A proposed round over the small pool; its page."""
    with app_sessions() as session:
        people = rounds.make_people(session)
        rounds.make_pool(session)
        one = rounds.proposed(session, people)
        session.commit()
        return f"/rounds/{one.id}"


def work(app: Flask, sessions: sessionmaker[Session]) -> None:
    """What dispatcher and worker do with the questions that wait."""
    ground = Ground(app.extensions["zhongfu"].settings, sessions)
    with sessions() as session:
        wanted = sa.select(OutboxItem.id).where(OutboxItem.topic == "round.what_if", OutboxItem.done_at.is_(None))
        items = list(session.scalars(wanted))
    for item in items:
        handle(ground, item)


def test_a_slider_is_answered_in_words_and_figures_and_changes_nothing(address: str, browser_of: Open) -> None:
    browser = browser_of("round.creator")
    page = browser.get(f"{address}/whatif")
    assert 'type="range"' in page and "Move a slider" in page
    page = browser.get(f"{address}/whatif?budget-exact=0")
    assert "1 need gets less (1 household)" in page and "instead of ¥2,000.00" in page
    same = browser.get(f"{address}/whatif/answer?floor=90&tolerance=1")
    assert "Everything stands as in the round" in same
    assert "Awaiting review" in browser.get(address)


def test_what_cannot_be_read_is_named(address: str, browser_of: Open) -> None:
    page = browser_of("round.creator").get(f"{address}/whatif?budget-exact=12,3x&floor=abc")
    assert "12,3x is no amount in yuan" in page and "abc is no whole number" in page
    assert "101 is outside 0 to 100" in browser_of("round.creator").get(f"{address}/whatif?floor=101")


def test_prices_are_computed_once_by_a_worker(
    app: Flask, app_sessions: sessionmaker[Session], address: str, browser_of: Open
) -> None:
    browser = browser_of("round.creator")
    assert "the bounds are wide" in browser.get(f"{address}/whatif?budget-exact=500")
    for _ in range(2):
        browser.post(f"{address}/whatif/prices", page=f"{address}/whatif")
    work(app, app_sessions)
    with app_sessions() as session:
        assert session.scalars(sa.select(WhatIf.status).where(WhatIf.kind == "prices")).one() == "done"
    page = browser.get(f"{address}/whatif?budget-exact=500")
    assert "the bounds are wide" not in page and "Compute it" not in page


def test_a_forbidden_pair_is_answered_with_its_differences_and_taken_over_with_a_reason(
    app: Flask, app_sessions: sessionmaker[Session], address: str, browser_of: Open
) -> None:  # promise 23
    browser = browser_of("round.creator")
    with app_sessions() as session:
        line = session.scalars(sa.select(Allocation).where(Allocation.cost_fen > 0)).one()
        numbers = session.execute(
            sa.text("SELECT n.number, o.number FROM needs n, offerings o WHERE n.id = :n AND o.id = :o"),
            {"n": line.need_id, "o": line.offering_id},
        ).one()
    fields = {"need": numbers[0], "offering": numbers[1], "quantity": ""}
    reply = browser.post(f"{address}/whatif", page=f"{address}/whatif", status=303, pair="forbid", **fields)
    question = reply.headers["Location"]
    assert "Waiting for its turn" in browser.get(question)
    work(app, app_sessions)
    page = browser.get(question)
    assert "1 line of the plan changes" in page and "proven: fewer is impossible" in page and "loses" in page
    assert "Say why" in browser.post(f"{question}/take-over", page=question, status=422, reason=" ").text
    reply = browser.post(f"{question}/take-over", page=question, reason="The helper is ill")
    successor = browser.get(reply.headers["Location"])
    assert "The helper is ill" in successor and "Pool frozen" in successor
    with app_sessions() as session:
        made = session.get_one(MatchRound, uuid.UUID(reply.headers["Location"].split("/")[2]))
        assert made.pool_summary["directives"] == 1 and made.seed is None
    assert "the round that was made of it" in browser.get(question)
    assert "Cancelled" in browser.get(address)


def test_a_pair_that_cannot_be_is_refused_with_the_reason(address: str, browser_of: Open) -> None:
    browser = browser_of("round.creator")
    page = f"{address}/whatif"
    reply = browser.post(page, page=page, status=422, pair="pin", need="999999", offering="1", quantity="1")
    assert "There is no need with the number 999999" in reply.text


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("The search ended with code 4: it said nothing", "求解以代码 4 结束：没有说明"),
        (
            "pin {need}, {offering}: quantity 9: offering {offering} has capacity 5, the pins take 9",
            "固定的数量无法同时满足：资源 {offering_number} 号可提供 5，固定的数量合计 9",
        ),
        ("Segmentation fault in glop", "求解未成功，程序原文：Segmentation fault in glop"),
    ],
)
def test_a_question_that_failed_says_why_in_the_readers_language(
    app_sessions: sessionmaker[Session], address: str, browser_of: Open, said: str, told: str
) -> None:
    with app_sessions() as session:
        line = session.scalars(sa.select(Allocation)).first()
        assert line is not None
        match_round = session.get_one(MatchRound, uuid.UUID(address.split("/")[2]))
        ids = {
            "need": line.need_id,
            "offering": line.offering_id,
            "offering_number": session.get_one(Offering, line.offering_id).number,
        }
        one = WhatIf(
            round_id=match_round.id, kind="fewest", change={"forbids": []}, creator_id=match_round.creator_id,
            created_at=match_round.created_at, status="failed", reason=said.format(**ids),
        )  # fmt: skip
        session.add(one)
        session.commit()
        question = f"{address}/whatif/{one.id}"
    page = browser_of("round.creator", locale="zh_Hans_CN").get(question)
    assert f"没有结果：{told.format(**ids)}" in page


def test_every_reason_of_the_system_is_read_back_and_has_its_chinese(app: Flask, app_sessions: object) -> None:
    with app.test_request_context(), force_locale("zh_Hans_CN"):
        for message in (*STEPS, *SEARCHES, *PINS):
            names = re.findall(r"%\((\w+)\)s", message)
            said = message % {name: "7 fen" if name.endswith("_fen") else "7" for name in names}
            told = told_system_reason(f"pin a, b: quantity 1: {said}" if message in PINS else said)
            assert re.search("[\u3400-\u9fff]", told) and not re.search("[A-Za-z]{4}", told), (message, told)


def test_a_reader_sees_the_sliders_but_asks_no_worker(address: str, browser_of: Open) -> None:
    page = browser_of("round.reviewer").get(f"{address}/whatif")
    assert 'type="range"' in page and "Pin or forbid a pair" not in page and "Solve it anew" not in page


def test_two_rounds_stand_side_by_side(app_sessions: sessionmaker[Session], address: str, browser_of: Open) -> None:
    with app_sessions() as session:
        one = session.get_one(MatchRound, uuid.UUID(address.split("/")[2]))
        session.execute(sa.update(MatchRound).where(MatchRound.id == one.id).values(name="First"))
        other = MatchRound(
            name="Second", region_code=one.region_code, creator_id=one.creator_id, created_at=one.created_at,
            status="proposed", levels=one.levels, coverage=one.coverage, floor_percent=80,
            directives=[{"kind": "forbid", "need": "1", "offering": "2", "reason": "Neighbours in dispute"}],
        )  # fmt: skip
        session.add(other)
        session.commit()
        second = other.id
    browser = browser_of("round.creator")
    assert "Choose a round" in browser.get("/rounds/compare")
    page = browser.get(f"/rounds/compare?a={one.id}&b={second}")
    assert "Both serve 0 needs" in page and "needs to choose from that Round" in page and "Served only by" in page
    assert "Where their rules differ" in page and "at least 80% of its share" in page
    assert "forbidden: Neighbours in dispute" in page
    assert "Choose two different rounds" in browser.get(f"/rounds/compare?a={second}&b={second}", 422)
    assert "no such round" in browser.get(f"/rounds/compare?a={second}&b={uuid.uuid4()}", 404)
