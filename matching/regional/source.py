"""The files of a large problem, read row by row: the head at once, needs and offerings as often as needed."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matching.faults import Fault, FaultyProblem, Places

_LAYOUT = b"counties/1"
"""Changes with what the work folder holds: an older folder is then cut anew"""
_CHUNK = 20_000


def fingerprint_of(source: Path) -> str:
    """SHA-256 over the names and bytes of the files."""
    digest = hashlib.sha256(_LAYOUT)
    for path in sorted(source.iterdir()) if source.is_dir() else [source]:
        if (
            path.is_file()
            and path.name.startswith(("problem.json", "needs.jsonl", "offerings.jsonl"))
            or path == source
        ):
            digest.update(path.name.encode() + b"\0")
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()


class Source:
    """The head of the problem and its two tables, read as often as needed."""

    def __init__(self, source: Path):
        self.file = source / "problem.json" if source.is_dir() else source
        self.tables: dict[str, Path] = {}
        if source.is_dir():
            for table in ("needs", "offerings"):
                present = [path for name in (f"{table}.jsonl", f"{table}.jsonl.gz") if (path := source / name).exists()]
                if len(present) > 1:
                    raise FaultyProblem([Fault(present[1].name, "top", "", f"stands beside {present[0].name}; keep only one of the two")])  # fmt: skip
                if present:
                    self.tables[table] = present[0]
        try:
            raw = self.file.read_bytes()
            self.head = json.loads(gzip.decompress(raw) if self.file.suffix == ".gz" else raw)
        except (OSError, ValueError, EOFError) as error:
            raise FaultyProblem([Fault(self.file.name, "top", "", f"cannot be read: {error}")]) from error
        if type(self.head) is not dict:
            raise FaultyProblem([Fault(self.file.name, "top", "", "must be a JSON object")])
        self.inline = {table: self.head.pop(table, None) or [] for table in ("needs", "offerings")}

    def rows(self, table: str) -> Iterator[tuple[int, Any]]:
        """(number, row): line numbers of a JSON-lines table, positions of a list in the JSON file."""
        if table not in self.tables:
            yield from enumerate(self.inline[table])
            return
        path = self.tables[table]
        try:
            with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    if line.strip():
                        try:
                            yield number, json.loads(line)
                        except ValueError as error:
                            raise FaultyProblem([Fault(path.name, f"line {number}", "", f"is not JSON: {error}")]) from error  # fmt: skip
        except (OSError, EOFError) as error:
            raise FaultyProblem([Fault(path.name, "top", "", f"cannot be read: {error}")]) from error

    def places(self, table: str, numbers: list[int]) -> Places:
        if table in self.tables:
            return Places(self.file.name, {table: (self.tables[table].name, numbers)})
        return Places(self.file.name)

    def chunks(self, table: str) -> Iterator[tuple[list[int], list[Any]]]:
        numbers, rows = [], []
        for number, row in self.rows(table):
            numbers.append(number)
            rows.append(row)
            if len(rows) == _CHUNK:
                yield numbers, rows
                numbers, rows = [], []
        if rows:
            yield numbers, rows
