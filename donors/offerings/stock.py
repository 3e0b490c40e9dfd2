"""Moving stock: held, given back, handed over. Guarded in SQL, journalled once per reference (promise 1).

Locks are taken late and in the order of the offerings' ids, so that two commits that want the same offerings queue up and
never deadlock. A caller that moves stock and money in one transaction moves the stock first.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from donors.models import Donor
from donors.offerings.models import Offering, StockMovement
from donors.offerings.rules import Hold, OfferingsShort, ShortOffering
from kernel.errors import Conflict, InvalidInput, NotEnough, NotFound


def hold(session: Session, *, offering_id: uuid.UUID, quantity: int, reference: str, now: datetime) -> bool:
    """Promises `quantity` units. False where this reference holds them already. Raises OfferingsShort, Conflict, InvalidInput."""
    return hold_many(session, [Hold(offering_id, quantity, reference)], now=now) == 1


def hold_many(session: Session, rows: Sequence[Hold], *, now: datetime) -> int:
    """Promises all rows or none; returns how many were new (a reference that holds the same units already counts as done).

    Raises OfferingsShort naming every offering that is short, paused, withdrawn, gone or of a suspended donor; Conflict where a
    reference was used for something else; InvalidInput for a quantity below 1.
    """
    held = _lock(session, [row.offering_id for row in rows])
    fresh = _new_rows(session, rows, kind="reserve")
    if not fresh:
        return 0
    asked: dict[uuid.UUID, int] = defaultdict(int)
    for row in fresh:
        asked[row.offering_id] += row.quantity
    open_donors = set(
        session.scalars(
            sa.select(Donor.id).where(Donor.id.in_({row.donor_id for row in held.values()}), Donor.status == "active")
        )
    )
    short = [
        fault for key, units in sorted(asked.items()) if (fault := _shortage(held.get(key), key, units, open_donors))
    ]
    if short:
        raise OfferingsShort(tuple(short))
    with session.begin_nested():
        _journal(session, fresh, kind="reserve", now=now)
        moved = _move(session, asked, "reserve")
        if moved != set(asked):  # the guard in SQL is the last word, whatever was read above
            raise OfferingsShort(
                tuple(ShortOffering(key, None, "", asked[key], 0, "stock") for key in sorted(set(asked) - moved))
            )
    return len(fresh)


def release(session: Session, *, offering_id: uuid.UUID, quantity: int, reference: str, now: datetime) -> bool:
    """Gives back `quantity` units of what this reference holds. False where that was done already. Raises NotEnough, Conflict."""
    return release_many(session, [Hold(offering_id, quantity, reference)], now=now) == 1


def release_many(session: Session, rows: Sequence[Hold], *, now: datetime) -> int:
    """Gives all rows back or none (a voided round); returns how many were new. Raises as `release`."""
    return _settle(session, rows, kind="release", now=now)


def deliver(session: Session, *, offering_id: uuid.UUID, quantity: int, reference: str, now: datetime) -> bool:
    """Hands over `quantity` units of what this reference holds. False where that was done already. Raises NotEnough, Conflict."""
    return deliver_many(session, [Hold(offering_id, quantity, reference)], now=now) == 1


def deliver_many(session: Session, rows: Sequence[Hold], *, now: datetime) -> int:
    """Hands all rows over or none; returns how many were new. Raises as `deliver`."""
    return _settle(session, rows, kind="deliver", now=now)


def _settle(session: Session, rows: Sequence[Hold], *, kind: str, now: datetime) -> int:
    """A reservation may be part delivered and part released, each once, together never more than it holds."""
    if not rows:
        return 0
    held = _lock(session, [row.offering_id for row in rows])
    for row in rows:
        if row.offering_id not in held:
            raise NotFound("There is no such offering, or it lies outside your regions", field="offering_id")
    fresh = _new_rows(session, rows, kind=kind)
    if not fresh:
        return 0
    left: dict[tuple[str, uuid.UUID], int] = defaultdict(int)
    for movement in session.scalars(
        sa.select(StockMovement).where(StockMovement.reference.in_([row.reference for row in fresh]))
    ):
        signed = movement.quantity if movement.kind == "reserve" else -movement.quantity
        left[movement.reference, movement.offering_id] += signed
    units: dict[uuid.UUID, int] = defaultdict(int)
    for row in fresh:
        remaining = left[row.reference, row.offering_id]
        if row.quantity > remaining:
            raise NotEnough(
                "Only %(left)s units of this promise are left; %(asked)s were asked for",
                field="quantity",
                left=remaining,
                asked=row.quantity,
            )
        units[row.offering_id] += row.quantity
    with session.begin_nested():
        _journal(session, fresh, kind=kind, now=now)
        if _move(session, units, kind) != set(units):
            raise NotEnough("Less is promised of this offering than its journal says; reconcile the stock first")
    return len(fresh)


def _lock(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, sa.Row]:
    """The rows' figures, locked in the order of their ids until the transaction ends."""
    found = session.execute(
        sa.select(
            Offering.id, Offering.number, Offering.title, Offering.status, Offering.donor_id,
            (Offering.quantity - Offering.reserved - Offering.delivered).label("available"),
        )
        .where(Offering.id.in_(set(ids)))
        .order_by(Offering.id)
        .with_for_update(key_share=True)
    )  # fmt: skip
    return {row.id: row for row in found}


