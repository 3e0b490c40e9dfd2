"""What people typed is never lost: a report that comes second, a reason that is refused; and the count on the day's page."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from households.cases.models import CaseConference
from households.cases.operations import call_case, confirm_case, decide_case
from households.visits import queries
from kernel.accounts.models import User
from kernel.audit import Actor
from kernel.clock import day_of, utc_now
from tests.factories import COUNTY, make_user
from tests.factories_visits import a_case, a_decision
from tests.integration.households.test_visits_pages import SECRET, place
from tests.integration.rounds_web.conftest import Browser, browser_of

assert browser_of and place
Open = Callable[..., Browser]


def test_a_report_that_comes_second_is_refused_aloud_and_shown_again(
    place: dict[str, str],  # noqa: F811
    browser_of: Open,  # noqa: F811
) -> None:
    first, second = browser_of("worker.li"), browser_of("worker.li")
    visit, review, link = f"/visits/{place['visit']}", f"/reviews/{place['review']}", f"/problems/for/{place['here']}"
    late_visit = second.form(visit, way="home", findings=["safety", "care"], words=SECRET, done_on="")
    late_review = second.form(
        review, outcome="category_changed", status_category="subsistence_edge", evidence=SECRET, done_on=""
    )
    first.post(f"{visit}/do", page=visit, way="home", words="一切正常", done_on="")
    first.post(f"{review}/do", page=review, outcome="unchanged", status_category="", evidence="工资流水", done_on="")
    for path, typed, said in (
        (visit, late_visit, ("This visit is on record already", "Danger in the home", "Care and company")),
        (
            review,
            late_review,
            ("This review is on record already", "The status category changed", "Edge of the subsist"),
        ),
    ):
        # a faulty day changes nothing: what is on record takes no report, and what was typed is there to be copied
        for done_on in ("", "2050-01-01", "yesterday"):
            reply = second.client.post(f"{path}/do", data={**typed, "form_key": f"late-{done_on}", "done_on": done_on})
            assert reply.status_code == 409, reply.text[:2_000]
            text = reply.text
            assert all(words in text for words in said), [words for words in said if words not in text]
            assert "What you typed is not saved" in text and f"readonly>{SECRET}</textarea>" in text and link in text
    assert "What you typed" not in second.get(visit) + second.get(review)


def test_a_reason_that_cannot_be_taken_stays_as_it_was_typed(
    place: dict[str, str],  # noqa: F811
    browser_of: Open,  # noqa: F811
    app_sessions: sessionmaker[Session],
) -> None:
    with app_sessions.begin() as session:
        now = utc_now()
        chair, second = (
            session.scalars(sa.select(User).where(User.login == login)).one() for login in ("chair", "second")
        )
        doing = {"scope": (COUNTY,), "now": now}
        by = Actor(chair.id, chair.login)
        entry = a_case(held_on=day_of(now))
        case = call_case(session, household_id=uuid.UUID(place["here"]), entry=entry, actor=by, **doing)
        decision = a_decision(valid_from=day_of(now), valid_to=day_of(now) + timedelta(days=90))
        decide_case(session, case_id=case.id, entry=decision, version=case.version, actor=by, **doing)
        path, version, second_person = f"/cases/{case.id}", case.version, Actor(second.id, second.login)
    long = "依据不足" * 126  # 504 characters
    reviewer = browser_of("second")
    told = reviewer.post(f"{path}/send-back", page=path, status=422, reason=long, version=version).text
    assert "at most 500 characters" in told and f'value="{long}"' in told
    told = reviewer.post(f"{path}/send-back", page=path, status=409, reason=SECRET, version=version - 1).text
    assert f'value="{SECRET}"' in told
    with app_sessions.begin() as session:
        case = session.scalars(sa.select(CaseConference)).one()
        confirm_case(session, case_id=case.id, version=case.version, actor=second_person, **doing)
    told = reviewer.post(f"{path}/send-back", page=path, status=409, reason=SECRET, version=version).text
    assert f"readonly>{SECRET}</textarea>" in told  # the form it was typed into is no longer there
    chair_page = browser_of("chair")
    told = chair_page.post(f"{path}/revoke", page=path, status=409, reason="情况好转", version=version).text
    assert 'value="情况好转"' in told
    chair_page.post(f"{path}/revoke", page=path, status=422, reason=long, version=version + 1)


def test_the_day_says_how_many_visits_are_due_and_not_how_many_were_put_in_order(
    place: dict[str, str],  # noqa: F811
    browser_of: Open,  # noqa: F811
    app_sessions: sessionmaker[Session],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with app_sessions.begin() as session:
        make_user(session, "worker.all", ("worker", COUNTY))
    monkeypatch.setattr(queries, "LONGEST_ROUND", 1)
    assert "All 2" in browser_of("worker.all").get("/")
