"""What is written on visits, problems and reviews about somebody's health rests sealed and opens for a purpose."""

import logging

import pytest

from households.queries import who_looked
from households.visits.operations import do_visit
from households.visits.problems import (
    escalate_problem,
    resolve_problem,
)
from households.visits.rules import FindingEntry, VisitEntry
from households.visits.texts import open_texts
from kernel.errors import InvalidInput, NotFound
from tests.factories import SIBLING_TOWNSHIP, TOWNSHIP
from tests.factories_visits import doing, home, plan, planned_visit, put_policy, worker
from tests.integration.households.test_privacy import every_cell

CANARY = "肺癌晚期，情绪低落"


def test_what_is_written_about_illness_is_nowhere_in_clear_and_opens_for_a_purpose(session, caplog):  # promises 19, 20
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
    put_policy(session)
    me = worker(session, TOWNSHIP)
    household = home(session, risk_tier="high")
    plan(session)
    entry = VisitEntry("home", CANARY, (FindingEntry("health", CANARY),))
    visit, (problem,) = do_visit(
        session, visit_id=planned_visit(session, household).id, entry=entry, **doing(me, TOWNSHIP, days=30)
    )
    escalate_problem(
        session, problem_id=problem.id, words=CANARY, version=problem.version, **doing(me, TOWNSHIP, days=30)
    )
    resolve_problem(
        session, problem_id=problem.id, words=CANARY, version=problem.version, **doing(me, TOWNSHIP, days=31)
    )
    session.commit()
    assert CANARY not in every_cell(session) + caplog.text
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    with pytest.raises(InvalidInput):
        open_texts(session, subject="visit", subject_id=visit.id, purpose="", **doing(me, TOWNSHIP))
    with pytest.raises(NotFound):
        open_texts(session, subject="visit", subject_id=visit.id, purpose="看看情况", **doing(me, SIBLING_TOWNSHIP))
    opened = open_texts(session, subject="visit", subject_id=visit.id, purpose="准备下次探访", **doing(me, TOWNSHIP))
    assert [one.text for one in opened] == [CANARY]
    steps = open_texts(session, subject="problem", subject_id=problem.id, purpose="办理问题", **doing(me, TOWNSHIP))
    assert [one.text for one in steps] == [CANARY] * 3
    session.commit()
    assert [look.purpose for look in who_looked(session, household.id)] == ["办理问题", "准备下次探访"]
