"""Every page as each role sees it, in a real browser: it answers, fits a phone, says nothing on the console, and axe finds nothing.

Pages are found by following links from the day page, one address per kind of page. Set ZHONGFU_SCREENS to a folder to keep the
pictures that are taken on the way.
"""

import os
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import ConsoleMessage, Page
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from marketplace.app import create_app
from marketplace.config import settings_from
from marketplace.demo.accounts import DEMO_LOGINS
from marketplace.security.access import PUBLIC, rule_of
from marketplace.security.permissions import roles_with
from tests.e2e.conftest import Site

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
AXE_SOURCE = AXE.read_text(encoding="utf-8") if AXE.exists() else ""
# Rows of a list that differ in nothing but words, addresses and ids are the same to axe: one of each kind stays. Ids are compared first.
THIN_OUT = """() => {
    const ids = [...document.querySelectorAll('[id]')].map(it => it.id);
    const kinds = new Set();
    for (const row of document.querySelectorAll('tbody tr, main li, option')) {
        const kind = row.parentElement.className + row.outerHTML.replace(/>[^<]+/g, '>')
            .replace(/\\s(href|id|for|value|action|datetime|title|aria-describedby|aria-labelledby|data-[a-z-]+)="[^"]*"/g, '');
        kinds.has(kind) ? row.remove() : kinds.add(kind);
    }
    return [...new Set(ids.filter((id, place) => ids.indexOf(id) !== place))];
}"""
# Only what is violated is asked for: the paths of the thousands of elements that pass are not written out.
RUN_AXE = """([tags, off]) => axe.run(document, {
    runOnly: tags, rules: Object.fromEntries(off.map(rule => [rule, {enabled: false}])), resultTypes: ['violations'], preload: false,
}).then(result => result.violations)"""
OF_COLOURS = [
    "color-contrast",
    "link-in-text-block",
]  # the slowest; no language changes a colour, so one language is enough
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LANGUAGES = ("zh-Hans-CN", "en")
PHONE, SCREEN = 360, 1280
ROLES = {
    "coordinator": "coordinator",
    "worker": "worker",
    "federation": "federation",
    "reviewer": "reviewer",
    "finance": "finance",
    "enterprise": "enterprise",
    "social_organisation": "organisation",
    "volunteer": "volunteer",
    "household": "household",
    "auditor": "auditor",
    "administrator": "administrator",
}
NOT_PAGES = ("static", "web.healthz", "api-docs")
ASKS_FOR_MORE = ("needs.create",)  # a need is posted for a household, named in the query

pytestmark = pytest.mark.xdist_group("site")  # the browser tests share one installation


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The routes of the application; no database is asked."""
    home = tmp_path_factory.mktemp("routes")
    return create_app(
        settings_from({"ZHONGFU_HOME": str(home), "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})
    )


@pytest.fixture(scope="module")
def looked_at() -> set[str]:
    """Kinds of page and of download that some role has looked at: each is examined once, the day page for every role."""
    return set()


@pytest.fixture
def screens() -> Path | None:
    """Where pictures go, where somebody wants to see them."""
    wanted = os.environ.get("ZHONGFU_SCREENS")
    if not wanted:
        return None
    Path(wanted).mkdir(parents=True, exist_ok=True)
    return Path(wanted)


def fixed_pages(app: Flask) -> Iterator[tuple[str, str, str]]:
    """(endpoint, address, access rule) of every page whose address has no part to fill in."""
    for rule in app.url_map.iter_rules():
        is_page = not rule.rule.startswith("/api/") and not rule.endpoint.startswith(NOT_PAGES)
        if is_page and "GET" in (rule.methods or ()) and not rule.arguments:
            yield rule.endpoint, rule.rule, rule_of(app.view_functions[rule.endpoint], "GET") or ""


def endpoint_of(app: Flask, address: str) -> str | None:
    """The kind of page an address leads to, None where it is none of ours."""
    try:
        return app.url_map.bind("localhost").match(urlsplit(address).path, method="GET")[0]
    except (HTTPException, RequestRedirect):
        return None


def switch_to(page: Page, site: Site, language: str) -> None:
    """Presses the language button of the first page where the page is in the other language."""
    page.goto(site.url + "/projects")
    if page.locator("html").get_attribute("lang") != language:
        page.click("button[name=locale]")
        page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == language


def faults_of(page: Page, name: str, language: str, screens: Path | None) -> list[str]:
    """What is wrong with the page now open, at the width of a screen and of a phone. Thins out its lists."""
    faults, name = [], f"{name}-{language[:2]}"
    for width in (SCREEN, PHONE):
        page.set_viewport_size({"width": width, "height": 900})
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            faults.append(f"{name} is {over} px too wide at {width} px")
        if screens:
            page.wait_for_load_state("networkidle")
            page.screenshot(path=screens / f"{name}-{width}.png", full_page=True)
    small = page.evaluate(
        """() => [...document.querySelectorAll('.btn, .tool, summary, input:not([type=hidden]), select, .nav-list a')]
            .filter(it => it.checkVisibility() && !it.closest('.choice') && !it.closest('.unseen'))
            .filter(it => it.getBoundingClientRect().height < 43.5).map(it => it.outerHTML.slice(0, 120))"""
    )
    faults += [f"{name}: lower than 44 px on a phone: {html}" for html in small]
    faults += [f"{name}: two elements have the id {repeated}" for repeated in page.evaluate(THIN_OUT)]
    page.evaluate(AXE_SOURCE)
    for violation in page.evaluate(RUN_AXE, [TAGS, [] if language == LANGUAGES[0] else OF_COLOURS]):
        nodes = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
        faults.append(f"{name}: {violation['id']}: {nodes}")
    return faults


def links_of(text: str) -> list[str]:
    """The addresses that a page's source leads to."""
    return [unescape(address) for address in re.findall(r'<a\s[^>]*?href="([^"]+)"', text)]


