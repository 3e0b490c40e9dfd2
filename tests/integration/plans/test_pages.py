"""The pages of plans, consents and objections, without script; and the household's own page."""

import html
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from households.accounts import join_account
from households.life.operations import record_birth
from households.models import Household
from households.needs.models import Need
from households.plans.models import Plan
from households.rules import MemberEntry
from kernel.accounts.models import User
from kernel.audit import SYSTEM
from tests import factories_plans as make
from tests.factories import COUNTY, NOW, SIBLING_TOWNSHIP, TOWNSHIP, make_user, resident_id
from tests.factories_demand import a_head
from tests.factories_plans import MEASURES
from tests.integration.plans.test_consents import CHILD
from tests.integration.rounds_web.conftest import Browser, browser_of

assert browser_of
Open = Callable[..., Browser]


@pytest.fixture
def home(app_sessions: sessionmaker[Session]) -> str:
    """The id of a household whose portrait suggests measures; its head is `zhou`."""
    with app_sessions.begin() as session:
        make.load_policy(session)
        household = make.poor_household(session, consented=False)
        user = make_user(session, "zhou", ("household", TOWNSHIP))
        make_user(session, "plan.worker", ("worker", TOWNSHIP))
        make_user(session, "plan.coordinator", ("coordinator", COUNTY))
        make_user(session, "plan.reviewer", ("reviewer", COUNTY))
        join_account(session, household_id=household.id, user_id=user.id, actor=SYSTEM, scope=(COUNTY,), now=NOW)
        return str(household.id)


def version_on(page: str) -> str:
    found = re.search(r'name="version"(?: type="hidden")? value="(\d+)"', page)
    assert found
    return found[1]


def draft(browser: Browser, home: str) -> str:
    made = browser.post(f"/plans/draft/{home}", page=f"/households/{home}")
    return made.headers["Location"].removesuffix("/edit")


PAPER = {"way": "paper", "reference": "岩坦-18", "given_on": "2026-01-05", "given_by": "self"}


def test_a_plan_goes_from_the_household_page_to_its_needs(home: str, browser_of: Open) -> None:  # noqa: F811
    worker, reviewer = browser_of("plan.worker"), browser_of("plan.reviewer")
    assert "No plan yet" in worker.get(f"/households/{home}")
    path = draft(worker, home)
    form = worker.get(f"{path}/edit")
    assert "Suggested: 2 parcels" in form and "Accounted income a head" in form
    measures = {
        "version": version_on(form),
        "food-parcels-chosen": "y",
        "food-parcels-every": "monthly",
        "food-parcels-days": "20",
    }
    wrong = html.unescape(
        worker.post(f"{path}/edit", page=f"{path}/edit", status=422, **measures, **{"food-parcels-quantity": "two", "food-parcels-deliver_to": "村委会"}).text
    )  # fmt: skip
    assert "Food parcels, Quantity: This must be a whole number" in wrong and 'value="村委会"' in wrong
    refused = worker.post(f"{path}/edit", page=f"{path}/edit", status=422, **measures, **{"food-parcels-quantity": "0"})
    assert "from 1 to 500000" in html.unescape(refused.text)
    worker.post(f"{path}/edit", page=f"{path}/edit", **measures, **{"food-parcels-quantity": "3"})
    page = worker.get(path)
    assert "Every month" in page and "has not consented to matching" in page
    seen = version_on(page)
    wrong = worker.post(
        f"{path}/agree", page=path, status=422, version=seen, way="paper", given_by="self", reference="", given_on=""
    )
    assert "Write the day that stands on the paper" in html.unescape(wrong.text)
    worker.post(f"{path}/agree", page=path, status=422, version=seen, **{**PAPER, "given_on": "gestern"})
    worker.post(f"{path}/agree", page=path, status=409, version="1000", **PAPER)
    worker.post(f"{path}/agree", page=path, version=seen, **PAPER)
    worker.post(f"{path}/approve", page=path, status=403)
    assert "周建国" in reviewer.get("/") and "岩坦-18" in reviewer.get(path)
    seen = version_on(reviewer.get(path))
    reviewer.post(f"{path}/approve", page=path, status=422, starts_on="morgen", version=seen)
    reviewer.post(f"{path}/approve", page=path, status=409, starts_on="", version="1000")
    reviewer.post(f"{path}/approve", page=path, starts_on="", version=seen)
    page = worker.get(path)
    assert "In force" in page and "Need no." in page and "Came into force" in page
    assert "Goes on as it is" in page and "The facts changed" not in page
    refused = worker.post(f"{path}/review", page=path, status=422, outcome="change", words=" ")
    assert re.search(r'value="change" checked', refused.text)
    refused = worker.post(f"{path}/review", page=path, status=422, outcome="bogus", words="儿子患病在家")
    assert "儿子患病在家</textarea>" in refused.text  # nothing typed is lost
    assert "3 parcels" in worker.get(f"/households/{home}") or "Food parcel" in worker.get(f"/households/{home}")
    for query in ("", "?status=in_force", "?status=due", "?text=zhou", "?status=draft&text=zz"):
        worker.get(f"/plans{query}")


