"""Committing a round: the only place of `matching` that writes into supply and demand, all in one transaction, or nothing.

Order of locks: the round, donors, offerings, households, needs, funds, each by id; two commits that want the same things
queue up and the second finds what the first left (promise 1). Reserving is not spending: money is posted when a delivery is
confirmed (promise 2).
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds import booking
from donors.funds.models import Fund
from donors.funds.rules import Charge, Purpose
from donors.models import Donor
from donors.offerings import stock
from donors.offerings.models import Offering
from donors.offerings.rules import Hold
from households.models import Household
from households.needs import operations as needs
from households.needs.models import Need
from kernel.accounts.rules import Actor
from kernel.clock import day_of
from kernel.errors import Conflict
from matching.rounds.changes import PoolChange, changes_since_freeze
from matching.rounds.lifecycle import check_step
from matching.rounds.models import Allocation, AllocationCharge, MatchRound
from matching.rounds.queries import held_by_rounds
from matching.rounds.references import scope_of_round
from matching.rounds.steps import people_of, round_in_scope, take_step
from matching.rounds.waits import note_waits
from matching.snapshot import among, read_funds
from projects.models import ProjectNeed


class PoolChanged(Conflict):
    """What the plan uses is not as it was frozen. `changes` names every change; nothing was reserved."""

    code = "pool_changed"

    def __init__(self, changes: Sequence[PoolChange]) -> None:
        self.changes = tuple(changes)
        shown = "; ".join(change.sentence.text for change in self.changes[:5])
        super().__init__(
            "%(count)s things the plan uses have changed since the freeze: %(changes)s. Freeze the round anew and solve it again",
            count=len(self.changes),
            changes=shown + (" …" if len(self.changes) > 5 else ""),
        )


def reference_of(allocation_id: uuid.UUID) -> str:
    """The reference under which stock and money of one allocation are held."""
    return f"allocation:{allocation_id}"


def changes_of(session: Session, *, round_id: uuid.UUID, scope: tuple[str, ...], now: datetime) -> list[PoolChange]:
    """What changed since the freeze, of what the plan uses; for the page before the commit. Raises NotFound, Conflict."""
    match_round = round_in_scope(session, round_id, scope)
    if match_round.status not in ("proposed", "approved"):
        raise Conflict(
            "Changes are looked for between the proposal and the commit; the round is %(status)s now",
            status=match_round.status,
        )
    return _changes(session, match_round, now)


def commit_round(
    session: Session, *, round_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> MatchRound:
    """Reserves every offering, need and charge of the plan. Committing again by the same person changes nothing.

    Raises NotFound, WrongStep, CreatorMayNotCommit, ReviewerMayNotCommit, PoolChanged (naming every change).
    """
    match_round = _locked(session, round_id, scope)
    if match_round.status == "committed" and match_round.committer_id == actor.id:
        return match_round
    check_step("commit", status=match_round.status, people=people_of(match_round), person_id=actor.id, reason=None)
    rows = _allocations(session, round_id, "proposed")
    _lock(session, rows)
    changes = _changes(session, match_round, now)
    if changes:
        raise PoolChanged(changes)
    memo = f"Round {match_round.number}"
    stock.hold_many(session, _holds(rows), now=now)
    needs.hold_many(session, [(row.need_id, row.quantity) for row in rows], now)
    charges = _charges(session, rows)
    if charges:
        funds = read_funds(session, scope_of_round(session, match_round), ids=list({one.fund_id for one in charges}))
        booking.reserve_many(
            session,
            charges,
            project_earmarks={one.id: frozenset(one.project_ids) for one in funds if one.project_ids},
            memo=memo,
            actor=actor,
            now=now,
        )
    _mark(session, round_id, before="proposed", after="reserved")
    take_step(
        session,
        match_round,
        step="commit",
        actor=actor,
        now=now,
        values={"committer_id": actor.id, "committed_at": now, "expires_at": None},
        detail={"allocations": len(rows), "fen": sum(one.amount_fen for one in charges)},
    )
    note_waits(session, round_id)
    return match_round


def void_round(
    session: Session, *, round_id: uuid.UUID, reason: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> MatchRound:
    """Gives back everything that has not been delivered, and the wait the round had counted. What was delivered stays.

    Raises NotFound, WrongStep, CommitterMayNotVoid, InvalidInput (no reason).
    """
    match_round = _locked(session, round_id, scope)
    check_step("void", status=match_round.status, people=people_of(match_round), person_id=actor.id, reason=reason)
    rows = _allocations(session, round_id, "reserved")
    memo = f"Round {match_round.number} voided"
    stock.release_many(session, _holds(rows), now=now)
    needs.release(session, [(row.need_id, row.quantity) for row in rows], now)
    paid = [reference_of(row.id) for row in rows if row.cost_fen > 0]
    if paid:
        booking.release_many(session, paid, memo=memo, actor=actor, now=now)
    _mark(session, round_id, before="reserved", after="voided")
    take_step(session, match_round, step="void", actor=actor, now=now, reason=reason, detail={"allocations": len(rows)})
    note_waits(session, round_id)
    return match_round


def _locked(session: Session, round_id: uuid.UUID, scope: tuple[str, ...]) -> MatchRound:
    session.execute(sa.select(MatchRound.id).where(MatchRound.id == round_id).with_for_update())
    return round_in_scope(session, round_id, scope)


def _allocations(session: Session, round_id: uuid.UUID, status: str) -> Sequence[sa.Row]:
    return session.execute(
        sa.select(
            Allocation.id,
            Allocation.need_id,
            Allocation.offering_id,
            Allocation.household_id,
            Allocation.quantity,
            Allocation.cost_fen,
        )
        .where(Allocation.round_id == round_id, Allocation.status == status)
        .order_by(Allocation.id)
        .with_for_update(of=Allocation)
    ).all()


def _lock(session: Session, rows: Sequence[sa.Row]) -> None:
    """Holds still what the comparison reads, until the transaction ends."""
    offerings = {row.offering_id for row in rows}
    donors = sa.select(Offering.donor_id).where(among(Offering.id, offerings))
    funds = (
        sa.select(AllocationCharge.fund_id)
        .where(among(AllocationCharge.allocation_id, [row.id for row in rows]))
        .distinct()
    )
    for statement in (
        sa.select(Donor.id).where(Donor.id.in_(donors)).order_by(Donor.id).with_for_update(read=True),
        sa.select(Offering.id)
        .where(among(Offering.id, offerings))
        .order_by(Offering.id)
        .with_for_update(key_share=True),
        # whoever brings a household's needs to its plan, or closes it, holds the household first as well
        sa.select(Household.id)
        .where(among(Household.id, {row.household_id for row in rows}))
        .order_by(Household.id)
        .with_for_update(read=True),
        sa.select(Need.id).where(among(Need.id, {row.need_id for row in rows})).order_by(Need.id).with_for_update(),
        sa.select(Fund.id).where(Fund.id.in_(funds)).order_by(Fund.id).with_for_update(key_share=True),
    ):
        session.execute(statement)


def _changes(session: Session, match_round: MatchRound, now: datetime) -> list[PoolChange]:
    return changes_since_freeze(
        session,
        match_round,
        scope=scope_of_round(session, match_round),
        held=held_by_rounds(session),
        today=day_of(now),
    )


def _holds(rows: Sequence[sa.Row]) -> list[Hold]:
    return [Hold(row.offering_id, row.quantity, reference_of(row.id)) for row in rows]


def _charges(session: Session, rows: Sequence[sa.Row]) -> list[Charge]:
    """What each fund pays, with the purpose by which its earmarks are checked once more."""
    found = session.execute(
        sa.select(
            AllocationCharge.allocation_id, AllocationCharge.fund_id, AllocationCharge.fen,
            Need.category_code, Need.region_code, Need.type, ProjectNeed.project_id,
        )
        .join(Allocation, Allocation.id == AllocationCharge.allocation_id)
        .join(Need, Need.id == Allocation.need_id)
        .outerjoin(ProjectNeed, ProjectNeed.need_id == Need.id)
        .where(among(AllocationCharge.allocation_id, [row.id for row in rows]))
        .order_by(AllocationCharge.allocation_id, AllocationCharge.fund_id)
    )  # fmt: skip
    return [
        Charge(
            row.fund_id,
            row.fen,
            reference_of(row.allocation_id),
            Purpose(
                row.category_code,
                row.region_code,
                row.type,
                frozenset() if row.project_id is None else frozenset((row.project_id,)),
            ),
        )
        for row in found
    ]


def _mark(session: Session, round_id: uuid.UUID, *, before: str, after: str) -> None:
    try:
        session.execute(
            sa.update(Allocation)
            .where(Allocation.round_id == round_id, Allocation.status == before)
            .values(status=after)
            .execution_options(synchronize_session=False)
        )
    except sa.exc.IntegrityError as error:
        # uq_allocations_active: another round already promises from the same offering to the same need.
        raise Conflict(
            "Another committed round promises the same offering to the same need; void or deliver that first"
        ) from error
