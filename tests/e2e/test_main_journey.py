"""The main job, in a browser: a county round from the draft to the ledger by three people; a listed project; a shift on a phone."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from kernel.clock import day_of, utc_now
from tests.e2e.conftest import Site

SignIn = Callable[..., Page]
SOLVED_MS = 180_000  # the search takes 10 s; the rest is for a machine that is busy with other tests
NAME = "全县匹配（演练）"

pytestmark = pytest.mark.xdist_group("site")  # the browser tests share one installation


def _press(page: Page, ending: str) -> None:
    """Presses the button of the form whose address ends so."""
    page.locator(f"form[action$='{ending}'] button[type=submit]").click()


def _figure(page: Page, label: str) -> str:
    """The figure beside a word in the key of a bar."""
    return page.locator(".key li", has_text=label).first.locator("b").inner_text()


def _create_and_run(page: Page, site: Site) -> str:
    """As the coordinator: draft, freeze, draw, run. The address of the round."""
    page.goto(f"{site.url}/rounds")
    page.locator("a[href$='/rounds/new']").first.click()
    page.fill("#name", NAME)
    page.fill("#seed_source", "福彩双色球，冻结后第一期的六个红球")
    page.fill("#time_limit_s", "10")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile(r"/rounds/[0-9a-f-]{36}$"))
    address = page.url
    _press(page, "/freeze")
    expect(page.locator("#pool code").first).to_have_text(re.compile(r"^[0-9a-f]{64}$"))
    page.fill("#value", "03 08 11 19 24 30")
    _press(page, "/draw")
    expect(page.locator("#pool")).to_contain_text("03 08 11 19 24 30")
    _press(page, "/run")
    expect(page.locator("#progress")).to_be_visible()
    return address


def test_a_county_round_goes_from_the_draft_to_the_ledger_by_three_people(
    sign_in: SignIn, site: Site
) -> None:  # promise 23
    coordinator = sign_in("coordinator")
    address = _create_and_run(coordinator, site)

    # The page follows the search by itself and turns into the plan when it is there.
    expect(coordinator.locator("#plan")).to_be_visible(timeout=SOLVED_MS)
    expect(coordinator.locator("#plan .stat").first).to_contain_text("%")
    expect(coordinator.locator("#levels tbody tr")).to_have_count(8)
    assert coordinator.locator("#map circle.map-point").count() >= 15

    # One unmet need says why, and what would change it.
    coordinator.locator("#unmet .panel-head a").click()
    reason = coordinator.locator("[data-reason]").first
    expect(reason).not_to_be_empty()
    assert len(reason.inner_text()) > 8
    expect(coordinator.locator("tbody tr").first.locator("td").last).not_to_have_text("—")

    # Who created the round reviews it not, neither by the page nor by hand.
    coordinator.goto(address)
    assert coordinator.locator("form[action$='/approve']").count() == 0
    expect(coordinator.locator("#next")).to_contain_text("该轮次由您创建，须由他人复核")

    reviewer = sign_in("reviewer")
    reviewer.goto(address)
    reviewer.fill("#approve-reason", "各乡镇数据已核对，抽查五户属实")
    _press(reviewer, "/approve")
    expect(reviewer.locator("#events")).to_contain_text("各乡镇数据已核对")

    finance = sign_in("finance")
    finance.goto(f"{address}/allocations")
    finance.locator("tbody tr").first.locator("td").nth(1).locator("a").click()
    offering = finance.url
    assert _figure(finance, "已承诺") == "0"
    finance.goto(f"{address}/commit")
    row = finance.locator("table", has_text="将预留").locator("tbody tr").first
    fund, reserved = row.locator("th").inner_text(), row.locator("td").first.inner_text()
    _press(finance, "/commit")
    expect(finance.locator(".alert-flash")).to_contain_text("已提交")

    # Stock and money have moved.
    finance.goto(offering)
    assert int(_figure(finance, "已承诺").replace(",", "")) > 0
    finance.goto(f"{site.url}/funds?search={fund}")
    finance.locator("tbody a", has_text=fund).first.click()
    assert _figure(finance, "已承诺") == reserved

    # The township worker finds the deliveries on the phone and confirms one.
    worker = sign_in("worker", width=360)
    worker.goto(f"{site.url}/deliveries")
    first = worker.locator("li[id^='delivery-']").first
    mark = first.get_attribute("id")
    first.locator("form[action*='/confirm'] button").first.click()
    expect(worker.locator(".alert-flash")).to_contain_text("已确认")
    assert worker.locator(f"#{mark}").count() == 0
    assert worker.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_federation_lists_a_project_and_a_volunteer_takes_a_place_on_the_phone(sign_in: SignIn, site: Site) -> None:
    federation = sign_in("federation")
    federation.goto(f"{site.url}/federation/projects/new")
    name = "岩坦镇冬日陪伴"
    federation.fill("#name", name)
    federation.fill("#summary", "陪伴独居老人，每周一次上门探访。")
    federation.fill("#organiser", "永嘉县慈善总会")
    federation.select_option("#region_code", "330324")
    federation.fill("#budget", "20000")
    federation.fill("#beneficiaries_wanted", "30")
    federation.fill("#starts_on", day_of(utc_now()).isoformat())
    federation.fill("#ends_on", (day_of(utc_now()) + timedelta(days=60)).isoformat())
    federation.locator("main form.form button[type=submit]").click()
    federation.wait_for_url(re.compile(r"/federation/projects/[0-9a-f-]{36}$"))
    _press(federation, "/list")
    nobody = sign_in(None)
    nobody.goto(f"{site.url}/projects?search={name}")
    expect(nobody.locator("main")).to_contain_text(name)

    volunteer = sign_in("volunteer", width=360, height=740)
    volunteer.goto(f"{site.url}/volunteering")
    shifts = volunteer.locator("main a[href*='/shifts/']")
    addresses = list(dict.fromkeys(shifts.nth(place).get_attribute("href") for place in range(shifts.count())))
    for shift in addresses:
        volunteer.goto(f"{site.url}{shift}")
        if volunteer.locator("form[action$='/sign-up']").count():
            _press(volunteer, "/sign-up")
            if volunteer.locator("form[action$='/give-back']").count():
                break
    expect(volunteer.locator("form[action$='/give-back']")).to_be_visible()
    assert volunteer.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    volunteer.goto(f"{site.url}/volunteering")
    expect(volunteer.locator(f"main a[href='{shift}']").first).to_be_visible()
