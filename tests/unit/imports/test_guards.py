"""Files that would harm are refused before they are parsed, and quickly."""

import io
import time
import zipfile

import pytest

from kernel.errors import InvalidInput
from marketplace.imports.guards import MOST_BYTES, MOST_CELLS, MOST_TEXT_CELLS, column_letters, column_number
from marketplace.imports.tables import read_tables
from tests.factories_imports import xlsx

SHEET = "xl/worksheets/sheet1.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook_with(member: str, content: bytes) -> bytes:
    """A workbook one part of which is replaced."""
    body = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx([["a", "b"], [1, 2]]))) as source,
        zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target,
    ):
        for info in source.infolist():
            if info.filename != member:
                target.writestr(info.filename, source.read(info.filename))
        target.writestr(member, content)
    return body.getvalue()


def refusal(content: bytes) -> str:
    """Why the file is refused, which takes less than two seconds."""
    started = time.process_time()
    with pytest.raises(InvalidInput) as caught:
        read_tables(content)
    assert time.process_time() - started < 2
    assert caught.value.field == "file"
    return caught.value.text


def sheet(data: str, *, before: str = "") -> bytes:
    return f'<?xml version="1.0"?>{before}<worksheet xmlns="{_MAIN}"><sheetData>{data}</sheetData></worksheet>'.encode()


def test_a_zip_bomb_is_refused() -> None:  # promise 15
    assert "unpacks to far more" in refusal(workbook_with(SHEET, b"<x>" + b" " * 300_000_000))
    assert "unpacks to far more" in refusal(workbook_with("xl/media/picture.png", b"\0" * 130_000_000))


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:  # promise 15
    honest = bytearray(workbook_with("xl/media/picture.png", b"\0" * 100_000_000))
    claimed = (100_000_000).to_bytes(4, "little")
    lying = bytes(honest).replace(claimed, (1_000).to_bytes(4, "little"))
    assert lying != honest
    assert refusal(lying)


def test_many_small_bombs_are_one_bomb() -> None:  # promise 15
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        for number in range(300):
            archive.writestr(f"xl/media/{number}.bin", b"\0" * 900_000)
    assert "unpacks to far more" in refusal(body.getvalue())


@pytest.mark.parametrize(
    "before",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        '<!-- a comment first --><!DOCTYPE x [<!ENTITY % p SYSTEM "http://localhost/x">%p;]>',
    ],
)
def test_xml_entities_are_refused(before: str) -> None:  # promise 15
    assert "entities" in refusal(workbook_with(SHEET, sheet('<row r="1"><c r="A1"><v>1</v></c></row>', before=before)))


def test_entities_in_another_encoding_are_refused() -> None:  # promise 15
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'
    assert "entities" in refusal(workbook_with(SHEET, text.encode("utf-16")))


def test_one_cell_in_the_far_corner_is_refused() -> None:
    far = sheet('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    assert f"{MOST_CELLS} cells" in refusal(workbook_with(SHEET, far))


def test_too_many_cells_are_refused() -> None:
    row = "<row>" + "<c><v>1</v></c>" * 100 + "</row>"
    assert f"{MOST_CELLS} cells" in refusal(workbook_with(SHEET, sheet(row * (MOST_CELLS // 100 + 1))))
    line = "1," * 14 + "2\n"
    assert f"{MOST_TEXT_CELLS} cells" in refusal((line * (MOST_TEXT_CELLS // 15 + 1)).encode())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"x" * (MOST_BYTES + 1), "20 MB"),
        (b"PK\x03\x04 and then nothing of the kind", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old .xls"),
        (b"%PDF-1.7", "no table"),
        (b"a,b\x00c", "no table"),
    ],
)
def test_what_is_no_table_is_refused_with_its_mend(content: bytes, says: str) -> None:
    assert says in refusal(content)


def test_a_zip_without_a_workbook_and_a_locked_one_are_refused() -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    assert "not an Excel workbook" in refusal(body.getvalue())
    locked = bytearray(xlsx([["a"]]))
    at = locked.find(b"PK\x01\x02")
    locked[at + 8] |= 1
    assert "password" in refusal(bytes(locked))


def test_broken_xml_is_refused() -> None:
    assert "damaged" in refusal(workbook_with(SHEET, b"<worksheet><sheetData>"))


def test_an_ordinary_workbook_passes() -> None:
    [table] = read_tables(xlsx([["甲", "乙"], [1, "x"]]))
    assert table.rows == (("甲", "乙"), (1.0, "x"))


def test_columns_have_letters() -> None:
    for number, letters in ((1, "A"), (26, "Z"), (27, "AA"), (16_384, "XFD")):
        assert (column_letters(number), column_number(letters)) == (letters, number)
