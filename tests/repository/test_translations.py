"""Chinese first, English complete: no words without their Chinese, none left over, none said in two ways."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
PO_FOLDER = ROOT / "marketplace" / "translations" / "zh_Hans_CN" / "LC_MESSAGES"
PACKAGES = ("kernel", "donors", "households", "projects", "matching", "marketplace")
# Calls whose first argument people read: what translates, and the domain's errors, whose English text is the key.
TRANSLATING = {"_", "_l", "gettext", "lazy_gettext"}
COUNTING = {"_n", "_ln", "ngettext", "lazy_ngettext"}
ERRORS = {
    "InvalidInput", "NotFound", "NotAllowed", "OutsideScope", "Conflict", "NotEnough", "WrongLogin", "SignInNeeded",
    "DomainError", "EarmarkBroken", "ShiftFull", "ShiftOver", "ShiftsOverlap", "SkillMissing",
    "WrongPlanStep", "ApproverIsAuthor", "HearerIsAuthor",
}  # fmt: skip
PLACE = re.compile(r"%\((\w+)\)[sd]")
CJK = re.compile(r"[\u3400-\u9fff]")

Key = str | tuple[str, ...]


def _literals(node: ast.expr) -> list[str] | None:
    """The texts an argument may be: a literal, or a choice between literals; None where it is something else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        branches = [_literals(node.body), _literals(node.orelse)]
        return None if None in branches else [text for branch in branches for text in branch or []]
    return None


def _python_texts(path: Path) -> Iterator[tuple[int, Key]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in COUNTING:
            one, many = _literals(node.args[0]), _literals(node.args[1])
            if one and many:
                yield node.lineno, (one[0], many[0])
        elif name in TRANSLATING or name in ERRORS:
            for text in _literals(node.args[0]) or []:
                yield node.lineno, text


def _template_texts(path: Path) -> Iterator[tuple[int, Key]]:
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
    for line, message, _comments, _context in extract(
        "jinja2.ext:babel_extract", BytesIO(path.read_bytes()), keywords=keywords
    ):
        yield line, tuple(message) if isinstance(message, list | tuple) else message


def _texts_of(path: Path) -> Iterator[tuple[int, Key]]:
    return _template_texts(path) if path.suffix == ".html" else _python_texts(path)


def _all_strings() -> set[str]:
    """Every string of the sources: some texts reach the reader by a table."""
    return {
        node.value
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _used() -> dict[Key, list[str]]:
    """Every text for people, with the places that say it."""
    used: dict[Key, list[str]] = defaultdict(list)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix not in (".py", ".html") or "static" in path.parts:
                continue
            for line, key in _texts_of(path):
                if key and key != ("",):
                    used[key].append(f"{path.relative_to(ROOT)}:{line}")
    return used


def _catalogues() -> dict[str, Catalog]:
    return {path.name: read_po(path.open("rb"), locale="zh_Hans_CN") for path in sorted(PO_FOLDER.glob("*.po"))}


def _singular(key: Key) -> str:
    return key if isinstance(key, str) else key[0]


@pytest.fixture(scope="module")
def used() -> dict[Key, list[str]]:
    return _used()


@pytest.fixture(scope="module")
def catalogues() -> dict[str, Catalog]:
    return _catalogues()


def test_every_text_has_its_chinese(used: dict[Key, list[str]], catalogues: dict[str, Catalog]) -> None:
    known = {
        (_singular(message.id), isinstance(message.id, tuple))
        for catalogue in catalogues.values()
        for message in catalogue
        if message.id and (all(message.string) if isinstance(message.string, tuple) else message.string)
    }
    wanting = [
        f"{places[0]}: {_singular(key)!r}"
        for key, places in used.items()
        if (_singular(key), isinstance(key, tuple)) not in known
    ]
    assert not wanting, f"{len(wanting)} texts have no Chinese:\n" + "\n".join(sorted(wanting))


def test_no_translation_is_left_over_or_uncertain(used: dict[Key, list[str]], catalogues: dict[str, Catalog]) -> None:
    said = {_singular(key) for key in used} | _all_strings()
    faults = []
    for name, catalogue in catalogues.items():
        faults += [f"{name}: obsolete {message.id!r}" for message in catalogue.obsolete.values()]
        for message in catalogue:
            if not message.id:
                continue
            if message.fuzzy:
                faults.append(f"{name}: uncertain {message.id!r}")
            if _singular(message.id) not in said:
                faults.append(f"{name}: nothing says {_singular(message.id)!r}")
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults)


def test_a_text_is_translated_in_one_file_only(catalogues: dict[str, Catalog]) -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for name, catalogue in catalogues.items():
        for message in catalogue:
            if message.id:
                homes[_singular(message.id)].append(name)
    twice = {text: names for text, names in homes.items() if len(names) > 1}
    assert not twice, "\n".join(f"{text!r} in {', '.join(names)}" for text, names in sorted(twice.items()))


def test_translations_keep_the_places_for_values(catalogues: dict[str, Catalog]) -> None:
    faults = []
    for name, catalogue in catalogues.items():
        for message in catalogue:
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            wanted = set(PLACE.findall(ids[-1]))
            # Chinese has one form for all numbers, so the count may be said by it or, for "one", by the word alone.
            faults += [f"{name}: {ids[0]!r}" for string in strings if string and set(PLACE.findall(string)) != wanted]
    assert not faults, "places such as %(count)s differ:\n" + "\n".join(faults)


def test_templates_hold_no_chinese_of_their_own() -> None:
    """Else the English page would show it."""
    faults = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in sorted((ROOT / "marketplace" / "templates").rglob("*.html"))
        for number, line in enumerate(
            re.sub(
                r"\{#.*?#\}", lambda found: "\n" * found.group().count("\n"), path.read_text(), flags=re.S
            ).splitlines(),
            1,
        )
        if CJK.search(line)
    ]
    assert not faults, "\n".join(faults)


def test_the_chinese_is_chinese(catalogues: dict[str, Catalog]) -> None:
    """A translation that was pasted over from the English is no translation; names and pure signs are let through."""
    same = []
    for name, catalogue in catalogues.items():
        for message in catalogue:
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            if message.id and any(
                string and not CJK.search(string) and re.search(r"[A-Za-z]{4,}", PLACE.sub("", string))
                for string in strings
            ):
                same.append(f"{name}: {_singular(message.id)!r}")
    assert not same, "\n".join(same)
