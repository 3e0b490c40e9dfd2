"""Tables as downloads: CSV and XLSX of exactly what a page shows, harmless to spreadsheets (promise 16)."""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal

from flask import Response

from marketplace.imports.workbooks import XLSX, neutralised, write_workbook

Value = str | int | Decimal | None
KINDS = ("csv", "xlsx")


def yuan(fen: int) -> Decimal:
    """Whole fen as yuan with two decimals, exactly."""
    return Decimal(fen).scaleb(-2)


def file_of(kind: str, *, name: str, head: Sequence[str], rows: Sequence[Sequence[Value]]) -> Response:
    """The table as a download. `name` is the file's name without its ending and holds nothing personal."""
    if kind == "csv":
        response = Response(_csv(head, rows), content_type="text/csv; charset=utf-8")
    else:
        # A spreadsheet knows no decimals of its own: at its door, and only there, an amount becomes a float.
        cells = [[float(one) if isinstance(one, Decimal) else one for one in row] for row in rows]
        response = Response(write_workbook([(name, head, cells)]), content_type=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


def _csv(head: Sequence[str], rows: Sequence[Sequence[Value]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([neutralised(one) for one in head])
    for row in rows:
        writer.writerow([neutralised(one) if isinstance(one, str) else one for one in row])
    # The mark at the start tells spreadsheet programs that the text is UTF-8.
    return ("\ufeff" + text.getvalue()).encode()