def examine(page: Page, site: Site, app: Flask, looked_at: set[str], screens: Path | None, role: str) -> list[str]:
    """Follows links from the day page; every kind of page not yet looked at is examined, then all of them in English."""
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: said.append(str(error)))
    faults: list[str] = []
    waiting, known, examined = ["/"], {"home.day"}, []
    switch_to(page, site, LANGUAGES[0])
    while waiting:
        address = waiting.pop(0)
        endpoint = endpoint_of(app, address) or address
        name = f"{role}-{re.sub(r'[^a-z_]+', '-', endpoint)}"
        reply = page.request.get(site.url + address)
        if reply.status != 200:
            faults.append(f"{name}: a link leads to {address}, which answers {reply.status}")
            continue
        if not reply.headers["content-type"].startswith("text/html"):
            looked_at.add(f"{endpoint} download")
            continue
        for link in links_of(reply.text()):
            kind = endpoint_of(app, link) if link.startswith("/") else None
            if kind and kind not in known and f"{kind} download" not in looked_at and not kind.startswith(NOT_PAGES):
                known.add(kind)
                waiting.append(link)
        if endpoint in looked_at and endpoint != "home.day":
            continue
        looked_at.add(endpoint)
        examined.append((address, name))
        page.goto(site.url + address)
        faults += faults_of(page, name, LANGUAGES[0], screens)
    for language in LANGUAGES[1:]:
        switch_to(page, site, language)
        for address, name in examined:
            page.goto(site.url + address)
            assert page.locator("html").get_attribute("lang") == language
            faults += faults_of(page, name, language, screens)
    switch_to(page, site, LANGUAGES[0])
    return faults + [f"{role}: the console says {text}" for text in said]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", ROLES)
def test_every_page_a_role_reaches_is_sound(
    role: str,
    site: Site,
    app: Flask,
    sign_in: Callable[..., Page],
    looked_at: set[str],
    screens: Path | None,
) -> None:
    page = sign_in(ROLES[role])
    assert examine(page, site, app, looked_at, screens, role) == []


@pytest.mark.timeout(300)
def test_every_page_open_to_everybody_is_sound(
    site: Site, app: Flask, sign_in: Callable[..., Page], screens: Path
) -> None:
    page = sign_in(None)
    faults = []
    for language in LANGUAGES:
        switch_to(page, site, language)
        for _, address, rule in fixed_pages(app):
            if rule == PUBLIC:
                page.goto(site.url + address)
                assert page.locator("html").get_attribute("lang") == language
                name = "nobody-" + (re.sub(r"[^a-z]+", "-", address).strip("-") or "home")
                faults += faults_of(page, name, language, screens)
    assert faults == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("role", ROLES)
def test_a_page_opens_for_those_who_may_and_for_nobody_else(
    role: str, site: Site, app: Flask, sign_in: Callable[..., Page]
) -> None:  # promise 11
    page = sign_in(ROLES[role])
    wrong = {}
    for endpoint, address, rule in fixed_pages(app):
        allowed = rule == PUBLIC or role in roles_with(rule)
        status = page.request.get(site.url + address).status
        if status != (403 if not allowed else 404 if endpoint in ASKS_FOR_MORE else 200):
            wrong[address] = status
    assert wrong == {}


def test_pages_work_without_javascript(site: Site, browser, sign_in: Callable[..., Page]) -> None:  # type: ignore[no-untyped-def]
    context = browser.new_context(java_script_enabled=False, viewport={"width": PHONE, "height": 800}, locale="zh-CN")
    try:
        page = context.new_page()
        page.goto(f"{site.url}/sign-in")
        page.fill("input[name=login]", "coordinator")
        page.fill("input[name=password]", "wrong on purpose")
        page.click("form[data-sign-in] button[type=submit]")
        assert page.locator("[data-error-summary]").is_visible()
        assert page.input_value("input[name=login]") == "coordinator"
    finally:
        context.close()


def test_every_role_of_the_demo_has_a_login() -> None:
    assert set(ROLES.values()) <= {one.login for one in DEMO_LOGINS}
