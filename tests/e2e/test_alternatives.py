"""What if, in a browser: a slider answers as it moves, a worker solves anew, a forbidden pair is mended."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Site

SignIn = Callable[..., Page]
SOLVED_MS = 180_000  # the search takes 5 s; the rest is for a machine that is busy with other tests

pytestmark = pytest.mark.xdist_group("site")  # the browser tests share one installation


def _proposed(page: Page, site: Site, *, budget: str = "20000", drawn: str = "02 09 15") -> str:
    """As the coordinator: a round of one township, whose money is short (yuan), with a plan; its address."""
    page.goto(f"{site.url}/rounds/new")
    page.fill("#name", "假设分析（演练）")
    page.fill("#seed_source", "福彩双色球")
    page.select_option("#region_code", "330324112")
    page.fill("#budget", budget)
    page.fill("#time_limit_s", "5")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile(r"/rounds/[0-9a-f-]{36}$"))
    address = page.url
    page.locator("form[action$='/freeze'] button[type=submit]").click()
    page.fill("#value", drawn)
    page.locator("form[action$='/draw'] button[type=submit]").click()
    page.locator("form[action$='/run'] button[type=submit]").click()
    expect(page.locator("#plan")).to_be_visible(timeout=SOLVED_MS)
    return address


def test_a_coordinator_asks_what_if_and_the_round_stays_as_it_is(sign_in: SignIn, site: Site) -> None:
    page = sign_in("coordinator")
    address = _proposed(page, site)
    page.locator("a[href$='/whatif']").first.click()
    # The prices were asked for with the proposal: the page follows the worker by itself, and nobody presses anything.
    expect(page.locator("form[action$='/whatif/prices']")).to_have_count(0)
    expect(page.locator("#prices")).to_have_count(0, timeout=SOLVED_MS)

    # The slider answers as it moves, and the address says what was asked.
    slider = page.locator("#budget")
    slider.focus()
    slider.evaluate("node => { node.value = String(Number(node.max) / 8); node.dispatchEvent(new Event('input')); }")
    answer = page.locator("#answer")
    expect(answer.locator("tbody tr")).to_have_count(4, timeout=SOLVED_MS)  # the first answer reads the round
    expect(answer).to_contain_text("得到更少")
    assert "budget=" in page.url
    said = answer.locator("p").first.inner_text()
    page.reload()  # the same without script's help: the page of that address
    assert answer.locator("p").first.inner_text() == said

    # On request a worker solves it anew.
    page.locator("form[data-copies] button[type=submit]").click()
    page.wait_for_url(re.compile(r"/whatif/[0-9a-f-]{36}$"))
    expect(page.locator("[data-answer]")).to_be_visible(timeout=SOLVED_MS)
    expect(page.locator("#levels tbody tr")).to_have_count(8)
    expect(page.locator("#differences tbody tr").first).to_be_visible()

    # A pair of the plan is forbidden; the plan is mended with few changes, and no round changes.
    page.locator("#differences tbody tr", has_text="减少").first.wait_for()
    row = page.locator("#differences tbody tr", has_text="减少").first
    need = re.search(r"(\d+) 号", row.locator("th").inner_text())
    offering = re.search(r"(\d+) 号", row.locator("td").nth(2).inner_text())
    assert need and offering
    page.goto(f"{address}/whatif")
    page.fill("#pair-need", need.group(1))
    page.fill("#pair-offering", offering.group(1))
    page.locator("button[name=pair][value=forbid]").click()
    page.wait_for_url(re.compile(r"/whatif/[0-9a-f-]{36}$"))
    expect(page.locator("[data-answer]")).to_be_visible(timeout=SOLVED_MS)
    expect(page.locator("#differences tbody tr").first).to_be_visible()
    page.goto(address)
    expect(page.locator("#next")).to_contain_text("该轮次由您创建，须由他人复核")

    # The same township with half the money stands beside it: one round is the page's own, the other is chosen from a list.
    smaller = _proposed(page, site, budget="10000", drawn="03 11 27")
    page.locator("a[href*='/rounds/compare']").click()
    assert page.locator("#filter-a").input_value() == smaller.rsplit("/", 1)[-1]
    page.select_option("#filter-b", address.rsplit("/", 1)[-1])
    page.locator("form.filters button[type=submit]").click()
    expect(page.locator("main")).to_contain_text("两轮可选的需求相同")
    expect(page.locator("#rules li", has_text="最多 ¥10,000.00")).to_have_count(1)
    spent = page.locator("#levels tbody tr", has_text="使用资金").locator("td").all_inner_texts()
    less, more = (float(re.sub(r"[^0-9.]", "", text)) for text in spent)
    assert 0 < less <= 10_000 < more <= 20_000
    expect(page.locator("#only-b tbody tr").first).to_be_visible()
