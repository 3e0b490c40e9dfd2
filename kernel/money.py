"""Money is whole fen (1/100 yuan) in an ``int``; a float never carries an amount."""

import re
from decimal import Decimal, InvalidOperation

FEN_PER_YUAN = 100
_YUAN = re.compile(r"^[¥￥]?\s*(\d{1,3}(,\d{3})+|\d+)(\.\d{1,2})?$")


def fen_from_yuan(text: str) -> int:
    """Whole fen from what a person types in yuan: ``"1,234.5"`` → ``123450``.

    Raises ValueError for anything with more than two decimals, a sign, or letters: rounding money is never our decision.
    """
    cleaned = str(text).strip().replace("，", ",").replace("元", "").strip()
    if not _YUAN.match(cleaned):
        raise ValueError(f"{text!r} is not an amount in yuan such as 1234.50")
    try:
        return int(Decimal(cleaned.lstrip("¥￥ ").replace(",", "")) * FEN_PER_YUAN)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not an amount in yuan such as 1234.50") from error


def yuan_text(fen: int) -> str:
    """``123450`` → ``"1,234.50"``: grouping for people, always two decimals."""
    sign, whole = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{whole // FEN_PER_YUAN:,}.{whole % FEN_PER_YUAN:02d}"
