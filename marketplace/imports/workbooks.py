"""Writing tables: text that a spreadsheet would take for a formula is made harmless, and read back it is the same (promise 16)."""

import io
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STARTS = "=+\\-@\t\r\n＝＋－＠"
_DANGEROUS = re.compile(f"'*[{_STARTS}]")
_ESCAPED = re.compile(f"'+[{_STARTS}]")
_HEAD = PatternFill("solid", fgColor="FFEAF2EE")


def neutralised(text: str) -> str:
    """``=1+1`` → ``'=1+1``: no spreadsheet computes it. An apostrophe that stood there already is kept by adding one."""
    return "'" + text if _DANGEROUS.match(text) else text


def restored(text: str) -> str:
    """The opposite of `neutralised`."""
    return text[1:] if _ESCAPED.match(text) else text


def cell_value(value: Any) -> Any:
    """A value as a spreadsheet cell may hold it: numbers and days as they are, text without what would compute or break the file."""
    if value is None or isinstance(value, bool | int | float | date | datetime | time | timedelta):
        return value
    return neutralised(ILLEGAL_CHARACTERS_RE.sub("", str(value)))[:32_000]


def write_workbook(
    sheets: Sequence[tuple[str, Sequence[str], Sequence[Sequence[Any]]]], *, text_columns: Sequence[int] = ()
) -> bytes:
    """An XLSX file of (name, headings, rows). `text_columns` (from 1) are formatted as text, so that IDs keep their digits."""
    workbook = Workbook()
    workbook.remove(workbook.active)  # type: ignore[arg-type]
    for name, headings, rows in sheets:
        sheet = workbook.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", name)[:31] or "1")
        sheet.append([cell_value(heading) for heading in headings])
        for cell in sheet[1]:
            cell.font, cell.fill = Font(bold=True), _HEAD
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.freeze_panes = "A2"
        for row in rows:
            sheet.append([cell_value(value) for value in row])
        for number, heading in enumerate(headings, start=1):
            longest = max(
                [_width(str(heading)), *(_width(str(row[number - 1] or "")) for row in rows[:50] if len(row) >= number)]
            )
            sheet.column_dimensions[get_column_letter(number)].width = min(max(longest + 2, 8), 60)
    first = workbook.worksheets[0]
    for number in text_columns:
        first.column_dimensions[get_column_letter(number)].number_format = "@"
        for row_number in range(2, max(first.max_row, 200) + 1):
            first.cell(row_number, number).number_format = "@"
    body = io.BytesIO()
    workbook.save(body)
    return body.getvalue()


def _width(text: str) -> int:
    """Characters as wide as they are drawn: a Chinese one takes two places."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
