"""From tables to rows: finding the headings, naming what is missing, reading each cell, and saying where each fault stands. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kernel.errors import DomainError, InvalidFields, InvalidInput
from marketplace.imports.cells import Parser, folded
from marketplace.imports.columns import (
    COLUMNS,
    EXAMPLE_WORDS,
    MARK,
    REASON_HEADINGS,
    column_of,
    folded_heading,
    names_of,
)
from marketplace.imports.guards import column_letters
from marketplace.imports.tables import Cell, Table

HEADING_ROWS = 15  # a title or a note may stand above the headings
_PERSONAL = re.compile(r"\d[\d\s-]{6,}[\dXx]")


@dataclass(frozen=True)
class RowFault:
    """What is wrong at one place: sheet, row (from 1, as the spreadsheet counts; None: the sheet), column heading, reason.

    `message` with `values` is a translation key, as in kernel.errors. Cells are not repeated.
    """

    sheet: str
    row: int | None
    column: str | None
    message: str
    values: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """The fault as JSON."""
        return {
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "message": self.message,
            "values": dict(self.values),
        }


@dataclass
class SourceRow:
    """One row of data: where it stands, its cells as they were and the values read from them by column key, and its faults."""

    sheet: str
    number: int
    headings: Mapping[str, str]
    raw: dict[str, Cell]
    values: dict[str, Any]
    faults: list[RowFault] = field(default_factory=list)

    def add(self, key: str | None, message: str, **values: Any) -> None:
        """Notes a fault at the column of `key` (None: the row)."""
        self.faults.append(
            RowFault(self.sheet, self.number, self.headings.get(key or "", None), message, cleaned(values))
        )

    def add_error(self, error: DomainError, keys: Mapping[str, str]) -> None:
        """Notes what a rule refused; `keys` maps the rule's field to the column's key where they differ."""
        for fault in error.faults if isinstance(error, InvalidFields) else [error]:
            name = fault.field or ""
            self.add(keys.get(name, name), fault.message, **fault.values)

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.faults


@dataclass(frozen=True)
class Bound:
    """What an upload holds: rows of data, faults of the sheets themselves, columns and sheets that are not read, example rows left out."""

    rows: list[SourceRow]
    faults: list[RowFault]
    ignored_columns: list[str]
    ignored_sheets: list[str]
    examples: int


def bind(kind: str, tables: list[Table], readers: Mapping[str, Parser]) -> Bound:
    """The rows of every sheet that has the headings of `kind`; `readers` read the columns that need the database's lists."""
    rows: list[SourceRow] = []
    faults: list[RowFault] = []
    ignored_columns: list[str] = []
    ignored_sheets: list[str] = []
    examples = 0
    headings = {table.name: _find_headings(kind, table) for table in tables}
    if not any(len(found) >= 2 for _, found in headings.values()):
        # Nothing looks like this kind: say so of the first sheet rather than of each.
        tables, ignored_sheets = tables[:1], [table.name for table in tables[1:]]
    for table in tables:
        at, found = headings[table.name]
        if len(found) < 2 and len(tables) > 1:
            ignored_sheets.append(table.name)
            continue
        twice, missing = _heading_faults(kind, table, at, found)
        faults += twice + missing
        ignored_columns += [
            shown
            for number, cell in enumerate(table.rows[at] if table.rows else ())
            if number not in found and (shown := _heading_text(cell)) and folded_heading(shown) not in REASON_HEADINGS
        ]
        if missing:
            continue
        shown = {
            key: _heading_text(table.rows[at][column]) or column_letters(column + 1) for column, key in found.items()
        }
        columns = [_bound(kind, index, key, readers) for index, key in sorted(found.items())]
        for number in range(at + 1, len(table.rows)):
            row = _bind_row(table, at, columns, shown, number)
            if row is None:
                continue
            if folded(str(row.values.get(MARK) or "")) in EXAMPLE_WORDS:
                examples += 1
            else:
                rows.append(row)
    return Bound(rows, faults, sorted(set(ignored_columns)), ignored_sheets, examples)