def test_who_drafted_finds_no_button_to_approve(home: str, browser_of: Open) -> None:  # noqa: F811
    coordinator = browser_of("plan.coordinator")
    path = draft(coordinator, home)
    coordinator.post(f"{path}/agree", page=path, version=version_on(coordinator.get(path)), **PAPER)
    page = coordinator.get(path)
    assert "another person approves it" in page and f"{path}/approve" not in page
    coordinator.post(f"{path}/approve", page=path, status=403, version=version_on_or_any(page))
    coordinator.post(f"{path}/refuse", page=path, status=422, reason="")
    coordinator.post(f"{path}/refuse", page=path, reason="金额偏高")
    page = coordinator.get(path)
    assert "金额偏高" not in page and "A text is on file, sealed" in page  # promise 19
    coordinator.post(f"{path}/texts", page=path, status=422, purpose="")
    shown = coordinator.post(f"{path}/texts", page=path, status=200, purpose="复核计划")
    assert "金额偏高" in shown.text and "no-store" in shown.headers["Cache-Control"]
    assert "复核计划" in coordinator.get(f"/households/{home}")
    coordinator.post(f"{path}/drop", page=path, reason="重填")
    assert "Ended" in coordinator.get(path)


def version_on_or_any(page: str) -> str:
    found = re.search(r'name="version"(?: type="hidden")? value="(\d+)"', page)
    return found[1] if found else "2"


def test_consents_are_recorded_and_taken_back_on_their_page(home: str, browser_of: Open) -> None:  # noqa: F811
    worker = browser_of("plan.worker")
    path = f"/consents/{home}"
    worker.post(f"{path}/give", page=path, status=422, **PAPER)
    worker.post(f"{path}/give", page=path, status=422, **{"purpose-match": "1", "version-match": "1999-1"}, **PAPER)
    words = {"purpose-match": "1", "version-match": "2027-1", "purpose-photos": "1", "version-photos": "2027-1"}
    worker.post(f"{path}/give", page=path, **words, **PAPER)
    page = worker.get(path)
    assert page.count("岩坦-18") == 2 and "has not consented" not in worker.get(f"/households/{home}")
    worker.post(f"{path}/withdraw", page=path, purpose="match")
    assert "Earlier consents" in worker.get(path) and "has not consented" in worker.get(f"/households/{home}")


