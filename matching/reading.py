"""From files to one document: a JSON file, a gzipped one, or a folder with JSON-lines tables.

Only the shape of the text is judged here (encoding, JSON grammar, keys given twice); what the fields say is judged
by `matching.faults`.
"""

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from matching.faults import Fault, FaultyProblem, Places

_LINES = ("needs", "offerings")
_TWICE = "is given twice in one object; keep one of them"


class _Twice(dict):
    """A JSON object in which a key came more than once; it remembers which."""

    keys_twice: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    marked = _Twice(made)
    names = [name for name, _ in pairs]
    marked.keys_twice = tuple(sorted({name for name in names if names.count(name) > 1}))
    return marked


def read_document(path: Path) -> tuple[Any, Places]:
    """The document and the places of its rows. Raises FaultyProblem where a file cannot be read as JSON."""
    if not path.is_dir():
        document, faults = _read_json(path)
        if faults:
            raise FaultyProblem(faults)
        return document, Places(path.name)
    document, faults = _read_json(path / "problem.json")
    lines: dict[str, tuple[str, list[int]]] = {}
    for part in _LINES:
        present = [path / name for name in (f"{part}.jsonl", f"{part}.jsonl.gz") if (path / name).exists()]
        if len(present) > 1:
            faults.append(
                Fault(present[1].name, "top", "", f"stands beside {present[0].name}; keep only one of the two")
            )
        elif present:
            rows, numbers, wrong = _read_lines(present[0])
            faults += wrong
            lines[part] = (present[0].name, numbers)
            if type(document) is dict:
                document[part] = rows
    if faults:
        raise FaultyProblem(faults)
    return document, Places("problem.json", lines)


def _bytes(path: Path) -> bytes:
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw


def _text(path: Path) -> tuple[str, list[Fault]]:
    """The file as text (UTF-8, with or without byte order mark), or the fault that keeps it from being read."""
    try:
        return _bytes(path).decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        return "", [Fault(path.name, f"byte {error.start}", "", "is not UTF-8 text; save the file as UTF-8")]
    except FileNotFoundError:
        return "", [Fault(path.name, "top", "", "does not exist")]
    except (OSError, EOFError, zlib.error) as error:
        return "", [Fault(path.name, "top", "", f"cannot be read: {error}")]


def _parse(text: str, file: str, row: str | None) -> tuple[Any, list[Fault]]:
    try:
        return json.loads(text, object_pairs_hook=_object), []
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}" if row is None else f"{row} column {error.colno}"
        return None, [Fault(file, place, "", f"is not JSON: {error.msg}")]
    except RecursionError:
        return None, [Fault(file, row or "top", "", "is nested too deeply to be a problem")]
    except ValueError as error:  # an integer of thousands of digits
        return None, [Fault(file, row or "top", "", f"is not JSON that can be read: {error}")]


def _read_json(path: Path) -> tuple[Any, list[Fault]]:
    text, faults = _text(path)
    if faults:
        return None, faults
    document, faults = _parse(text, path.name, None)
    return document, faults or [
        Fault(path.name, row, key, _TWICE) for row, twice in _doubled(document, "top") for key in twice.keys_twice
    ]


def _read_lines(path: Path) -> tuple[list[Any], list[int], list[Fault]]:
    text, faults = _text(path)
    rows, numbers = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        row, wrong = _parse(line, path.name, f"line {number}")
        faults += wrong
        if not wrong:
            rows.append(row)
            numbers.append(number)
            if type(row) is _Twice:
                faults += [Fault(path.name, f"line {number}", key, _TWICE) for key in row.keys_twice]
    return rows, numbers, faults


def _doubled(value: Any, row: str) -> list[tuple[str, _Twice]]:
    """The objects with a doubled key, with the row they stand in."""
    found = []
    if type(value) is _Twice:
        found.append((row, value))
    if isinstance(value, dict):
        for name, inner in value.items():
            found += _doubled(inner, name if row == "top" else f"{row}.{name}")
    elif type(value) is list:
        for index, inner in enumerate(value):
            if type(inner) in (dict, _Twice, list):
                found += _doubled(inner, f"{row}[{index}]")
    return found
