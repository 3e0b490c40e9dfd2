"""The pages of visits, problems, reviews, rates and case conferences, without script: on a worker's phone and a coordinator's desk."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from households.cases.models import CaseConference
from households.policy.operations import add_policy_set
from households.policy.packaged import demo_policy
from households.visits.models import CareVisit, HouseholdReview, Problem
from households.visits.schedule import keep_planned
from kernel.audit import SYSTEM
from kernel.clock import day_of, utc_now
from tests.factories import COUNTY, SIBLING_TOWNSHIP, TOWNSHIP, make_user
from tests.factories_visits import home
from tests.integration.rounds_web.conftest import Browser, browser_of

assert browser_of
Open = Callable[..., Browser]
SECRET = "高血压三级，需长期服药"


@pytest.fixture
def place(app_sessions: sessionmaker[Session]) -> dict[str, str]:
    """A household whose visit is due today and whose review is open, another in the next township, and people."""
    now = utc_now()
    with app_sessions.begin() as session:
        for login, role, region in (
            ("worker.li", "worker", TOWNSHIP), ("worker.wu", "worker", SIBLING_TOWNSHIP), ("chair", "coordinator", COUNTY),
            ("second", "reviewer", COUNTY), ("auditor.a", "auditor", COUNTY),
        ):  # fmt: skip
            make_user(session, login, (role, region))
        document = demo_policy() | {"valid_from": "2020-01-01"}
        add_policy_set(session, document=document, actor=SYSTEM, scope=(COUNTY,), now=now)
        here = home(session, 1, risk_tier="key", cap_fen=100_000, address="溪口路12号")
        there = home(session, 2, region_code=SIBLING_TOWNSHIP)
        keep_planned(session, now=now)
        session.execute(sa.update(CareVisit).values(due_on=day_of(now), base_on=day_of(now) - timedelta(days=60)))
        ids = {
            "here": here.id, "there": there.id,
            "visit": session.scalar(sa.select(CareVisit.id).where(CareVisit.household_id == here.id)),
            "far_visit": session.scalar(sa.select(CareVisit.id).where(CareVisit.household_id == there.id)),
            "review": session.scalar(sa.select(HouseholdReview.id).where(HouseholdReview.household_id == here.id)),
        }  # fmt: skip
        return {name: str(key) for name, key in ids.items()}


def test_a_worker_goes_from_the_day_to_the_visit_to_the_problem_and_back(
    place: dict[str, str],
    browser_of: Open,  # noqa: F811
    app_sessions: sessionmaker[Session],
) -> None:
    worker = browser_of("worker.li")
    assert "Visits due today" in worker.get("/") and place["visit"] in worker.get("/")
    listed = worker.get("/visits")
    assert "溪口路12号" in listed and place["visit"] in listed and place["far_visit"] not in listed
    path = f"/visits/{place['visit']}"
    page = worker.get(path)
    assert "By telephone" in page and "none on record" in page
    wrong = worker.post(f"{path}/do", page=path, status=422, way="home", words=SECRET, done_on="2050-01-01")
    assert "lies in the future" in wrong.text and SECRET in wrong.text  # what was typed stays
    form = worker.form(path, way="home", findings=["safety", "care"], words=SECRET, done_on="")
    for _tap in range(2):  # the second tap is answered with the first reply
        sent = worker.client.post(f"{path}/do", data=form)
        assert sent.status_code == 303, sent.text
    with app_sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Problem)) == 2
    problem = sent.headers["Location"]
    assert "Danger in the home" in worker.get(problem) and SECRET not in worker.get(problem)
    refused = worker.post(f"{problem}/texts", page=problem, status=422, purpose="")
    assert SECRET not in refused.text
    opened = worker.post(f"{problem}/texts", page=problem, status=200, purpose="约电工上门")
    assert SECRET in opened.text and "no-store" in opened.headers["Cache-Control"]
    assert "约电工上门" in worker.get(f"/households/{place['here']}")
    worker.post(f"{problem}/resolve", page=problem, status=422, words="", version="1")
    worker.post(f"{problem}/resolve", page=problem, words="已换线路", version="1")
    worker.post(f"{problem}/resolve", page=problem, status=409, words="再次", version="1")
    assert "Resolved" in worker.get(problem)
    worker.post(f"{problem}/reopen", page=problem, words="又跳闸", version="2")
    worker.post(f"{problem}/escalate", page=problem, words="需供电所", version="3")
    assert "With the county" in browser_of("chair").get("/problems?show=county")
    assert SECRET not in worker.get(path) and "What is on record" in worker.get(path)
    assert SECRET in worker.post(f"{path}/texts", page=path, status=200, purpose="准备下次探访").text
    household = worker.get(f"/households/{place['here']}")
    assert "Last visit" in household and "Care and company" in household
    worker.post(f"{path}/do", page=f"/problems/for/{place['here']}", status=409, way="home", done_on="")


def test_nobody_at_home_takes_the_visit_off_the_day_but_not_off_the_list(
    place: dict[str, str],
    browser_of: Open,  # noqa: F811
) -> None:
    worker = browser_of("worker.li")
    path = f"/visits/{place['visit']}"
    worker.post(f"{path}/absent", page=path)
    listed = worker.get("/visits")
    assert "No visit is due today" in listed and "The coming week" in listed
    assert "Nobody at home" in worker.get(path)


def test_a_problem_is_opened_by_hand_and_given_to_another(
    place: dict[str, str],
    browser_of: Open,  # noqa: F811
    app_sessions: sessionmaker[Session],
) -> None:
    chair = browser_of("chair")
    path = f"/problems/for/{place['here']}"
    with app_sessions() as session:
        ids = dict(session.execute(sa.text("SELECT login, id FROM users")).all())
    chair.post(path, page=path, status=422, kind="", words="", owner_id=str(ids["chair"]), due_on="")
    chair.post(path, page=path, status=422, kind="other", words="", owner_id=str(ids["chair"]), due_on="2001-01-01")
    made = chair.post(path, page=path, kind="benefits", words="电费未减免", owner_id=str(ids["chair"]), due_on="")
    problem = made.headers["Location"]
    chair.post(f"{problem}/assign", page=problem, status=422, owner_id="nobody", version="1")
    chair.post(f"{problem}/assign", page=problem, status=422, owner_id=str(ids["worker.wu"]), version="1")
    chair.post(f"{problem}/assign", page=problem, owner_id=str(ids["worker.li"]), version="1")
    assert "Benefits not received" in browser_of("worker.li").get("/problems?show=mine")
    assert "No problem fits" in chair.get("/problems?show=mine")


def test_a_review_is_recorded_and_the_list_knows_what_comes(place: dict[str, str], browser_of: Open) -> None:  # noqa: F811
    worker = browser_of("worker.li")
    assert "No review comes up soon" in worker.get("/reviews")
    assert place["review"] in worker.get("/reviews?show=year&text=zhou")
    path = f"/reviews/{place['review']}"
    worker.post(f"{path}/do", page=path, status=422, outcome="", evidence="", done_on="", status_category="")
    wrong = {"outcome": "category_changed", "evidence": SECRET, "done_on": "", "status_category": ""}
    assert "Choose the new status category" in worker.post(f"{path}/do", page=path, status=422, **wrong).text
    worker.post(f"{path}/do", page=path, **(wrong | {"status_category": "subsistence_edge"}))
    page = worker.get(f"/households/{place['here']}")
    assert "The status category changed" in page and "Edge of the subsistence allowance" in page
    assert SECRET not in worker.get(path)
    assert SECRET in worker.post(f"{path}/texts", page=path, status=200, purpose="复核依据").text


def test_rates_show_what_was_done_and_what_was_due(place: dict[str, str], browser_of: Open) -> None:  # noqa: F811
    page = browser_of("chair").get("/visit-rates")
    assert "岩坦镇" in page and "沙头镇" in page and "0.0%" in page and "What is counted" in page
    assert "沙头镇" not in browser_of("worker.li").get("/visit-rates")
    assert "No visit and no problem was due" in browser_of("chair").get(
        f"/visit-rates?month={day_of(utc_now()).replace(day=1) - timedelta(days=40):%Y-%m}"
    )


def test_a_case_goes_through_two_people_and_onto_paper(
    place: dict[str, str],
    browser_of: Open,  # noqa: F811
    app_sessions: sessionmaker[Session],
) -> None:  # promises 14, 20
    chair, second, worker = browser_of("chair"), browser_of("second"), browser_of("worker.li")
    new = f"/cases/for/{place['here']}"
    entry = {"reason": "above_cap", "held_on": f"{day_of(utc_now())}", "participants": "县民政局", "facts": SECRET}
    assert "Line 1: write unit, name" in chair.post(new, page=new, status=422, **entry).text
    entry["participants"] = "县民政局，陈科长\n县民政局：王科长"
    assert "at least two units" in chair.post(new, page=new, status=422, **entry).text
    entry["participants"] = "县民政局，陈科长\n县医保局, 林主任"
    path = chair.post(new, page=new, **entry).headers["Location"]
    assert SECRET not in chair.get(path) and "林主任" in chair.get(path)
    edit = chair.get(f"{path}/edit")
    assert SECRET not in edit
    version = re.search(r'name="version" type="hidden" value="(\d+)"', edit)
    assert version
    chair.post(f"{path}/edit", page=f"{path}/edit", version=version[1], **entry)
    decide, now = f"{path}/decide", f"{day_of(utc_now())}"
    with app_sessions() as session:
        known = str(session.scalar(sa.select(CaseConference.version)))
    decision = {
        "decision": "同意增加救助。", "measures": "追加救助金；县民政局；2099-01-01\n住房修缮", "extra": "3000", "legal_basis": "",
        "valid_from": now, "valid_to": "2098-12-31", "version": known,
    }  # fmt: skip
    assert "Fill this in" in chair.post(decide, page=decide, status=422, **decision).text
    broken = decision | {"measures": "一；二；三；四"}
    assert "Line 1: write measure" in chair.post(decide, page=decide, status=422, **broken).text
    chair.post(decide, page=decide, **(decision | {"legal_basis": "临时救助办法第九条"}))
    assert "another person confirms it" in chair.get(path)
    with app_sessions() as session:
        known = str(session.scalar(sa.select(CaseConference.version)))
    chair.post(f"{path}/confirm", page=path, status=409, version=known)
    assert "Decisions to confirm" in second.get("/")
    assert "同意增加救助" not in worker.get(f"/households/{place['here']}")  # not before it acts
    second.post(f"{path}/confirm", page=path, version=known)
    shown = worker.get(f"/households/{place['here']}")
    assert "同意增加救助" in shown and "追加救助金 · 县民政局" in shown and "¥3,000.00" in shown and SECRET not in shown
    worker.get(path, 403)
    worker.get("/cases", 403)
    assert "¥3,000.00" in browser_of("auditor.a").get("/cases")
    minutes = chair.get(f"{path}/minutes")
    assert "个案会商纪要" in minutes and "陈科长" in minutes and SECRET not in minutes
    assert SECRET in second.post(f"{path}/minutes", page=f"{path}/minutes", status=200, purpose="存档打印").text
    chair.post(f"{path}/facts", page=path, status=422, purpose="")
    assert SECRET in chair.post(f"{path}/facts", page=path, status=200, purpose="核对依据").text
    chair.post(f"{path}/revoke", page=path, reason="情况好转", version=str(int(known) + 1))
    assert "情况好转" in chair.get(path)


def test_the_next_township_sees_nothing(place: dict[str, str], browser_of: Open) -> None:  # noqa: F811
    # promise 11
    other = browser_of("worker.wu")
    for path in (f"/visits/{place['visit']}", f"/reviews/{place['review']}", f"/problems/for/{place['here']}"):
        other.get(path, 404)
    assert place["visit"] not in other.get("/visits") and place["review"] not in other.get("/reviews?show=year")
    auditor = browser_of("auditor.a")
    path = f"/visits/{place['visit']}"
    assert "This visit is only planned." in auditor.get(path)
    auditor.post(f"{path}/do", page="/visits", status=403, way="home")


def test_every_page_reads_in_chinese(place: dict[str, str], browser_of: Open) -> None:  # noqa: F811
    chair = browser_of("chair", locale="zh_Hans_CN")
    path = f"/visits/{place['visit']}"
    problem = chair.post(f"{path}/do", page=path, way="home", findings=["care"], words="独居", done_on="").headers[
        "Location"
    ]
    for path in (
        "/", "/visits", f"/visits/{place['visit']}", f"/visits/{place['far_visit']}", "/visit-rates", "/problems", problem,
        f"/problems/for/{place['here']}", "/reviews?show=year", f"/reviews/{place['review']}", "/cases",
        f"/cases/for/{place['here']}", f"/households/{place['here']}",
    ):  # fmt: skip
        text = re.sub(r"<(script|style|datalist).*?</\1>|<[^>]+>", " ", chair.get(path), flags=re.S)
        words = set(re.findall(r"\b[A-Za-z]{4,}\b", text)) - {"XLSX", "English", "chair", "worker", "yongjia"}
        assert not words, (path, words)
