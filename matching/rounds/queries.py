"""Reading rounds: the list, the page of one round, its story, what rounds hold. Its lines are in `lines`. Within the reader's regions."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds.models import Fund
from donors.offerings.models import Offering
from kernel.accounts.models import User
from kernel.database import escape_like, within
from kernel.errors import InvalidInput
from kernel.paging import MOST, Page, page_of
from kernel.regions.models import Region
from matching.pool import Held
from matching.rounds.lifecycle import ENDED
from matching.rounds.models import Allocation, ExcludedNeed, MatchRound, RoundEvent, UnmetNeed
from matching.rounds.rules import Sentence, policy_in_words
from matching.rounds.steps import round_in_scope
from matching.waiting import WaitingRule
from projects.models import Project


@dataclass(frozen=True)
class RoundRow:
    """A round beside the names a list shows."""

    round: MatchRound
    region_name: str
    creator_name: str


@dataclass(frozen=True)
class Relative:
    """Another round that has to do with this one: its number and status, and whether it was frozen later."""

    id: uuid.UUID
    number: int
    status: str
    frozen_at: datetime | None


@dataclass(frozen=True)
class LevelView:
    """One level of the objective as people read it. `gap` is what may still be missing, as a share of the bound (None: no bound);
    `certified_gap` the same by the bound that the plan's certificate proves without the solver (None: no certificate). Where the level has
    no bound, `bound_deliveries` may say what it cannot fall below for the help that is given, and `deliveries_gap` how far it is from that."""

    name: str
    value: int
    bound: float | None
    proven: bool
    seconds: float
    gap: float | None
    achieved: int | None
    certified_bound: int | None
    certified_gap: float | None
    bound_deliveries: float | None
    deliveries_gap: float | None


@dataclass(frozen=True)
class RoundView:
    """What the page of one round shows above its tables."""

    round: MatchRound
    region_name: str
    creator_name: str
    reviewer_name: str | None
    committer_name: str | None
    project_name: str | None
    fund_names: tuple[str, ...]
    policy: tuple[Sentence, ...]
    levels: tuple[LevelView, ...]
    refreezes: Relative | None
    successors: tuple[Relative, ...]
    same_pool: tuple[Relative, ...]
    counts: "RoundCounts"

    @property
    def running(self) -> bool:
        """Whether the page has progress to poll."""
        return self.round.status in ("queued", "solving")

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to this round."""
        return self.round.status in ENDED


@dataclass(frozen=True)
class RoundCounts:
    """How many rows the tables of a round have. `cost_fen` in fen."""

    allocations: int
    households: int
    cost_fen: int
    by_status: dict[str, int]
    unmet: dict[str, int]
    excluded: dict[str, int]


@dataclass(frozen=True)
class EventRow:
    """One line of a round's story."""

    event: RoundEvent
    actor_name: str | None


