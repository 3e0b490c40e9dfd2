"""Two journeys in a real browser: a tip-off of the public becomes a verified household; an import of medical bills raises a warning that is handled."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from kernel.clock import day_of, utc_now
from tests.e2e.conftest import Site
from tests.factories import resident_id
from tests.factories_imports import csv_text

SignIn = Callable[..., Page]
PHONE = {"width": 360, "height": 740}
HEADS = ["来源部门", "记录编号", "数据类别", "身份证号", "姓名", "所在地区", "发生日期", "个人自付金额(元)"]

pytestmark = pytest.mark.xdist_group("site")  # the browser tests share one installation


def fits(page: Page) -> bool:
    """Nothing is wider than the phone."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_tip_off_becomes_a_verified_household(sign_in: SignIn, site: Site) -> None:
    public = sign_in(None, **PHONE)
    public.goto(f"{site.url}/public")
    public.click("a[href='/tip-off']")
    public.fill("#region_code", "岩坦镇")
    public.fill("#told", "老人独自居住，腿脚不便，家里已断粮。")
    public.fill("#name", "欧阳守拙")
    public.fill("#phone", "15400000001")
    public.click("main form.form button[type=submit]")
    code = public.locator("#receipt-code").inner_text()
    assert fits(public)

    worker = sign_in("worker", **PHONE)
    worker.goto(f"{site.url}/leads?text=欧阳守拙")
    worker.locator("tbody a").first.click()
    expect(worker.locator("main")).not_to_contain_text("断粮")
    worker.fill("#purpose", "上门核实")
    worker.click("form[action$='/reveal'] button")
    expect(worker.locator("main")).to_contain_text("断粮")
    assert fits(worker)
    worker.click("a[href$='/household']")
    assert worker.input_value("#m0-name") == "欧阳守拙"
    worker.select_option("#status_category", "subsistence_allowance")
    worker.select_option("#main_type", "care")
    worker.fill("#m0-resident_id", resident_id(born="19410203", region="330399"))
    worker.click("main form.form button[type=submit] >> nth=0")
    worker.wait_for_url(re.compile(r"/households/[0-9a-f-]{36}$"))
    expect(worker.locator("h1")).to_have_text("欧阳守拙")
    expect(worker.locator("main")).to_contain_text("+86154******01")  # taken over from the lead
    assert fits(worker)

    public.goto(f"{site.url}/tip-off/receipt")
    public.fill("#code", code)
    public.click("main form.form button[type=submit]")
    expect(public.locator(".step-list .step-done")).to_have_count(3)
    expect(public.locator("main")).not_to_contain_text("欧阳守拙")


def test_an_import_of_medical_bills_raises_a_warning_that_is_handled(sign_in: SignIn, site: Site) -> None:
    person = resident_id(born="19550506", region="330399")
    worker = sign_in("worker", **PHONE)
    worker.goto(f"{site.url}/households/new")
    worker.select_option("#status_category", "subsistence_edge")
    worker.select_option("#main_type", "expenditure")
    worker.fill("#m0-name", "上官念慈")
    worker.fill("#m0-resident_id", person)
    worker.click("main form.form button[type=submit] >> nth=0")
    worker.wait_for_url(re.compile(r"/households/[0-9a-f-]{36}$"))
    household = worker.url

    day = (day_of(utc_now()) - timedelta(days=9)).isoformat()
    bills = [[*("医保", f"E2E-{number}", "医疗费用", person, "上官念慈", "岩坦镇", day), "8000"] for number in (1, 2)]
    coordinator = sign_in("coordinator")
    coordinator.goto(f"{site.url}/imports?kind=monitoring")
    content = {"name": "医保.csv", "mimeType": "text/csv", "buffer": csv_text([HEADS, *bills]).encode()}
    coordinator.set_input_files("#file", content)
    coordinator.click("main form.form button[type=submit]")
    coordinator.wait_for_url(re.compile(r"/imports/[0-9a-f-]{36}$"))
    coordinator.click("form[action$='/apply'] button")
    expect(coordinator.locator(".alert-flash")).to_contain_text("2")

    worker.goto(household)
    worker.click("section[aria-labelledby=watch-title] a")
    expect(worker.locator("main")).to_contain_text("¥16,000.00")
    worker.select_option("#outcome", "plan_to_change")
    worker.fill("#note", "自付费用属实，需增加医疗救助。")
    worker.click("form[action$='/handle'] button")
    expect(worker.locator(".alert-flash")).to_contain_text("预警已处置")
    assert fits(worker)
    worker.goto(household)
    expect(worker.locator("section[aria-labelledby=watch-title]")).to_contain_text("监测中")
    coordinator.goto(f"{site.url}/monitoring/board")
    expect(coordinator.locator("tbody")).to_contain_text("岩坦镇")
