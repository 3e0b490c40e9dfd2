"""How long pages take: the demo county behind `zhongfu serve`, each role's pages asked for one after another."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

from marketplace.demo.accounts import DEMO_PASSWORD

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "coordinator": ["/", "/rounds", "/rounds/new", "/needs", "/households", "/offerings", "/donors", "/projects"],
    "federation": ["/", "/funds", "/projects", "/donors"],
    "worker": ["/", "/needs", "/households", "/deliveries"],
    "volunteer": ["/", "/projects"],
    "auditor": ["/", "/rounds", "/funds"],
    None: ["/public", "/projects", "/sign-in"],
}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Visitor:
    """A browser without pictures: keeps cookies, signs in."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        """The page's text; raises on any refusal."""
        with self._opener.open(self.base + path, timeout=60) as reply:
            return reply.read().decode()

    def sign_in(self, login: str) -> None:
        """Signs in through the form."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get("/sign-in"))
        assert token, "the sign-in form has no token"
        form = urlencode({"csrf_token": token[1], "login": login, "password": DEMO_PASSWORD}).encode()
        self._opener.open(
            urllib.request.Request(self.base + "/sign-in", form, {"Referer": self.base}), timeout=60
        ).close()


def measure(rounds: int = 20) -> tuple[float, list[tuple[str, str, list[float]]]]:
    """Seconds from start to the first answer, and (login, page, milliseconds of each request) of each page.

    The first request of a page counts like every other: somebody waits for it too.
    """
    with tempfile.TemporaryDirectory(prefix="zhongfu-bench-") as home:
        os.chmod(home, 0o711)
        port = _free_port()
        environment = {**os.environ, "ZHONGFU_HOME": home, "PORT": str(port)}
        environment.pop("DATABASE_URL", None)
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "marketplace.cli.main", "serve", "--demo"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            base = f"http://127.0.0.1:{port}"
            while True:
                try:
                    urllib.request.urlopen(base + "/healthz", timeout=5).close()
                    break
                except OSError:
                    if process.poll() is not None or time.perf_counter() - started > 180:
                        raise SystemExit("zhongfu serve did not answer") from None
                    time.sleep(0.1)
            ready = time.perf_counter() - started
            rows = []
            for login, pages in PAGES.items():
                visitor = Visitor(base)
                if login:
                    visitor.sign_in(login)
                for page in pages:
                    times = []
                    for _ in range(rounds):
                        began = time.perf_counter()
                        visitor.get(page)
                        times.append((time.perf_counter() - began) * 1_000)
                    rows.append((login or "(public)", page, times))
            return ready, rows
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