def list_rounds(
    session: Session,
    *,
    scope: tuple[str, ...],
    text: str = "",
    status: str | None = None,
    region_code: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """RoundRows, newest first; `after` is a round's number. `text` is a part of the name, or the number."""
    limit = min(limit, MOST)
    query = (
        sa.select(MatchRound, Region.full_name, User.display_name)
        .join(Region, Region.code == MatchRound.region_code)
        .join(User, User.id == MatchRound.creator_id)
        .where(within(MatchRound.region_code, scope))
        .order_by(MatchRound.number.desc())
    )
    wanted = text.strip()
    if wanted:
        found: sa.ColumnElement[bool] = MatchRound.name.ilike(f"%{escape_like(wanted)}%")
        if wanted.isascii() and wanted.isdigit() and len(wanted) < 16:
            found = sa.or_(found, MatchRound.number == int(wanted))
        query = query.where(found)
    if status:
        query = query.where(MatchRound.status == status)
    if region_code:
        query = query.where(within(MatchRound.region_code, (region_code,)))
    if after is not None:
        query = query.where(MatchRound.number < number_of(after))
    rows = [RoundRow(*row) for row in session.execute(query.limit(limit + 1))]
    return page_of(rows, limit=limit, key=lambda row: row.round.number)


def get_round(session: Session, round_id: uuid.UUID, *, scope: tuple[str, ...]) -> MatchRound:
    """The round as it stands now. Raises NotFound, also outside `scope`."""
    return round_in_scope(session, round_id, scope)


def view_round(session: Session, round_id: uuid.UUID, *, scope: tuple[str, ...]) -> RoundView:
    """Everything the page of a round shows above its tables. Raises NotFound."""
    one = round_in_scope(session, round_id, scope)
    people = dict(
        session.execute(
            sa.select(User.id, User.display_name).where(
                User.id.in_({one.creator_id, one.reviewer_id, one.committer_id} - {None})
            )
        ).all()
    )
    funds: Sequence[str] = ()
    if one.fund_ids:
        funds = session.scalars(sa.select(Fund.name).where(Fund.id.in_(one.fund_ids)).order_by(Fund.name)).all()
    project = None if one.project_id is None else session.get(Project, one.project_id)
    same_pool: tuple[Relative, ...] = ()
    if one.pool_sha256 is not None:
        same_pool = _relatives(session, MatchRound.pool_sha256 == one.pool_sha256, MatchRound.id != one.id)
    return RoundView(
        round=one,
        region_name=session.scalars(sa.select(Region.full_name).where(Region.code == one.region_code)).one(),
        creator_name=people[one.creator_id],
        reviewer_name=people.get(one.reviewer_id),
        committer_name=people.get(one.committer_id),
        project_name=None if project is None else project.name,
        fund_names=tuple(funds),
        policy=policy_of(one),
        levels=level_views(one.levels or []),
        refreezes=next(iter(_relatives(session, MatchRound.id == one.refreezes_id)), None),
        successors=_relatives(session, MatchRound.refreezes_id == one.id),
        same_pool=same_pool,
        counts=counts_of(session, one.id),
    )


def policy_of(one: MatchRound) -> tuple[Sentence, ...]:
    """The rules of a round as people read them."""
    return tuple(
        policy_in_words(
            floor_percent=one.floor_percent,
            tolerance_permille=one.tolerance_permille,
            household_cap_fen=one.household_cap_fen,
            limits=len(one.limits),
            seed_source=one.seed_source,
            waiting=WaitingRule(one.waiting_step, one.waiting_most),
        )
    )


def level_views(levels: Sequence[dict[str, Any]]) -> tuple[LevelView, ...]:
    """The stored levels with their gaps: |bound − value| over the larger of the two."""
    views = []
    for level in levels:
        value, bound, certified = level["value"], level.get("bound"), level.get("certified_bound")
        views.append(
            LevelView(
                level["name"],
                value,
                bound,
                bool(level["proven"]),
                level.get("seconds", 0.0),
                _gap(value, bound),
                level.get("achieved"),
                certified,
                _gap(value, certified),
                level.get("bound_deliveries"),
                _gap(value, level.get("bound_deliveries")),
            )
        )
    return tuple(views)


def _gap(value: int, bound: float | None) -> float | None:
    if bound is None:
        return None
    return 0.0 if bound == value else abs(bound - value) / max(abs(bound), abs(value), 1)


def counts_of(session: Session, round_id: uuid.UUID) -> RoundCounts:
    """The sizes of a round's tables, by status and by reason."""
    by_status = session.execute(
        sa.select(Allocation.status, sa.func.count(), sa.func.coalesce(sa.func.sum(Allocation.cost_fen), 0))
        .where(Allocation.round_id == round_id)
        .group_by(Allocation.status)
    ).all()
    households = session.scalar(
        sa.select(sa.func.count(sa.distinct(Allocation.household_id))).where(Allocation.round_id == round_id)
    )

    def by_reason(table: type[UnmetNeed] | type[ExcludedNeed]) -> dict[str, int]:
        rows = session.execute(
            sa.select(table.reason, sa.func.count()).where(table.round_id == round_id).group_by(table.reason)
        )
        return dict(sorted(((reason, count) for reason, count in rows), key=lambda row: (-row[1], row[0])))

    return RoundCounts(
        allocations=sum(row[1] for row in by_status),
        households=households or 0,
        cost_fen=int(sum(row[2] for row in by_status)),
        by_status={row[0]: row[1] for row in by_status},
        unmet=by_reason(UnmetNeed),
        excluded=by_reason(ExcludedNeed),
    )


def events_of(session: Session, round_id: uuid.UUID, *, scope: tuple[str, ...]) -> list[EventRow]:
    """The round's story, oldest first. Raises NotFound."""
    round_in_scope(session, round_id, scope)
    query = (
        sa.select(RoundEvent, User.display_name)
        .outerjoin(User, User.id == RoundEvent.actor_id)
        .where(RoundEvent.round_id == round_id)
        .order_by(RoundEvent.id)
    )
    return [EventRow(*row) for row in session.execute(query)]


def held_by_rounds(session: Session) -> Held:
    """What earlier rounds promised and nobody gave back: needs per offering (promised or delivered), households per donor (promised)."""
    needs = session.execute(
        sa.select(Allocation.offering_id, sa.func.count(sa.distinct(Allocation.need_id)))
        .where(Allocation.status.in_(("reserved", "delivered")))
        .group_by(Allocation.offering_id)
    )
    households = session.execute(
        sa.select(Offering.donor_id, sa.func.count(sa.distinct(Allocation.household_id)))
        .join(Offering, Offering.id == Allocation.offering_id)
        .where(Allocation.status == "reserved")
        .group_by(Offering.donor_id)
    )
    pairs = session.execute(
        sa.select(Allocation.need_id, Allocation.offering_id).where(Allocation.status == "reserved")
    )
    return Held(
        {row[0]: row[1] for row in needs},
        {row[0]: row[1] for row in households},
        frozenset((row[0], row[1]) for row in pairs),
    )


def _relatives(session: Session, *conditions: sa.ColumnElement[bool]) -> tuple[Relative, ...]:
    query = (
        sa.select(MatchRound.id, MatchRound.number, MatchRound.status, MatchRound.frozen_at)
        .where(*conditions)
        .order_by(MatchRound.number)
    )
    return tuple(Relative(*row) for row in session.execute(query))


def bad_place(after: str) -> InvalidInput:
    """The refusal of a paging key that is none."""
    return InvalidInput(
        "%(after)s is no place in this list; start again from the first page", field="after", after=after[:40]
    )


def number_of(after: str) -> int:
    """The number a paging key holds. Raises InvalidInput."""
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise bad_place(after)
    return int(after)
