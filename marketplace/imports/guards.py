"""Refusing files that would harm before they are parsed: zip bombs, XML entities, sheets with cells at the far corner (promise 15)."""

import io
import re
import zipfile
import zlib
from xml.parsers import expat

from kernel.errors import InvalidInput

MOST_BYTES = 20_000_000
MOST_CELLS = 200_000  # of a workbook: what is counted in two seconds
MOST_TEXT_CELLS = 1_500_000  # of a CSV file, which is read faster: a list of 100,000 people with fifteen columns
MOST_AREA = 2_000_000  # rows x columns of one sheet: what a reader lays out in memory
MOST_COLUMNS = 200
MOST_MEMBERS = 2_000
MOST_UNPACKED = 120_000_000
MOST_RATIO = 400
_CHUNK = 1 << 18
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


def too_large(most: int = MOST_CELLS) -> InvalidInput:
    """The refusal of a file with too many cells."""
    return InvalidInput("The file has more than %(most)s cells; split it into smaller ones", field="file", most=most)


def refuse_size(content: bytes) -> None:
    """Raises InvalidInput for an empty file or one above 20 MB."""
    if not content:
        raise InvalidInput("The file is empty; choose another", field="file")
    if len(content) > MOST_BYTES:
        raise InvalidInput("The file is larger than 20 MB; split it into smaller ones", field="file")


def refuse_harmful_workbook(content: bytes) -> dict[str, list[tuple[int, int]]]:
    """Unpacks every part once, counting, and reads its XML without building anything.

    Returns, by the name of the part, the cells that hold an error or a formula without its result, as (row, column) from 0: the
    reader shows them as empty, and what is wrong must not pass for nothing. Raises InvalidInput: no workbook, locked, damaged, unpacking to far more than it weighs, declaring entities, too many cells.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _refuse_shape(members)
            left = MOST_UNPACKED
            cells = 0
            broken: dict[str, list[tuple[int, int]]] = {}
            for member in members:
                reader = _PartReader(cells) if member.filename.lower().endswith((".xml", ".rels", ".vml")) else None
                left -= _unpack(archive, member, left, reader)
                if reader is not None:
                    cells = reader.cells
                    broken[member.filename.lstrip("/")] = reader.broken
            return broken
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise _damaged() from error


def _refuse_shape(members: list[zipfile.ZipInfo]) -> None:
    names = {member.filename.lower().lstrip("/") for member in members}
    if not any(name.endswith("workbook.xml") for name in names):
        raise InvalidInput("This is not an Excel workbook; save it as .xlsx or .csv and upload it again", field="file")
    if len(members) > MOST_MEMBERS:
        raise _bomb()
    if any(member.flag_bits & 0x1 for member in members):
        raise InvalidInput("The workbook is locked with a password; save it without one", field="file")
    if sum(member.file_size for member in members) > MOST_UNPACKED:
        raise _bomb()


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int, reader: "_PartReader | None") -> int:
    """The unpacked size of one part; what its header claims is not believed."""
    size = 0
    with archive.open(member) as part:
        while chunk := part.read(_CHUNK):
            size += len(chunk)
            if size > left or (size > 1_000_000 and size > MOST_RATIO * max(member.compress_size, 1)):
                raise _bomb()
            if reader is not None:
                reader.feed(chunk)
    if reader is not None:
        reader.close()
    return size


def _bomb() -> InvalidInput:
    return InvalidInput(
        "The workbook unpacks to far more than it should; copy its rows into a new workbook", field="file"
    )


def _damaged() -> InvalidInput:
    return InvalidInput("The workbook is damaged; open it in Excel or WPS, save it again and upload that", field="file")


class _PartReader:
    """Runs through one XML part: refuses declarations of types and entities, counts the cells and how far out they lie."""

    def __init__(self, cells: int) -> None:
        self.cells = cells
        self.broken: list[tuple[int, int]] = []
        self._formula = False
        self._row = self._column = self._row_of_cell = 0
        self._last_row = self._last_column = 0
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.EntityDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._in_formula = False

    def feed(self, chunk: bytes) -> None:
        """Reads on."""
        try:
            self._parser.Parse(chunk, False)
        except expat.ExpatError as error:
            raise _damaged() from error

    def close(self) -> None:
        """Ends the part."""
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise _damaged() from error
        self._end_cell()

    def _end_cell(self) -> None:
        """A formula after which no value came has no result."""
        if self._formula:
            self.broken.append((self._row_of_cell - 1, self._column - 1))
            self._formula = False

    def _refuse(self, *_: object) -> None:
        raise InvalidInput(
            "The workbook declares XML entities, which no spreadsheet program does; copy its rows into a new workbook",
            field="file",
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        kind = name.rpartition(":")[2]
        if kind == "f" and self._row:
            self._formula = self._in_formula = True
        elif kind == "row":
            self._end_cell()
            number = attributes.get("r", "")
            self._row = int(number) if number.isdecimal() and len(number) < 9 else self._row + 1
            self._column = 0
        elif kind == "c" and self._row:
            self._end_cell()
            self._cell(attributes.get("r", ""))
            if attributes.get("t") == "e":
                self.broken.append((self._row_of_cell - 1, self._column - 1))

    def _end(self, name: str) -> None:
        if self._in_formula and name.rpartition(":")[2] == "f":
            self._in_formula = False

    def _text(self, text: str) -> None:
        """Text after a formula, within its cell, is its result."""
        if self._formula and not self._in_formula and text.strip():
            self._formula = False

    def _cell(self, place: str) -> None:
        """One cell of a sheet; where a cell says nothing, it stands right of the one before."""
        row, column = self._row, self._column + 1
        if match := _PLACE.fullmatch(place):
            row, column = int(match[2]), column_number(match[1])
        self._column, self._row_of_cell = column, row
        self.cells += 1
        self._last_row, self._last_column = max(self._last_row, row), max(self._last_column, column)
        if self.cells > MOST_CELLS or self._last_row * self._last_column > MOST_AREA:
            raise too_large()


def column_number(letters: str) -> int:
    """``"A"`` → 1, ``"AB"`` → 28."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """1 → ``"A"``, 28 → ``"AB"``."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
