"""What stands in a list's address: what is searched for, where the page begins, and the same filters for the next page."""

import re
import uuid

from flask import request, url_for

from kernel.errors import InvalidInput


def searched(name: str = "search", *, most: int = 100) -> str:
    """What is searched for, without what no text holds."""
    typed = request.args.get(name, "")
    return "".join(char for char in typed if char.isprintable()).strip()[:most]


def region_in_address(name: str = "region") -> str | None:
    """The code of the region that a list keeps to; None where none is named. Raises InvalidInput for what is no code."""
    code = request.args.get(name, "")
    if code and not re.fullmatch(r"[0-9]{2,12}", code):
        raise InvalidInput("A region code has 2, 4, 6, 9 or 12 digits", field=name)
    return code or None


def number_after() -> int | None:
    """The number after which the page begins; what is no number begins at the first."""
    typed = request.args.get("after", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 18 else None


def with_query(endpoint: str, after: object, **values: object) -> str:
    """The address of `endpoint` with the present filters and another beginning."""
    kept = {name: text for name, text in request.args.items() if text and name != "after"}
    return url_for(endpoint, **{**kept, **values, "after": after})  # type: ignore[arg-type]


def id_from(text: str | None) -> uuid.UUID | None:
    """The id that `text` is, or None."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None