def test_the_household_chooses_agrees_and_sees_what_became_of_it(  # promise 22
    home: str,
    browser_of: Open,
    app_sessions: sessionmaker[Session],  # noqa: F811
) -> None:
    zhou, path = browser_of("zhou"), f"/my/plan/{home}"
    page = zhou.get("/my/plan")
    assert "Choose what would help" in page and "Food parcels" in page and "We agree to this plan" not in page
    zhou.post(f"{path}/choose", page="/my/plan", status=422, codes=["job"])
    zhou.post(f"{path}/choose", page="/my/plan", codes=["food-parcels", "cash-aid"])
    page = zhou.get("/my/plan")
    action = re.search(r'action="(/my/plan/[^"]+/agree/[^"]+)"', page)
    assert action
    zhou.post(action[1], page="/my/plan", status=422, version=version_on(page), giver="")
    daughter = {"version": version_on(page), "giver": "周小红"}
    refused = zhou.post(action[1], page="/my/plan", status=422, **daughter)  # who is no head says what they are to it
    assert 'value="周小红"' in refused.text
    zhou.post(action[1], page="/my/plan", giver="周建国", version=version_on(page))
    assert "The county looks at the plan now" in zhou.get("/my/plan")
    zhou.post(
        f"{path}/consents/give",
        page="/my/plan",
        **{"purpose-match": "1", "version-match": "2027-1", "giver": "周小红", "relation": "女儿"},
    )
    coordinator = browser_of("plan.coordinator")
    plan = "/plans/" + action[1].rsplit("/", 1)[1]
    coordinator.post(f"{plan}/approve", page=plan, starts_on="", version=version_on(coordinator.get(plan)))
    page = zhou.get("/my/plan")
    assert "Our plan now" in page and "¥1,000.00" in page
    with app_sessions() as session:
        need = session.scalars(sa.select(Need).where(Need.category_code == "cash_aid")).one()
    zhou.post(f"{path}/object", page="/my/plan", status=422, about="plan", words=" ")
    zhou.post(f"{path}/object", page="/my/plan", about=str(need.id), words="我家不要现金")
    page = zhou.get("/my/plan")
    assert "我家不要现金" in page
    found = re.search(r"/objections/([0-9a-f-]{36})/take-back", page)
    assert found
    objection = f"/objections/{found[1]}"
    assert "我家不要现金" not in coordinator.get(objection) and "周建国" in coordinator.get("/objections")
    assert "objection to be heard" in browser_of("plan.reviewer").get("/")
    coordinator.post(f"{objection}/hear", page=objection, status=403, outcome="upheld", answer="同意")
    reviewer = browser_of("plan.reviewer")
    shown = reviewer.post(f"{objection}/read", page=objection, status=200)
    assert "我家不要现金" in shown.text and "no-store" in shown.headers["Cache-Control"]
    reviewer.post(f"{objection}/hear", page=objection, status=422, outcome="", answer="同意")
    reviewer.post(f"{objection}/hear", page=objection, outcome="rejected", answer="现金可以不领")
    page = zhou.get("/my/plan")
    assert "现金可以不领" in page and "hearing the household's objection" in page
    zhou.post(f"{path}/object", page="/my/plan", about="plan", words="再想想")
    found = re.search(rf"{path}/objections/[0-9a-f-]{{36}}/take-back", zhou.get("/my/plan"))
    assert found
    zhou.post(found[0], page="/my/plan")
    zhou.post(f"{path}/consents/withdraw", page="/my/plan", purpose="match")
    assert "Not allowed" in zhou.get("/my/plan")


def test_a_minor_head_is_asked_for_the_guardian(  # noqa: F811
    browser_of: Open,
    app_sessions: sessionmaker[Session],  # noqa: F811
) -> None:
    with app_sessions.begin() as session:
        make.load_policy(session)
        household = make.poor_household(session, CHILD, consented=False)
        user = make_user(session, "ming", ("household", TOWNSHIP))
        join_account(session, household_id=household.id, user_id=user.id, actor=SYSTEM, scope=(COUNTY,), now=NOW)
    ming = browser_of("ming")
    assert "Name of the guardian" in ming.get("/my/plan")
    give, words = f"/my/plan/{household.id}/consents/give", {"purpose-match": "1", "version-match": "2027-1"}
    ming.post(give, page="/my/plan", status=422, **words)
    ming.post(give, page="/my/plan", status=422, given_by="guardian", giver="", relation="", **words)
    ming.post(give, page="/my/plan", given_by="guardian", giver="周大山", relation="祖父", **words)
    assert "We allow it" in ming.get("/my/plan")


def test_nobody_reaches_a_household_of_others(  # promise 11
    home: str,
    browser_of: Open,
    app_sessions: sessionmaker[Session],  # noqa: F811
) -> None:
    with app_sessions.begin() as session:
        make_user(session, "far.worker", ("worker", SIBLING_TOWNSHIP))
        make_user(session, "far.household", ("household", TOWNSHIP))
        other = make.poor_household(session, a_head(resident_id=resident_id(born="19510101")))
        plan = make.agreed_plan(session, other, make.make_worker(session, "w2"), *MEASURES)
    far, stranger = browser_of("far.worker"), browser_of("far.household")
    for path in (f"/plans/{plan.id}", f"/plans/{plan.id}/edit", f"/consents/{other.id}"):
        far.get(path, 404)
    far.post(f"/plans/draft/{home}", page="/plans", status=404)
    assert "周建国" not in far.get("/plans")
    for step in ("choose", "object", "consents/give", "consents/withdraw", f"agree/{plan.id}"):
        stranger.post(f"/my/plan/{other.id}/{step}", page="/my/plan", status=404, words="x")
    zhou = browser_of("zhou")  # a household of one's own does not open the plan of another
    zhou.post(f"/my/plan/{home}/agree/{plan.id}", page="/my/plan", status=404)
    for login in ("zhou", "far.household"):
        browser_of(login).get("/plans", 403)


