"""What a cell means: text, whole numbers, yuan, days, yes or no, one or several of a list. Cells are never repeated in a fault."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from kernel.errors import InvalidInput
from kernel.money import fen_from_yuan
from marketplace.imports.tables import Cell
from marketplace.imports.workbooks import restored

_EPOCH = date(1899, 12, 30)  # day 0 of spreadsheets, as every program counts from March 1900 on
_SEPARATORS = re.compile(r"[、,，;；|/\n]+")
_TRUE = {"是", "有", "y", "yes", "true", "1", "√", "✓", "对", "同意", "已同意"}
_FALSE = {"否", "无", "没有", "n", "no", "false", "0", "×", "x", "不", "不同意", "未同意"}
_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!")

Parser = Callable[[Cell], Any]


def plain(cell: Cell) -> str | None:
    """The cell as text in NFC without spaces around it; None where it is empty. Raises InvalidInput for an error value."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, float):
        return f"{cell:E}" if abs(cell) >= 1e15 else repr(cell)
    if isinstance(cell, datetime) and not (cell.hour or cell.minute or cell.second):
        return cell.date().isoformat()
    if isinstance(cell, date | datetime):
        return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
    text = unicodedata.normalize("NFC", restored(str(cell))).replace("\r\n", "\n").strip().strip("\u200b\ufeff").strip()
    if text.upper() in _ERRORS:
        raise InvalidInput("The cell holds an error or a formula without its result; write the value itself")
    return text or None


def code_text(cell: Cell) -> str | None:
    """Numbers that are names (IDs, codes, telephones): digits as written. Raises InvalidInput where the spreadsheet lost some."""
    text = plain(cell)
    if text is None:
        return None
    text = unicodedata.normalize("NFKC", text)
    if re.fullmatch(r"\d+(\.\d+)?[eE]\+?\d+", text.replace(" ", "")):
        raise InvalidInput(
            "The spreadsheet turned this into a number and lost digits; format the column as text and type it again"
        )
    return text


def whole(cell: Cell) -> int | None:
    """A whole number. Raises InvalidInput."""
    number = _decimal(cell)
    if number is None:
        return None
    if number != number.to_integral_value() or abs(number) > 10**12:
        raise InvalidInput("This must be a whole number")
    return int(number)


def kilometres_in_metres(cell: Cell) -> int | None:
    """Kilometres as whole metres. Raises InvalidInput."""
    number = _decimal(cell)
    if number is None:
        return None
    metres = number * 1000
    if metres != metres.to_integral_value() or abs(metres) > 10**9:
        raise InvalidInput("Write kilometres with at most three decimals")
    return int(metres)


def _decimal(cell: Cell) -> Decimal | None:
    if isinstance(cell, bool | date | datetime | timedelta):
        raise InvalidInput("Write a number here; the cell holds a date or a tick")
    text = plain(cell)
    if text is None:
        return None
    text = unicodedata.normalize("NFKC", text).replace(" ", "")
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    if not re.fullmatch(r"[+-]?\d+(\.\d*)?([eE][+-]?\d{1,2})?", text):
        raise InvalidInput("Write a number here, digits only")
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise InvalidInput("Write a number here, digits only") from error


def yuan(cell: Cell) -> int | None:
    """An amount in yuan as whole fen. Raises InvalidInput."""
    if isinstance(cell, bool | date | datetime | timedelta):
        raise InvalidInput("Write an amount in yuan here, such as 1234.50")
    text = plain(cell)
    if text is None:
        return None
    text = unicodedata.normalize("NFKC", text)
    if len(text) > 20:
        raise InvalidInput("Write an amount in yuan here, such as 1234.50")
    try:
        return fen_from_yuan(text)
    except ValueError as error:
        raise InvalidInput("Write an amount in yuan here, such as 1234.50") from error


def day(cell: Cell) -> date | None:
    """A day: a date cell, ``2027-03-05``, ``2027/3/5``, ``2027.3.5``, ``2027年3月5日``, ``20270305``, or a spreadsheet's day number.

    Raises InvalidInput.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    wrong = InvalidInput("Write a day such as 2027-03-05")
    if isinstance(cell, bool | timedelta):
        raise wrong
    text = plain(cell)
    if text is None:
        return None
    text = unicodedata.normalize("NFKC", text).replace(" 00:00:00", "")
    if re.fullmatch(r"\d{5}", text):
        return _EPOCH + timedelta(days=int(text))
    match = re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text) or re.fullmatch(
        r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", text
    )
    if match is None:
        raise wrong
    try:
        return date(*map(int, match.groups()))
    except ValueError as error:
        raise InvalidInput("There is no such day in the calendar") from error


def yes_no(cell: Cell) -> bool | None:
    """是 or 否. Raises InvalidInput."""
    if isinstance(cell, bool):
        return cell
    text = plain(cell)
    if text is None:
        return None
    key = folded(text)
    if key in _TRUE:
        return True
    if key in _FALSE:
        return False
    raise InvalidInput("Write 是 or 否 (yes or no)")


def one_of(words: Mapping[str, str]) -> Parser:
    """One of a list: `words` maps what may be written (folded) to the code."""

    def parse(cell: Cell) -> str | None:
        text = plain(cell)
        if text is None:
            return None
        code = words.get(folded(text))
        if code is None:
            raise InvalidInput("Choose one of the allowed words; the template's second sheet lists them")
        return code

    return parse


def many(parse_one: Parser) -> Parser:
    """Several of a list in one cell, parted by 、 , ; / or a new line; a tuple, without those said twice."""

    def parse(cell: Cell) -> tuple[Any, ...] | None:
        text = plain(cell)
        if text is None:
            return None
        found = [parse_one(part.strip()) for part in _SEPARATORS.split(text) if part.strip()]
        return tuple(dict.fromkeys(found)) or None

    return parse


def folded(text: str) -> str:
    """What two spellings of a word share: full-width made plain, no spaces, small letters."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()
