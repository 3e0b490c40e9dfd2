"""Paging by key: the next page starts after the last row seen, so that it stays right while rows come and go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MOST = 200


@dataclass(frozen=True)
class Page:
    """One page of a list. `next_after` is the key to pass as `after` for the next page, None on the last."""

    rows: Sequence[Any]
    next_after: str | None


def page_of(rows: Sequence[Any], *, limit: int, key: Any) -> Page:
    """A page from a query that asked for ``limit + 1`` rows; `key(row)` gives the row's key."""
    if len(rows) > limit:
        return Page(rows[:limit], str(key(rows[limit - 1])))
    return Page(rows, None)
