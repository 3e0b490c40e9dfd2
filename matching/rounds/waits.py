"""How long needs have waited, counted from the rounds as they are stored, and how a frozen pool took it into account.

A committed round counts for a need of its pool in the share of the open units that it did not give: what its plan promised and is
still promised or arrived was given; what was declined, or did not arrive, was not. Voided rounds do not count (`matching.waiting`).
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household
from households.needs.models import Need
from households.needs.operations import set_rounds_waited
from kernel.database import within
from kernel.errors import InvalidInput
from kernel.paging import MOST, Page, page_of
from matching.rounds.models import Allocation, MatchRound, RoundWait, UnmetNeed
from matching.rounds.steps import round_in_scope
from matching.snapshot import among
from matching.waiting import STANDARD, WHOLE_ROUND, Wait, WaitingRule, waited_in_round, waiting_text


@dataclass(frozen=True, slots=True)
class RoundOfNeed:
    """What one committed round did for one need of its pool; `waited` in thousandths of a round."""

    round_id: uuid.UUID
    number: int
    committed_at: datetime | None
    asked: int
    given: int
    waited: int


@dataclass(frozen=True, slots=True)
class WaitRow:
    """One need that entered a round's pool with another weight than its own, beside the numbers a table shows."""

    need_id: uuid.UUID
    need_number: int
    household_number: int
    region_code: str
    category_code: str
    tier: int
    weight: int
    waited: int
    counted: int
    quantity: int
    open_units: int
    entered: int


def waiting_rule(match_round: MatchRound) -> WaitingRule:
    """What this round lets waiting add."""
    return WaitingRule(match_round.waiting_step, match_round.waiting_most)


def rule_of_last_round(session: Session, scope: tuple[str, ...]) -> WaitingRule:
    """The rule that the newest round of these regions has, so that a county keeps its own; the standard one before the first."""
    last = session.scalar(
        sa.select(MatchRound).where(within(MatchRound.region_code, scope)).order_by(MatchRound.number.desc()).limit(1)
    )
    return STANDARD if last is None else waiting_rule(last)


def rounds_of_needs(session: Session, need_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[RoundOfNeed]]:
    """Need → the committed rounds whose pool held it, oldest first; needs without one are absent."""
    committed = MatchRound.status == "committed"
    given = sa.case((Allocation.status == "reserved", Allocation.quantity), else_=Allocation.delivered)
    promised = session.execute(
        sa.select(
            Allocation.need_id,
            Allocation.round_id,
            sa.func.sum(Allocation.quantity),
            sa.func.sum(sa.case((Allocation.status.in_(("reserved", "delivered")), given), else_=0)),
        )
        .join(MatchRound, MatchRound.id == Allocation.round_id)
        .where(committed, among(Allocation.need_id, need_ids))
        .group_by(Allocation.need_id, Allocation.round_id)
    )
    missing = session.execute(
        sa.select(UnmetNeed.need_id, UnmetNeed.round_id, UnmetNeed.missing)
        .join(MatchRound, MatchRound.id == UnmetNeed.round_id)
        .where(committed, among(UnmetNeed.need_id, need_ids))
    )
    counts: dict[tuple[uuid.UUID, uuid.UUID], list[int]] = {}
    for need_id, round_id, units, got in promised:
        counts[need_id, round_id] = [int(units), int(got)]
    for need_id, round_id, units in missing:
        counts.setdefault((need_id, round_id), [0, 0])[0] += units
    rounds = {
        row.id: row
        for row in session.execute(
            sa.select(MatchRound.id, MatchRound.number, MatchRound.committed_at).where(
                among(MatchRound.id, {round_id for _, round_id in counts})
            )
        )
    }
    found: dict[uuid.UUID, list[RoundOfNeed]] = {}
    for (need_id, round_id), (asked, got) in sorted(counts.items(), key=lambda item: rounds[item[0][1]].number):
        one = rounds[round_id]
        found.setdefault(need_id, []).append(
            RoundOfNeed(round_id, one.number, one.committed_at, asked, got, waited_in_round(asked, got))
        )
    return found