def _new_rows(session: Session, rows: Sequence[Hold], *, kind: str) -> list[Hold]:
    """The rows whose reference was not used for this kind of movement. Raises InvalidInput, Conflict."""
    seen: dict[str, Hold] = {}
    for row in rows:
        if isinstance(row.quantity, bool) or row.quantity < 1:
            raise InvalidInput("At least one unit must be asked for", field="quantity")
        if not row.reference:
            raise InvalidInput("A movement of stock names what it is for", field="reference")
        if row.reference in seen:
            raise Conflict("The reference %(reference)s is used twice", field="reference", reference=row.reference)
        seen[row.reference] = row
    known = session.execute(
        sa.select(StockMovement.reference, StockMovement.offering_id, StockMovement.quantity).where(
            StockMovement.kind == kind, StockMovement.reference.in_(list(seen))
        )
    )
    for reference, offering_id, quantity in known:
        if seen.pop(reference) != Hold(offering_id, quantity, reference):
            raise Conflict(
                "The reference %(reference)s was used for something else before", field="reference", reference=reference
            )
    return list(seen.values())


def _journal(session: Session, rows: Sequence[Hold], *, kind: str, now: datetime) -> None:
    try:
        session.execute(
            sa.insert(StockMovement),
            [
                {
                    "offering_id": row.offering_id,
                    "kind": kind,
                    "quantity": row.quantity,
                    "reference": row.reference,
                    "at": now,
                }
                for row in rows
            ],
        )
    except sa.exc.IntegrityError as error:
        raise Conflict(
            "The same movement is being booked by somebody else; reload the page", field="reference"
        ) from error


_MOVES = {
    "reserve": (
        {"reserved": Offering.reserved + sa.column("units")},
        sa.and_(
            Offering.status == "open",
            Offering.reserved + Offering.delivered + sa.column("units") <= Offering.quantity,
        ),
    ),
    "release": ({"reserved": Offering.reserved - sa.column("units")}, Offering.reserved >= sa.column("units")),
    "deliver": (
        {
            "reserved": Offering.reserved - sa.column("units"),
            "delivered": Offering.delivered + sa.column("units"),
        },
        Offering.reserved >= sa.column("units"),
    ),
}


def _move(session: Session, units: dict[uuid.UUID, int], kind: str) -> set[uuid.UUID]:
    """One guarded UPDATE over all offerings; returns the ids it moved. Figures of loaded offerings are read anew."""
    asked = (
        sa.func.unnest(sa.cast(list(units), ARRAY(sa.Uuid)), sa.cast(list(units.values()), ARRAY(sa.Integer)))
        .table_valued("offering_id", "units")
        .render_derived(name="asked")
    )
    values, guard = _MOVES[kind]
    moved = set(
        session.scalars(
            sa.update(Offering)
            .where(Offering.id == asked.c.offering_id, guard)
            .values(values)
            .returning(Offering.id)
            .execution_options(synchronize_session=False)
        )
    )
    for loaded in list(session.identity_map.values()):
        if isinstance(loaded, Offering) and loaded.id in moved:
            session.expire(loaded, ["reserved", "delivered"])
    return moved


def _shortage(row: sa.Row | None, key: uuid.UUID, asked: int, open_donors: set[uuid.UUID]) -> ShortOffering | None:
    if row is None:
        return ShortOffering(key, None, "", asked, 0, "gone")
    if row.status != "open":
        return ShortOffering(key, row.number, row.title, asked, row.available, "status")
    if row.donor_id not in open_donors:
        return ShortOffering(key, row.number, row.title, asked, row.available, "donor")
    if row.available < asked:
        return ShortOffering(key, row.number, row.title, asked, row.available, "stock")
    return None
