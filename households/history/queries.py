"""Reading the history of indicators; the caller has found the household within its regions."""

import uuid
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.history.models import IndicatorValue

MOST_ROWS = 1_000


def history_of(session: Session, household_id: uuid.UUID, *, code: str | None = None) -> list[IndicatorValue]:
    """What was ever recorded, by indicator, the newest first: by the day it holds for, then by when it was recorded."""
    query = (
        sa.select(IndicatorValue)
        .where(IndicatorValue.household_id == household_id)
        .order_by(
            IndicatorValue.code,
            IndicatorValue.as_of.desc(),
            IndicatorValue.recorded_at.desc(),
            IndicatorValue.id.desc(),
        )
        .limit(MOST_ROWS)
    )
    if code is not None:
        query = query.where(IndicatorValue.code == code)
    return list(session.scalars(query))


def corrected_ids(rows: Iterable[IndicatorValue]) -> frozenset[uuid.UUID]:
    """The rows that another row names as wrong."""
    return frozenset(row.corrects for row in rows if row.corrects is not None)


def current_rows(rows: Iterable[IndicatorValue]) -> dict[str, IndicatorValue]:
    """By indicator the row that holds now: the latest that nobody corrected. `rows` as `history_of` gives them."""
    kept = list(rows)
    wrong = corrected_ids(kept)
    current: dict[str, IndicatorValue] = {}
    for row in kept:
        if row.id not in wrong and row.value is not None:
            current.setdefault(row.code, row)
    return current
