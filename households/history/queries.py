"""Reading the history of indicators; the caller has found the household within its regions."""

import uuid
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.history.models import IndicatorValue

MOST_OF_EACH = 50
"""Rows of one indicator that a history shows, the newest; a household has at most some 30 indicators"""


def history_of(session: Session, household_id: uuid.UUID, *, code: str | None = None) -> list[IndicatorValue]:
    """What was recorded, by indicator, the newest first: by the day it holds for, then by when it was recorded.

    Of one indicator (`code`) everything; of all of them the newest 50 of each, so that none is cut off by those before it.
    """
    newest = (IndicatorValue.as_of.desc(), IndicatorValue.recorded_at.desc(), IndicatorValue.id.desc())
    query = sa.select(IndicatorValue).where(IndicatorValue.household_id == household_id)
    if code is not None:
        return list(session.scalars(query.where(IndicatorValue.code == code).order_by(*newest)))
    place = sa.func.row_number().over(partition_by=IndicatorValue.code, order_by=newest)
    ranked = (
        sa.select(IndicatorValue.id, place.label("place")).where(IndicatorValue.household_id == household_id).subquery()
    )
    query = query.join(ranked, ranked.c.id == IndicatorValue.id).where(ranked.c.place <= MOST_OF_EACH)
    return list(session.scalars(query.order_by(IndicatorValue.code, *newest)))


def value_of(session: Session, household_id: uuid.UUID, value_id: uuid.UUID) -> IndicatorValue | None:
    """A recorded value of this household that nobody corrected, however far back; None for any other."""
    later = sa.orm.aliased(IndicatorValue)
    return session.scalar(
        sa.select(IndicatorValue).where(
            IndicatorValue.id == value_id,
            IndicatorValue.household_id == household_id,
            IndicatorValue.value.is_not(None),
            ~sa.exists().where(later.corrects == IndicatorValue.id),
        )
    )


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
