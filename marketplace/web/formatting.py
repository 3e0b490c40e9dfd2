"""How values read on a page, in both languages: money from fen, days, moments, numbers, shares and distances."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask import Flask
from flask_babel import gettext as _

from kernel.clock import SHANGHAI
from kernel.money import FEN_PER_YUAN, yuan_text
from marketplace import i18n
from marketplace.web import words

NOTHING = "—"
_YUAN_UNIT = re.compile(r"^(\d+) yuan$")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def fen(amount: int | None) -> str:
    """``123450`` → ``¥1,234.50``; a minus stands before the sign."""
    if amount is None:
        return NOTHING
    return f"−¥{yuan_text(-amount)}" if amount < 0 else f"¥{yuan_text(amount)}"


def day(value: date | datetime | None) -> str:
    """``2027年3月5日`` or ``5 March 2027``; a moment counts on its day in Shanghai."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        value = value.astimezone(SHANGHAI).date()
    if i18n.is_chinese():
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime | None) -> str:
    """``2027年3月5日 14:05`` or ``5 March 2027, 14:05``, in Shanghai's time."""
    if value is None:
        return NOTHING
    local = value.astimezone(SHANGHAI)
    return f"{day(local)}{' ' if i18n.is_chinese() else ', '}{local:%H:%M}"


def clock(value: datetime | None) -> str:
    """``14:05``, in Shanghai's time."""
    return NOTHING if value is None else f"{value.astimezone(SHANGHAI):%H:%M}"


def number(value: float | None, decimals: int = 0) -> str:
    """``1234`` → ``1,234``."""
    return NOTHING if value is None else f"{value:,.{decimals}f}"


def percent(share: float | None, decimals: int = 0) -> str:
    """A share of one as a percentage: ``0.8421`` → ``84%``. What is not quite all never reads as 100 %, nor a little as 0 %."""
    if share is None:
        return NOTHING
    shown = round(share * 100, decimals)
    step = 10**-decimals
    if share < 1 <= shown / 100:
        shown = 100 - step
    elif share > 0 and shown == 0:
        return f"<{step:.{decimals}f}%"
    return f"{shown:.{decimals}f}%"


def distance(metres: float | None) -> str:
    """``850`` → ``850 m``; from a kilometre on, ``12.3 km``."""
    if metres is None:
        return NOTHING
    if metres < 1000:
        return _("%(count)s m", count=f"{metres:.0f}")
    return _("%(count)s km", count=f"{metres / 1000:,.1f}")


def named(thing: Any) -> str:
    """The name of a category or skill in the language of the page."""
    return str(thing.name_zh if i18n.is_chinese() else thing.name_en)


def unit_of(category: Any) -> str:
    """The unit of a category in the language of the page."""
    return str(category.unit_zh if i18n.is_chinese() else category.unit_en)


def extract(code: str, table: Mapping[str, Any]) -> Any:
    """What `table` holds for `code`; for lists: ``need.accepts|map("extract", categories)``. An unknown code is an error."""
    return table[code]


def amount(quantity: int, category: Any) -> str:
    """A quantity with its unit: ``14 小时`` or ``14 hours``; money reads as money: 22 units of 100 yuan are ``¥2,200.00``."""
    if yuan := _YUAN_UNIT.match(category.unit_en):
        return fen(quantity * int(yuan[1]) * FEN_PER_YUAN)
    if i18n.is_chinese():
        return f"{number(quantity)} {category.unit_zh}"
    noun, of, rest = category.unit_en.partition(" of ")
    return f"{number(quantity)} {noun}{'' if quantity == 1 else 's'}{of}{rest}"


def register(app: Flask) -> None:
    """Gives the templates these filters, `word`/`tone` for the codes of the domain, and what the layout needs."""
    for filter_ in (fen, day, moment, clock, number, percent, distance, named, unit_of, amount, extract):
        app.jinja_env.filters[filter_.__name__] = filter_
    app.jinja_env.globals.update(
        word=words.word,
        tone=words.tone,
        words_of=words.choices,
        html_language=i18n.html_language,
        is_chinese=i18n.is_chinese,
    )