def test_every_page_of_plans_reads_in_chinese(  # noqa: F811
    home: str,
    browser_of: Open,
    app_sessions: sessionmaker[Session],  # noqa: F811
) -> None:
    worker = browser_of("plan.worker", locale="zh_Hans_CN")
    path = draft(worker, home)
    zhou = browser_of("zhou", locale="zh_Hans_CN")
    zhou.post(f"/my/plan/{home}/object", page="/my/plan", about="plan", words="不要")
    with app_sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Plan)) == 1
    pages = [(worker, one) for one in ("/plans", path, f"{path}/edit", f"/consents/{home}", "/objections", "/")]
    for browser, page in [*pages, (zhou, "/my/plan")]:
        text = re.sub(r"<(script|style|datalist).*?</\1>|<[^>]+>", " ", browser.get(page), flags=re.S)
        words = set(re.findall(r"\b[A-Za-z]{4,}\b", text)) - {"XLSX", "English", "worker", "plan", "zhou", "Zhongfu"}
        assert not words, (page, words)


def test_the_worker_joins_an_account_and_takes_it_away(home: str, browser_of: Open) -> None:  # noqa: F811
    worker, zhou = browser_of("plan.worker", locale="zh_Hans_CN"), browser_of("zhou")
    path = f"/households/{home}/accounts"
    assert "本户的账号" in worker.get(f"/households/{home}") and "zhou" in worker.get(path)
    leave = re.search(r'action="(/households/[^"]+/leave)"', worker.get(path))
    assert leave
    worker.post(leave[1], page=path)
    assert "not yet joined to a household" in zhou.get("/my/plan")
    refused = worker.post(f"{path}/join", page=path, status=404, login="plan.worker")
    assert "由管理员开立" in refused.text and 'value="plan.worker"' in refused.text
    worker.post(f"{path}/join", page=path, login="zhou")
    assert "Choose what would help" in zhou.get("/my/plan")
    zhou.get(path, 403)


def test_a_split_on_the_page_says_that_accounts_are_to_be_joined_anew(  # noqa: F811
    home: str,
    browser_of: Open,
    app_sessions: sessionmaker[Session],  # noqa: F811
) -> None:
    with app_sessions.begin() as session:
        household = session.get_one(Household, home)
        child = MemberEntry("周小明", "child", sex="male", born_on=NOW.date())
        record_birth(session, household_id=household.id, entry=child, actor=SYSTEM, scope=(COUNTY,), now=NOW)
        child_id = str(next(one.id for one in household.members if one.name == "周小明"))
    worker, path = browser_of("plan.worker"), f"/households/{home}/life/split"
    answer = {"leaving": child_id, f"relation-{child_id}": "head", "region_code": TOWNSHIP, "happened_on": "2026-01-05"}
    made = worker.post(path, page=path, **answer)
    assert "join each anew to where its person lives: zhou." in html.unescape(worker.get(made.headers["Location"]))
    assert "not yet joined to a household" in browser_of("zhou").get("/my/plan")


def test_what_was_typed_for_one_household_does_not_stand_in_anothers_form(  # noqa: F811
    home: str,
    browser_of: Open,
    app_sessions: sessionmaker[Session],  # noqa: F811
) -> None:
    with app_sessions.begin() as session:
        other = make.poor_household(session, a_head(name="李一", resident_id=resident_id(born="19510101")))
        user_id = session.scalars(sa.select(User.id).where(User.login == "zhou")).one()
        join_account(session, household_id=other.id, user_id=user_id, actor=SYSTEM, scope=(COUNTY,), now=NOW)
    zhou = browser_of("zhou")
    long = "儿" * 1_001
    refused = zhou.post(f"/my/plan/{home}/object", page="/my/plan", status=422, about="plan", words=long)
    assert refused.text.count(long) == 1
