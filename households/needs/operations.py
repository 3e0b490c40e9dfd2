"""Writing needs: posting, changing, withdrawing, and the guarded counts by which a committed round promises and delivers."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from households.models import Household
from households.needs.models import Need
from households.needs.queries import catalogue_of, get_need, household_facts
from households.needs.rules import CheckedNeed, NeedEntry, check_need
from kernel import audit
from kernel.accounts.rules import require_scope
from kernel.audit import Actor
from kernel.checking import plain
from kernel.clock import day_of
from kernel.database import new_id
from kernel.errors import Conflict, InvalidInput, NotEnough, NotFound


def post_need(session: Session, *, entry: NeedEntry, actor: Actor, scope: tuple[str, ...], now: datetime) -> Need:
    """A new need of a household. Raises InvalidFields (every fault), NotFound (household, also outside `scope`)."""
    household = household_facts(session, entry.household_id, scope=scope)
    checked = check_need(entry, household=household, catalogue=catalogue_of(session), today=day_of(now))
    require_scope(scope, checked.region_code)
    return add_needs(session, checked=[checked], actor=actor, now=now)[0]


def add_needs(session: Session, *, checked: Sequence[CheckedNeed], actor: Actor, now: datetime) -> list[Need]:
    """Writes needs that were checked against their households and the catalogue, in bulk."""
    needs = []
    for one in checked:
        need = Need(
            **{**asdict(one), "accepts": list(one.accepts), "requires": list(one.requires)},
            id=new_id(),
            posted_at=now,
            updated_at=now,
        )
        needs.append(need)
        _record(session, need, "need.posted", actor, now, category=one.category_code, quantity=one.quantity)
    session.add_all(needs)
    session.flush()
    return needs


def change_need(
    session: Session,
    *,
    need_id: uuid.UUID,
    entry: NeedEntry,
    version: int,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Need:
    """The need as `entry` says; its household stays. Raises InvalidFields, NotFound, Conflict.

    Not below what is promised and delivered; while something of it is promised, its category and fill stay.
    """
    need = get_need(session, need_id, scope=scope)
    if need.version != version:
        raise Conflict("Somebody changed this need meanwhile; look at it again and repeat your change")
    if need.status != "open":
        raise Conflict("Only an open need can be changed")
    if entry.household_id != need.household_id:
        raise InvalidInput("A need stays with its household; withdraw it and post a new one", field="household_id")
    household = household_facts(session, need.household_id, scope=scope)
    checked = check_need(entry, household=household, catalogue=catalogue_of(session), today=day_of(now))
    bound = need.reserved + need.delivered
    if checked.quantity < bound:
        raise NotEnough(
            "%(bound)s units are promised or delivered already; the quantity cannot be less",
            field="quantity",
            bound=bound,
        )
    if bound and (checked.category_code, checked.fill) != (need.category_code, need.fill):
        raise Conflict(
            "Part of this need is promised or delivered: its category and the way it is filled stay",
            field="category_code",
        )
    changed = []
    for name, value in asdict(checked).items():
        value = list(value) if isinstance(value, tuple) else value
        if getattr(need, name) != value:
            setattr(need, name, value)
            changed.append(name)
    if changed:
        need.updated_at = now
        _settle(need)
        session.flush()
        _record(session, need, "need.changed", actor, now, fields=changed)
    return need


def withdraw_need(
    session: Session, *, need_id: uuid.UUID, reason: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Need:
    """Takes the need back. Raises NotFound, InvalidInput (no reason), Conflict while something of it is promised."""
    get_need(session, need_id, scope=scope)
    need = session.scalars(
        sa.select(Need).where(Need.id == need_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if not reason.strip():
        raise InvalidInput("Say why the need is withdrawn", field="reason")
    plain(reason, field="reason", lines=True)
    if need.status != "open":
        raise Conflict("Only an open need can be withdrawn")
    if need.reserved:
        raise Conflict("Part of this need is promised; void or deliver that first")
    need.status, need.updated_at = "withdrawn", now
    session.flush()
    _record(session, need, "need.withdrawn", actor, now)
    return need


def hold_many(session: Session, rows: Iterable[tuple[uuid.UUID, int]], now: datetime) -> None:
    """Promises `quantity` units of each need, all or none; rows of the same need add up.

    Raises NotEnough naming the need that does not ask for as much any more, Conflict (not open), NotFound.
    """
    amounts = _amounts(rows)
    open_units = Need.quantity - Need.reserved - Need.delivered
    done = _move(
        session,
        amounts,
        where=lambda n: sa.and_(Need.status == "open", open_units >= n),
        values=lambda n: {"reserved": Need.reserved + n},
        now=now,
    )
    _refuse_rest(session, amounts, done)


def release(session: Session, rows: Iterable[tuple[uuid.UUID, int]], now: datetime) -> None:
    """Takes promises back, all or none. Raises NotEnough where less is promised, NotFound."""
    amounts = _amounts(rows)
    done = _move(
        session,
        amounts,
        where=lambda n: Need.reserved >= n,
        values=lambda n: {"reserved": Need.reserved - n},
        now=now,
    )
    _refuse_rest(session, amounts, done, promised=True)


def deliver(session: Session, rows: Iterable[tuple[uuid.UUID, int]], now: datetime) -> None:
    """Turns promised units into delivered ones, all or none; a need delivered in full is met. Raises NotEnough, NotFound."""
    amounts = _amounts(rows)
    done = _move(
        session,
        amounts,
        where=lambda n: Need.reserved >= n,
        values=lambda n: {
            "reserved": Need.reserved - n,
            "delivered": Need.delivered + n,
            "status": sa.case((Need.delivered + n >= Need.quantity, "met"), else_=Need.status),
        },
        now=now,
    )
    _refuse_rest(session, amounts, done, promised=True)


def set_rounds_waited(session: Session, rounds: Mapping[uuid.UUID, int]) -> None:
    """Notes on each need how many whole rounds it has waited, as counted from the rounds themselves (promise 28).

    The version stays: a form that somebody has open does not become stale by it.
    """
    for count in sorted(set(rounds.values())):
        ids = sa.cast([key for key, value in rounds.items() if value == count], ARRAY(sa.Uuid))
        session.execute(
            sa.update(Need)
            .where(Need.id == sa.func.any(ids), Need.rounds_waited != count)
            .values(rounds_waited=count)
            .execution_options(synchronize_session=False)
        )
    session.expire_all()


def move_needs(
    session: Session, household: Household, *, region_code: str, lat: float | None, lon: float | None, now: datetime
) -> list[Need]:
    """The open needs of a household that is about to live elsewhere, locked: those at its place go along, to its new point (None: unknown).

    Call it before the household's own row is changed.
    """
    needs = list(
        session.scalars(
            sa.select(Need)
            .where(Need.household_id == household.id, Need.status == "open")
            .order_by(Need.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )
    for need in needs:
        if need.region_code == household.region_code:
            need.region_code, need.updated_at = region_code, now
        if (need.lat, need.lon) == (household.lat, household.lon):
            need.lat, need.lon = lat, lon
    session.flush()
    return needs


def expire_needs(session: Session, *, actor: Actor, now: datetime) -> int:
    """Closes open needs whose last day has passed and of which nothing is promised; returns how many."""
    overdue = list(
        session.scalars(
            sa.select(Need)
            .where(Need.status == "open", Need.due_on < day_of(now), Need.reserved == 0)
            .with_for_update(skip_locked=True)
        )
    )
    for need in overdue:
        need.status, need.updated_at = "expired", now
        _record(session, need, "need.expired", actor, now)
    session.flush()
    return len(overdue)


def _amounts(rows: Iterable[tuple[uuid.UUID, int]]) -> dict[uuid.UUID, int]:
    amounts: Counter[uuid.UUID] = Counter()
    for need_id, quantity in rows:
        if quantity < 1:
            raise InvalidInput("A quantity is a whole number of at least 1", field="quantity")
        amounts[need_id] += quantity
    return dict(amounts)


def _move(session, amounts, *, where, values, now) -> set[uuid.UUID]:
    """One guarded statement over all rows. The rows are locked in the order of their ids first, so that two never wait for each other."""
    session.flush()
    ids = sorted(amounts)
    session.execute(sa.select(Need.id).where(Need.id.in_(ids)).order_by(Need.id).with_for_update())
    moved = sa.select(
        sa.func.unnest(sa.cast(ids, ARRAY(sa.Uuid))).label("id"),
        sa.func.unnest(sa.cast([amounts[one] for one in ids], ARRAY(sa.Integer))).label("units"),
    ).subquery("moved")
    units = moved.c.units
    done = set(
        session.scalars(
            sa.update(Need)
            .where(Need.id == moved.c.id, where(units))
            .values(**values(units), updated_at=now, version=Need.version + 1)
            .returning(Need.id)
            .execution_options(synchronize_session=False)
        )
    )
    for row in session.identity_map.values():
        if isinstance(row, Need) and row.id in done:
            session.expire(row)
    return done


def _refuse_rest(
    session: Session, amounts: dict[uuid.UUID, int], done: set[uuid.UUID], *, promised: bool = False
) -> None:
    """Names the first need the guarded statement left out; the caller's transaction must not be committed then."""
    left = sorted(set(amounts) - done)
    if not left:
        return
    row = session.execute(
        sa.select(Need.number, Need.status, Need.quantity, Need.reserved, Need.delivered).where(Need.id == left[0])
    ).first()
    if row is None:
        raise NotFound("There is no such need")
    wanted = amounts[left[0]]
    if promised:
        raise NotEnough(
            "Need %(number)s has %(left)s units promised, %(wanted)s were asked for",
            number=row.number,
            left=row.reserved,
            wanted=wanted,
        )
    if row.status != "open":
        raise Conflict("Need %(number)s is not open any more", number=row.number)
    raise NotEnough(
        "Need %(number)s asks for %(left)s more units, %(wanted)s were to be promised",
        number=row.number,
        left=row.quantity - row.reserved - row.delivered,
        wanted=wanted,
    )


def _settle(need: Need) -> None:
    """A need whose whole quantity has arrived is met."""
    if need.delivered >= need.quantity:
        need.status = "met"


def _record(session: Session, need: Need, action: str, actor: Actor, now: datetime, **detail: object) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        subject_type="need",
        subject_id=need.id,
        now=now,
        region_code=need.region_code,
        **detail,
    )
