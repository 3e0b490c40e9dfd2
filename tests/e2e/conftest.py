"""The whole installation as a user starts it (`zhongfu serve --demo`), and a real browser before it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from marketplace.demo.accounts import DEMO_PASSWORD

ROOT = Path(__file__).resolve().parents[2]
BROWSER = "/usr/bin/chromium-headless-shell"


@dataclass(frozen=True)
class Site:
    """A running installation with the demo county."""

    url: str
    home: Path
    log: Path


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(home: Path, *, seconds: float = 180) -> Iterator[Site]:
    """`zhongfu serve --demo` over `home` until it answers, stopped in the end as a user stops it."""
    port, log = free_port(), home / "serve.log"
    environment = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "BROKER_URL")}
    environment.update(ZHONGFU_HOME=str(home), PORT=str(port))
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "marketplace.cli.main", "serve", "--demo"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )
        try:
            end = time.monotonic() + seconds
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
                    break
                except (urllib.error.URLError, ConnectionError, TimeoutError):
                    if process.poll() is not None or time.monotonic() > end:
                        pytest.fail("zhongfu serve did not answer:\n" + log.read_text(errors="replace")[-4_000:])
                    time.sleep(0.2)
            yield Site(f"http://127.0.0.1:{port}", home, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="session")
def site(temporary_home: Path) -> Iterator[Site]:
    """One installation for the browser tests of this process."""
    home = temporary_home / "site"
    home.mkdir(mode=0o711)
    with serving(home) as running:
        yield running


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The browser driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Debian's headless Chromium; as root it needs to run without its own sandbox."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    launched = playwright.chromium.launch(executable_path=BROWSER, args=arguments)
    yield launched
    launched.close()


@pytest.fixture
def sign_in(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """`sign_in("coordinator")` gives a page of a fresh browser in which that demo login is signed in; None: nobody."""
    contexts = []

    def open_page(login: str | None, *, width: int = 1280, height: int = 900, language: str = "zh-CN") -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, locale=language)
        contexts.append(context)
        page = context.new_page()
        if login is not None:
            page.goto(f"{site.url}/sign-in")
            page.fill("input[name=login]", login)
            page.fill("input[name=password]", DEMO_PASSWORD)
            page.click("form[data-sign-in] button[type=submit]")
            page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    yield open_page
    for context in contexts:
        context.close()
