"""A worker's day on a phone: the list in the order of the way, a visit with a finding, the problem and its resolution."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Site

SignIn = Callable[..., Page]

pytestmark = pytest.mark.xdist_group("site")  # the browser tests share one installation


def fits(page: Page) -> bool:
    """Whether nothing runs over the side of the phone."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_worker_makes_a_visit_and_resolves_what_was_found(sign_in: SignIn, site: Site) -> None:
    page = sign_in("worker", width=360, height=740)
    expect(page.get_by_role("heading", name="今日探访")).to_be_visible()
    page.goto(f"{site.url}/visits")
    stops = page.locator("ol.list-plain > li")
    before = stops.count()
    assert before > 1 and fits(page)
    expect(stops.first).to_contain_text("逾期")  # what was missed comes first

    stop = stops.first
    name = stop.locator("b").inner_text()
    button = stop.get_by_role("link", name="办理探访")
    assert (button.bounding_box() or {"height": 0})["height"] >= 44
    button.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    assert fits(page)
    page.get_by_label("居家安全隐患").check()
    page.get_by_label("探访情况").fill("灶台旁堆放柴草")
    page.get_by_role("button", name="保存探访记录").click()

    # the problem that the finding opened; what was written rests sealed
    expect(page.get_by_role("heading", level=1)).to_have_text("居家安全隐患")
    expect(page.get_by_role("status")).to_contain_text("已登记 1 个待解决问题")
    assert "灶台" not in page.content() and fits(page)
    problem = page.url
    page.goto(f"{site.url}/problems?show=mine")
    row = page.locator("tbody tr", has=page.locator(f"a[href='{problem.removeprefix(site.url)}']"))
    expect(row).to_contain_text("待解决")
    row.locator("a").first.click()
    page.locator("#resolve-words").fill("柴草已清走，与邻居约定照看")
    page.get_by_role("button", name="已解决").click()
    expect(page.get_by_role("status")).to_contain_text("问题已解决")
    expect(page.locator("ol.list-plain")).to_contain_text("已解决")

    page.goto(f"{site.url}/visits")
    assert stops.count() == before - 1
