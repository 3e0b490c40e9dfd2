"""Reading an upload into plain tables: XLSX, and CSV in UTF-8, UTF-16 or GB18030 with comma, semicolon or tab."""

import codecs
import csv
import io
import posixpath
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.ElementTree import fromstring
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, WorksheetNotFound

from kernel.errors import InvalidInput
from marketplace.imports.guards import (
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_TEXT_CELLS,
    refuse_harmful_workbook,
    refuse_size,
    too_large,
)

Cell = str | int | float | bool | date | datetime | time | timedelta | None
MOST_MERGED = 20_000
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True)
class Table:
    """One sheet: rows of cells from the sheet's first row and column on; `merged` maps a covered cell to the one that shows its value.

    Places are (row, column) counted from 0.
    """

    name: str
    rows: tuple[tuple[Cell, ...], ...]
    merged: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)


def read_tables(content: bytes) -> list[Table]:
    """The tables of an upload. Raises InvalidInput where it is no table, harmful or too large."""
    refuse_size(content)
    if content.startswith(b"PK\x03\x04"):
        return _read_workbook(content, refuse_harmful_workbook(content))
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise InvalidInput(
            "This is an old .xls workbook or one locked with a password; save it as .xlsx without a password",
            field="file",
        )
    if content.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"{\\rtf", b"PK\x05\x06")):
        raise InvalidInput("This is no table; upload .xlsx or .csv", field="file")
    return [_read_csv(content)]


def _read_workbook(content: bytes, broken: dict[str, list[tuple[int, int]]]) -> list[Table]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        parts = _parts_of_sheets(content) if any(broken.values()) else {}
        return [_read_sheet(workbook, name, broken.get(parts.get(name, ""), [])) for name in workbook.sheet_names]
    except (CalamineError, PasswordError, WorksheetNotFound, KeyError, ValueError, OverflowError, ParseError) as error:
        raise _unreadable() from error
    except BaseException as error:
        # A panic inside the reader comes as an exception that is not an Exception; it is the file's fault, not ours.
        if type(error).__name__ != "PanicException":
            raise
        raise _unreadable() from error


def _unreadable() -> InvalidInput:
    return InvalidInput(
        "The workbook cannot be read; open it in Excel or WPS, save it as .xlsx again and upload that", field="file"
    )


def _parts_of_sheets(content: bytes) -> dict[str, str]:
    """Sheet name → the part of the archive that holds it, by the workbook's own list."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        book = fromstring(archive.read("xl/workbook.xml"))
        links = fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    return {
        sheet.get("name", ""): posixpath.normpath(posixpath.join("/xl", targets.get(sheet.get(_LINK), ""))).lstrip("/")
        for sheet in book.iter()
        if sheet.tag.endswith("}sheet")
    }


def _read_sheet(workbook: CalamineWorkbook, name: str, broken: list[tuple[int, int]]) -> Table:
    sheet = workbook.get_sheet_by_name(name)
    raw: list[list[Any]] = sheet.to_python(skip_empty_area=False)
    for row, column in broken:
        raw += [[] for _ in range(row + 1 - len(raw))]
        raw[row] += [""] * (column + 1 - len(raw[row]))
        raw[row][column] = "#VALUE!"
    rows = tuple(tuple(None if cell == "" else cell for cell in row) for row in raw)
    ranges = sheet.merged_cell_ranges or []
    if len(ranges) > MOST_MERGED:
        raise InvalidInput("The sheet has too many merged cells; unmerge them", field="file")
    merged: dict[tuple[int, int], tuple[int, int]] = {}
    height, width = len(rows), max(map(len, rows), default=0)
    for (top, left), (bottom, right) in ranges:
        for row in range(top, min(bottom, height - 1) + 1):
            for column in range(left, min(right, width - 1, left + MOST_COLUMNS) + 1):
                if (row, column) != (top, left):
                    merged[row, column] = (top, left)
                if len(merged) > MOST_CELLS:
                    raise too_large()
    return Table(name, rows, merged)


def decoded(content: bytes) -> str:
    """The text of a CSV file. Raises InvalidInput naming the line that fits no encoding."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise _wrong_encoding(content, error) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as first:
        try:
            return content.decode("gb18030")
        except UnicodeDecodeError as error:
            # Where both fail, the one that got further tells the better place.
            raise _wrong_encoding(content, max(first, error, key=lambda one: one.start)) from error


def _wrong_encoding(content: bytes, error: UnicodeDecodeError) -> InvalidInput:
    return InvalidInput(
        "Line %(line)s is neither UTF-8 nor GB18030 text; save the file as CSV UTF-8 and upload it again",
        field="file",
        line=content.count(b"\n", 0, error.start) + 1,
    )


def _read_csv(content: bytes) -> Table:
    text = decoded(content)
    if "\x00" in text:
        raise InvalidInput("This is no table; upload .xlsx or .csv", field="file")
    rows: list[tuple[Cell, ...]] = []
    cells = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    try:
        for row in reader:
            cells += max(len(row), 1)
            if cells > MOST_TEXT_CELLS:
                raise too_large(MOST_TEXT_CELLS)
            rows.append(tuple(cell if cell.strip() else None for cell in row))
    except csv.Error as error:
        raise InvalidInput(
            "Line %(line)s of the CSV file cannot be read; check its quotation marks",
            field="file",
            line=reader.line_num,
        ) from error
    return Table("CSV", tuple(rows))


def delimiter_of(text: str) -> str:
    """Comma, semicolon or tab: the one that the first lines have most of, outside quotation marks."""
    head, quoted = [], False
    for character in text[:5_000]:
        if character == '"':
            quoted = not quoted
        elif not quoted:
            head.append(character)
    counts = {mark: head.count(mark) for mark in (",", ";", "\t")}
    return max(counts, key=lambda mark: counts[mark])