def waited_of(session: Session, need_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Need → thousandths of a round it has waited; needs that have not waited are absent."""
    totals = {key: sum(one.waited for one in rows) for key, rows in rounds_of_needs(session, need_ids).items()}
    return {key: waited for key, waited in totals.items() if waited}


def waited_in_scope(
    session: Session, region_code: str, categories: Sequence[str] | None = None
) -> dict[uuid.UUID, int]:
    """The same for the open needs of a region."""
    query = sa.select(Need.id).where(Need.status == "open", within(Need.region_code, (region_code,)))
    if categories is not None:
        query = query.where(Need.category_code.in_(categories))
    return waited_of(session, session.scalars(query).all())


def note_waits(session: Session, round_id: uuid.UUID) -> int:
    """After a commit or a void: counts anew how many whole rounds the needs of the round's pool have waited, and notes it on them.

    Returns how many of them have waited at all.
    """
    held = sa.union(
        sa.select(UnmetNeed.need_id).where(UnmetNeed.round_id == round_id),
        sa.select(Allocation.need_id).where(Allocation.round_id == round_id),
    )
    need_ids = session.scalars(held).all()
    waited = waited_of(session, need_ids)
    set_rounds_waited(session, {key: waited.get(key, 0) // WHOLE_ROUND for key in need_ids})
    return len(waited)


def keep_waits(session: Session, *, round_id: uuid.UUID, waits: Sequence[Wait]) -> None:
    """Keeps how needs entered the pool; written once, at the freeze."""
    names = ("need_id", "region_code", "tier", "weight", "waited", "counted", "quantity", "open_units", "entered")
    if waits:
        session.execute(
            sa.insert(RoundWait),
            [{"round_id": round_id, **{name: getattr(one, name) for name in names}} for one in waits],
        )


def waiting_document_text(session: Session, match_round: MatchRound) -> str:
    """The canonical list whose SHA-256 stands in the name of the frozen problem, so that the pool's hash covers it."""
    rows = session.scalars(sa.select(RoundWait).where(RoundWait.round_id == match_round.id))
    waits = [
        Wait(
            row.need_id, row.region_code, row.tier, row.weight, row.waited, row.counted, row.quantity, row.open_units,
            row.entered,
        )
        for row in rows
    ]  # fmt: skip
    return waiting_text(waiting_rule(match_round), waits)


def list_waits(
    session: Session, round_id: uuid.UUID, *, scope: tuple[str, ...], after: str | None = None, limit: int = 50
) -> Page:
    """WaitRows of the needs that waiting lifted, the longest wait first; `after` is ``waited.need number``. Raises NotFound."""
    round_in_scope(session, round_id, scope)
    limit = min(limit, MOST)
    query = (
        sa.select(
            Need.id, Need.number, Household.number, RoundWait.region_code, Need.category_code, RoundWait.tier,
            RoundWait.weight, RoundWait.waited, RoundWait.counted, RoundWait.quantity, RoundWait.open_units,
            RoundWait.entered,
        )
        .join(Need, Need.id == RoundWait.need_id)
        .join(Household, Household.id == Need.household_id)
        .where(RoundWait.round_id == round_id, RoundWait.counted > RoundWait.weight)
        .order_by(RoundWait.waited.desc(), Need.number)
    )  # fmt: skip
    if after is not None:
        waited, number = _place(after)
        query = query.where(
            sa.or_(RoundWait.waited < waited, sa.and_(RoundWait.waited == waited, Need.number > number))
        )
    rows = [WaitRow(*tuple(row)) for row in session.execute(query.limit(limit + 1))]
    return page_of(rows, limit=limit, key=lambda row: f"{row.waited}.{row.need_number}")


def waits_of_needs(
    session: Session, round_id: uuid.UUID, need_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, RoundWait]:
    """Need → how waiting lifted it in this round; for the round's tables. Needs that were not lifted are absent."""
    rows = session.scalars(
        sa.select(RoundWait).where(
            RoundWait.round_id == round_id,
            among(RoundWait.need_id, need_ids),
            RoundWait.counted > RoundWait.weight,
        )
    )
    return {row.need_id: row for row in rows}


def _place(after: str) -> tuple[int, int]:
    parts = after.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise InvalidInput(
            "%(after)s is no place in this list; start again from the first page", field="after", after=after[:40]
        )
    return int(parts[0]), int(parts[1])
