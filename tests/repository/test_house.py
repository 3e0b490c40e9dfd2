"""The house guards itself: floors, rooms, sizes, locks, and that nothing private was committed."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import promises

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"marketplace", "matching", "projects", "donors", "households", "kernel", "migrations", "tests", "bench"}
TRACKED = (
    subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    .stdout.decode()
    .strip("\0")
    .split("\0")
)
PYTHON = [path for path in TRACKED if path.endswith(".py") and (ROOT / path).exists()]


def test_the_floors_hold() -> None:
    result = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout[-3_000:]


def test_every_top_level_package_is_known() -> None:
    found = {path.split("/")[0] for path in PYTHON if "/" in path}
    assert found <= PACKAGES, (
        f"new top-level packages {found - PACKAGES}: give them a floor in pyproject.toml and in this test"
    )


def test_style_holds() -> None:
    for command in (["ruff", "format", "--check", "."], ["ruff", "check", "."]):
        result = subprocess.run(
            [Path(sys.executable).parent / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stdout[-3_000:]


@pytest.mark.parametrize("path", [path for path in PYTHON if not path.startswith("migrations/versions/")])
def test_no_file_grows_beyond_its_subject(path: str) -> None:
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= 420, (
        f"{path} has outgrown 400 lines: split it by subject"
    )


def test_packages_re_export_nothing() -> None:
    full = [path for path in PYTHON if path.endswith("__init__.py") and (ROOT / path).read_text().strip()]
    assert full == []


def test_only_the_solver_imports_or_tools() -> None:
    users = [path for path in PYTHON if re.search(r"^\s*(from|import) ortools", (ROOT / path).read_text(), re.M)]
    assert [
        path
        for path in users
        if not path.startswith(("matching/solver/", "bench/", "tests/unit/matching/solver/", "tests/independent/"))
    ] == []


def test_the_web_stays_on_its_floor() -> None:
    pattern = re.compile(r"^\s*(from|import) (flask|celery|marshmallow|flask_\w+|werkzeug)\b", re.M)
    users = [path for path in PYTHON if pattern.search((ROOT / path).read_text())]
    assert [path for path in users if not path.startswith(("marketplace/", "tests/", "wsgi.py", "bench/"))] == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "package-lock.json"])
def test_locks_are_hashed_and_name_no_host(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "registry." not in text and not re.search(r"--(extra-)?index-url|--find-links|@ (https?|file):", text)
    if name.endswith(".json"):
        packages = json.loads(text)["packages"]
        assert all("integrity" in package and "resolved" not in package for path, package in packages.items() if path)
    else:
        names = re.findall(r"^[a-z0-9][\w.-]*(?:\[[\w,-]+\])?==", text, re.M)
        assert len(names) > 50 and text.count("--hash=sha256:") >= len(names)


def test_nothing_committed_names_a_machine_or_a_secret() -> None:
    pattern = re.compile(r"BEGIN (RSA|EC|OPENSSH|PRIVATE)|AKIA[0-9A-Z]{16}|(?<![\w.])/(home|Users|work)/[a-z]", re.I)
    found = []
    for path in TRACKED:
        file = ROOT / path
        if (
            file.suffix in {".gz", ".png", ".woff2", ".ico", ".webp"}
            or not file.exists()
            or path == "tests/repository/test_house.py"
        ):
            continue
        if match := pattern.search(file.read_text(encoding="utf-8", errors="replace")):
            found.append((path, match.group()))
    assert found == []


def test_third_party_code_is_installed_not_committed() -> None:
    assert [
        path for path in TRACKED if path.startswith(("node_modules/", "marketplace/static/vendor/", ".venv/"))
    ] == []


def test_every_test_that_names_a_promise_names_a_real_one() -> None:
    numbers = {
        int(number)
        for path in PYTHON
        if path.startswith("tests/")
        for number in re.findall(r"# promises? (\d+)", (ROOT / path).read_text())
    }
    assert numbers and numbers <= set(range(1, 31))


def test_the_page_of_promises_is_current() -> None:
    assert promises.TARGET.read_text(encoding="utf-8") == promises.page(), "run python -m tests.promises"