def _find_headings(kind: str, table: Table) -> tuple[int, dict[int, str]]:
    """The row with the most known headings among the first, and what its columns mean (column from 0 → key)."""
    names = names_of(kind)
    best: tuple[int, dict[int, str]] = (0, {})
    for at, row in enumerate(table.rows[:HEADING_ROWS]):
        found = {
            number: names[folded_heading(str(cell))]
            for number, cell in enumerate(row)
            if isinstance(cell, str) and folded_heading(cell) in names
        }
        if len(set(found.values())) > len(set(best[1].values())):
            best = (at, found)
    return best


def _heading_faults(kind: str, table: Table, at: int, found: dict[int, str]) -> tuple[list[RowFault], list[RowFault]]:
    """Columns that stand twice (the later ones are dropped from `found`), and required ones that are missing."""
    twice = []
    seen: set[str] = set()
    for number in sorted(found):
        key = found[number]
        if key in seen:
            shown = _heading_text(table.rows[at][number])
            twice.append(
                RowFault(table.name, at + 1, shown, "A column with this meaning stands there already; remove one", {})
            )
            del found[number]
        seen.add(key)
    missing = [
        RowFault(
            table.name,
            at + 1 if table.rows else None,
            None,
            "The column %(column)s is missing; add it, or start from the template",
            {"column": f"{column.zh} / {column.en}"},
        )
        for column in COLUMNS[kind]
        if column.required and column.key not in seen
    ]
    return twice, missing


def _bound(kind: str, index: int, key: str, readers: Mapping[str, Parser]) -> tuple[int, str, bool, Parser]:
    """A column as rows are read by it: its place, key, whether a merged cell counts for all its rows, and its reader."""
    column = column_of(kind, key)
    assert column is not None
    return index, key, column.shared, column.reads if not isinstance(column.reads, str) else readers[column.reads]


def _bind_row(
    table: Table, at: int, columns: list[tuple[int, str, bool, Parser]], headings: Mapping[str, str], number: int
) -> SourceRow | None:
    """One row read; None where all of it is empty. A merged cell counts in each row it covers where the column is shared."""
    cells = table.rows[number]
    if all(_is_empty(cell) for cell in cells):
        return None
    row = SourceRow(table.name, number + 1, headings, {}, {})
    for index, key, shared, parser in columns:
        cell = cells[index] if index < len(cells) else None
        top = table.merged.get((number, index)) if table.merged else None
        if top is not None and top[0] != number and top[0] > at:
            if not shared:
                row.raw[key] = cell
                row.add(key, "This cell is merged over several rows; unmerge it and write the value in each row")
                continue
            cell = table.rows[top[0]][top[1]]
        row.raw[key] = cell
        try:
            row.values[key] = parser(cell)
        except InvalidInput as fault:
            row.add(key, fault.message, **fault.values)
    return row


def require_filled(kind: str, row: SourceRow, *, but: tuple[str, ...] = ()) -> None:
    """Notes each required column that is empty and not faulty already; `but` are left to another row."""
    faulty = {fault.column for fault in row.faults}
    for column in COLUMNS[kind]:
        if (
            column.required
            and column.key not in but
            and row.values.get(column.key) is None
            and row.headings.get(column.key) not in faulty
        ):
            row.add(column.key, "Fill this in")


def note_twice(rows: list[SourceRow], keys: list[Any], column: str, message: str) -> None:
    """Notes, at the later of two rows with the same key, the row it repeats; None keys repeat nothing."""
    first: dict[Any, SourceRow] = {}
    for row, key in zip(rows, keys, strict=True):
        if key is None:
            continue
        if key in first:
            row.add(column, message, other=first[key].number, sheet=first[key].sheet)
        else:
            first[key] = row


def cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a message as JSON, cut short, long numbers blotted out: a report never carries what may be a person's number."""
    kept: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**7:
            kept[key] = value
        else:
            text = str(value)
            kept[key] = _blotted(text if len(text) <= 200 else text[:199] + "…")
    return kept


def _blotted(text: str) -> str:
    """Region codes (6, 9 or 12 digits alone) stay; other runs of eight and more digits go."""
    if re.fullmatch(r"\d{6}(\d{3}(\d{3})?)?", text) or re.fullmatch(r"[\d,]{1,12}", text):
        return text
    return _PERSONAL.sub("…", text)


def _heading_text(cell: Cell) -> str | None:
    if not isinstance(cell, str):
        return None
    return _blotted(cell.strip().replace("\n", " ")[:60]) or None


def _is_empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())
