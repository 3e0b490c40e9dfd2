"""After the commit: a delivery is confirmed or declined, each allocation once (promise 2).

A confirmed delivery moves stock, need and money together: units handed over, units received, reserved fen spent. What did not
arrive is given back in the same transaction. Stock is moved before money, as everywhere.
"""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds import booking
from donors.offerings import stock
from households.needs import operations as needs
from kernel import audit
from kernel.accounts.rules import Actor, covers
from kernel.errors import Conflict, InvalidInput, NotFound
from marketplace.fulfilment.rules import delivered_fen
from matching.rounds.commit import reference_of
from matching.rounds.models import Allocation, AllocationCharge


class AlreadySettled(Conflict):
    """The delivery was confirmed, declined or voided before."""

    code = "already_settled"


def confirm_delivery(
    session: Session,
    *,
    allocation_id: uuid.UUID,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
    quantity: int | None = None,
) -> Allocation:
    """`quantity` units arrived (None: all); the rest is given back. Money is spent in the same share.

    Raises NotFound (also outside `scope`), AlreadySettled, InvalidInput (below 1 or more than was promised).
    """
    allocation = _awaiting(session, allocation_id, scope)
    arrived = allocation.quantity if quantity is None else quantity
    if isinstance(arrived, bool) or not 1 <= arrived <= allocation.quantity:
        raise InvalidInput(
            "From 1 to %(most)s units can have arrived; if nothing did, decline the delivery instead",
            field="quantity",
            most=allocation.quantity,
        )
    back = allocation.quantity - arrived
    reference, memo = reference_of(allocation.id), f"Delivery of allocation {allocation.id}"
    stock.deliver(session, offering_id=allocation.offering_id, quantity=arrived, reference=reference, now=now)
    if back:
        stock.release(session, offering_id=allocation.offering_id, quantity=back, reference=reference, now=now)
    needs.deliver(session, [(allocation.need_id, arrived)], now)
    if back:
        needs.release(session, [(allocation.need_id, back)], now)
    spent = delivered_fen(_charges(session, allocation.id), arrived=arrived, quantity=allocation.quantity)
    if spent:
        booking.post(session, reference=reference, amounts=spent, memo=memo, actor=actor, now=now)
        if back:
            booking.release(session, reference=reference, memo=memo, actor=actor, now=now)
    allocation.status, allocation.delivered = "delivered", arrived
    allocation.confirmed_at, allocation.confirmed_by = now, actor.id
    _record(session, allocation, "delivery.confirmed", actor, now, quantity=arrived, fen=sum(spent.values()))
    return allocation


def decline_delivery(
    session: Session,
    *,
    allocation_id: uuid.UUID,
    reason: str,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Allocation:
    """Nothing arrived: stock, need and money are as before the round. Raises as `confirm_delivery`; InvalidInput without reason."""
    if not reason.strip():
        raise InvalidInput("Say why nothing was delivered", field="reason")
    allocation = _awaiting(session, allocation_id, scope)
    reference = reference_of(allocation.id)
    stock.release(
        session, offering_id=allocation.offering_id, quantity=allocation.quantity, reference=reference, now=now
    )
    needs.release(session, [(allocation.need_id, allocation.quantity)], now)
    if _charges(session, allocation.id):
        memo = f"Declined delivery of allocation {allocation.id}"
        booking.release(session, reference=reference, memo=memo, actor=actor, now=now)
    allocation.status, allocation.confirmed_at, allocation.confirmed_by = "declined", now, actor.id
    _record(session, allocation, "delivery.declined", actor, now, reason=reason.strip()[:500])
    return allocation


def _awaiting(session: Session, allocation_id: uuid.UUID, scope: tuple[str, ...]) -> Allocation:
    allocation = session.scalar(
        sa.select(Allocation)
        .where(Allocation.id == allocation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if allocation is None or not covers(scope, allocation.region_code) or allocation.status in ("proposed", "dropped"):
        raise NotFound("There is no such delivery, or it lies outside your regions")
    if allocation.status != "reserved":
        raise AlreadySettled(
            "This delivery is %(status)s already; nothing was changed", field="status", status=allocation.status
        )
    return allocation


def _charges(session: Session, allocation_id: uuid.UUID) -> list[tuple[uuid.UUID, int]]:
    rows = session.execute(
        sa.select(AllocationCharge.fund_id, AllocationCharge.fen)
        .where(AllocationCharge.allocation_id == allocation_id)
        .order_by(AllocationCharge.fund_id)
    )
    return [(fund_id, fen) for fund_id, fen in rows]


def _record(
    session: Session, allocation: Allocation, action: str, actor: Actor, now: datetime, **detail: object
) -> None:
    session.flush()
    audit.record(
        session,
        actor=actor,
        action=action,
        subject_type="allocation",
        subject_id=allocation.id,
        now=now,
        region_code=allocation.region_code,
        **detail,
    )
