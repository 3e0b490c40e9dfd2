"""A worker completes a profile on a phone and the portrait explains itself; the household agrees, and two needs enter the next round."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from kernel.clock import day_of, utc_now
from tests.e2e.conftest import Site

SignIn = Callable[..., Page]
PHONE = {"width": 360, "height": 740}
CHOSEN = {"barrier-removal": "无障碍改造", "home-care": "居家照护"}

pytestmark = pytest.mark.xdist_group("site")  # the browser tests share one installation


def _press(page: Page, ending: str) -> None:
    """Presses the button of the form whose address ends so."""
    page.locator(f"form[action$='{ending}'] button[type=submit]").first.click()


def _needs_in_pool(page: Page, site: Site, name: str) -> str:
    """As the coordinator: a round over the township, frozen; the address of its frozen problem."""
    page.goto(f"{site.url}/rounds/new")
    page.fill("#name", name)
    page.fill("#seed_source", "福彩双色球，冻结后第一期的六个红球")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile(r"/rounds/[0-9a-f-]{36}$"))
    _press(page, "/freeze")
    expect(page.locator("#pool code").first).to_have_text(re.compile(r"^[0-9a-f]{64}$"))
    return page.url


def test_a_profile_a_plan_and_two_needs_in_the_next_round(sign_in: SignIn, site: Site) -> None:  # promise 22
    household = sign_in("household", **PHONE)
    household.goto(f"{site.url}/my/plan")
    number = re.search(r"\d+", household.locator("main h2").first.inner_text())
    assert number
    before = household.locator("main").inner_text()
    assert not any(name in before for name in CHOSEN.values())

    # The worker completes the profile on a phone, and the portrait says what follows from it and why.
    worker = sign_in("worker", **PHONE)
    worker.goto(f"{site.url}/households?text={number[0]}")
    worker.locator("tbody th a").first.click()
    home = worker.url
    head = worker.locator("h1").first.inner_text()
    worker.goto(f"{home}/indicators")
    worker.fill("#source", "入户核查")
    worker.fill("#as_of", day_of(utc_now()).isoformat())
    worker.fill("#severely_disabled", "1")
    worker.fill("#dependent_on_care", "1")
    worker.locator("main form.form button[type=submit]").click()
    worker.wait_for_url(home)
    suggested = worker.locator("section[aria-labelledby=portrait-title]")
    for name in CHOSEN.values():
        expect(suggested).to_contain_text(name)
    expect(suggested).to_contain_text("重度残疾人数为1，不低于1")

    # The draft holds two measures that the household does not have yet; the household reads it on its own phone and agrees.
    _press(worker, f"/plans/draft/{home.rsplit('/', 1)[1]}")
    worker.wait_for_url(re.compile(r"/plans/[0-9a-f-]{36}/edit$"))
    for code in CHOSEN:
        worker.locator(f"[name='{code}-chosen']").check()
    worker.locator("main form.form > p button[type=submit]").click()
    worker.wait_for_url(re.compile(r"/plans/[0-9a-f-]{36}$"))
    plan = worker.url
    assert worker.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    household.reload()
    expect(household.locator("main")).to_contain_text("无障碍改造")
    household.fill("[id^=giver-plan-]", head)  # who agrees says so by name
    _press(household, f"/agree/{plan.rsplit('/', 1)[1]}")
    expect(household.locator(".alert-flash")).to_contain_text("接下来由县里审批")

    # Another person approves; two needs appear, and the next round holds them.
    coordinator = sign_in("coordinator")
    coordinator.goto(plan)
    _press(coordinator, "/approve")
    expect(coordinator.locator(".alert-flash")).to_contain_text("已批准")
    needs = []
    for name in CHOSEN.values():
        link = coordinator.locator("li", has_text=name).locator("a[href*='/needs/']").first
        needs.append((link.get_attribute("href") or "").rsplit("/", 1)[1])
    address = _needs_in_pool(coordinator, site, "一户一策匹配（演练）")
    pool = coordinator.request.get(f"{address}/problem.json").text()
    assert all(f'"id":"{need}"' in pool for need in needs)
    household.goto(f"{site.url}/my/plan")
    expect(household.locator("main")).to_contain_text("我家现在的计划")
    assert household.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    coordinator.goto(address)
    coordinator.locator("details", has=coordinator.locator("form[action$='/cancel']")).locator("summary").click()
    coordinator.fill("#cancel-reason", "演练结束")
    _press(coordinator, "/cancel")
    expect(coordinator.locator("main")).to_contain_text("已取消")
