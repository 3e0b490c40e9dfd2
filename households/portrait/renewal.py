"""The portraits of a whole region made anew: read as columns, reckoned at once, and only what changed written back by COPY.

A renewal goes on piece by piece, each in a transaction of its own that also moves its row on; so it may be stopped anywhere, and two workers
that have the same one do not meet. A household whose facts change meanwhile is left out: the change itself records its portrait.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from households.policy.document import RISK_TIERS
from households.policy.models import PolicySet
from households.portrait.columns import PIECE, InForce, Piece, copied, count_households, in_force, read_piece
from households.portrait.facts import CATEGORIES, EVENTS, INDICATORS, TYPES
from households.portrait.many import Portraits
from households.portrait.models import KeptPortrait, PortraitRenewal
from households.portrait.record import Result, mark_of
from kernel import audit, outbox
from kernel.accounts.rules import require_scope
from kernel.audit import SYSTEM, Actor
from kernel.clock import SHANGHAI, day_of
from kernel.database import new_id
from kernel.regions.queries import get_region

TOPIC = "renew_portraits"
ENDED_DAYS = timedelta(days=7)
_COLUMNS = (
    "id", "household_id", "policy_set_id", "day", "category", "main_type", "secondary", "scores", "risk_tier", "suggested", "facts",
    "mark", "made_at",
)  # fmt: skip
Row = tuple[Any, ...]


def plan_renewal(
    session: Session,
    *,
    region_code: str,
    reason: str,
    actor: Actor,
    now: datetime,
    policy_set_id: Any = None,
    from_day: date | None = None,
) -> PortraitRenewal:
    """A renewal to be done by a worker, not before `from_day` begins in Shanghai. Raises NotFound (region)."""
    get_region(session, region_code)
    due = now if from_day is None else max(now, datetime.combine(from_day, time(0), SHANGHAI))
    renewal = PortraitRenewal(
        region_code=region_code, reason=reason, planned_on=day_of(due), policy_set_id=policy_set_id, creator_id=actor.id, created_at=now,
    )  # fmt: skip
    session.add(renewal)
    session.flush()
    outbox.enqueue(session, topic=TOPIC, now=now, due_at=due, renewal_id=renewal.id)
    return renewal


def ask_renewal(
    session: Session, *, region_code: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> PortraitRenewal:
    """A renewal that somebody asked for; one that waits or is under way for the region already serves. Raises OutsideScope, NotFound."""
    require_scope(scope, region_code)
    get_region(session, region_code)
    known = session.scalar(
        sa.select(PortraitRenewal).where(
            PortraitRenewal.region_code == region_code,
            PortraitRenewal.reason == "asked",
            PortraitRenewal.status != "done",
        )
    )
    if known is not None:
        return known
    planned = plan_renewal(session, region_code=region_code, reason="asked", actor=actor, now=now)
    audit.record(
        session, actor=actor, action="portraits.renewal_asked", subject_type="portrait_renewal", subject_id=planned.id, now=now,
        region_code=region_code,
    )  # fmt: skip
    return planned


def plan_daily_renewals(session: Session, *, now: datetime) -> int:
    """Once a day a renewal of every region with a policy set in force, since events age, and of one whose set has ended, since what followed
    from it is no longer so; how many were planned. An ended set is looked after for a week, so that a day without a worker is made good."""
    day = day_of(now)
    ends = sa.func.upper(PolicySet.holds, type_=sa.Date)
    ended = sa.and_(ends <= day, ends > day - ENDED_DAYS)
    codes = sorted(
        session.scalars(sa.select(PolicySet.region_code).where(sa.or_(PolicySet.holds.contains(day), ended)).distinct())
    )
    planned = 0
    for code in codes:
        if any(code != other and code.startswith(other) for other in codes):
            continue  # done with the region above
        made = session.scalar(
            insert(PortraitRenewal)
            .values(id=new_id(), region_code=code, reason="daily", planned_on=day, created_at=now)
            .on_conflict_do_nothing(
                index_elements=["region_code", "planned_on"], index_where=sa.text("reason = 'daily'")
            )
            .returning(PortraitRenewal.id)
        )
        if made is not None:
            outbox.enqueue(session, topic=TOPIC, now=now, renewal_id=made)
            planned += 1
    return planned


def renew_piece(session: Session, *, renewal_id: Any, now: datetime, most: int = PIECE) -> PortraitRenewal | None:
    """Does the next piece of a renewal; commit after it. None where another worker has it in hand or there is no such renewal.

    `status` is done in what is given back once all is done. The day is that of `now`.
    """
    renewal = session.scalar(
        sa.select(PortraitRenewal).where(PortraitRenewal.id == renewal_id).with_for_update(skip_locked=True)
    )
    if renewal is None or renewal.status == "done":
        return renewal
    # a piece is seconds of work on a machine of its own; on a busy one it may take its time
    session.execute(sa.text("SET LOCAL statement_timeout = '10min'"))
    day, codes = day_of(now), (renewal.region_code,)
    if renewal.status == "waiting":
        renewal.status, renewal.started_at = "running", now
        renewal.total = count_households(session, region_codes=codes, day=day)
    piece = read_piece(session, region_codes=codes, after=renewal.last_number, day=day, most=most)
    if piece is not None:
        holds = in_force(session, region_code=renewal.region_code, day=day)
        renewal.changed += write_changed(session, piece, holds, day=day, now=now)
        renewal.done += len(piece.ids)
        renewal.last_number = int(piece.numbers[-1])
    if piece is None or len(piece.ids) < most:
        renewal.status, renewal.finished_at, renewal.total = "done", now, renewal.done
        audit.record(
            session, actor=SYSTEM, action="portraits.renewed", subject_type="portrait_renewal", subject_id=renewal.id, now=now,
            region_code=renewal.region_code, reason=renewal.reason, households=renewal.done, changed=renewal.changed,
        )  # fmt: skip
    session.flush()
    return renewal


def write_changed(session: Session, piece: Piece, holds: InForce, *, day: date, now: datetime) -> int:
    """Records the portraits of a piece that differ from what is on record; how many did."""
    before = _marks(session, piece)
    made: dict[int, Row | None] = {}
    with_set = np.zeros(len(piece.ids), bool)
    for code, chosen, portraits in holds.portraits(piece, day):
        with_set[chosen] = True
        set_id = holds.by_region[code][0]
        for place, facts, result in records(piece, chosen, portraits):
            mark = mark_of(set_id, facts, result)
            if before.get(piece.ids[place]) != mark:
                made[place] = (
                    str(new_id()), piece.ids[place], set_id, day, result.category, result.main_type, list(result.secondary),
                    list(result.scores), result.risk_tier, json.dumps(result.suggested), json.dumps(facts), mark, now,
                )  # fmt: skip
    for place in np.flatnonzero(~with_set).tolist():
        if piece.ids[place] in before:
            made[place] = None
    if not made:
        return 0
    unchanged = _hold_unchanged(session, piece, sorted(made))
    session.execute(
        sa.text(
            "UPDATE portraits SET superseded_at = :now WHERE superseded_at IS NULL AND household_id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"now": now, "ids": [piece.ids[place] for place in unchanged]},
    )
    rows = [row for place in unchanged if (row := made[place]) is not None]
    driver = session.connection().connection.driver_connection
    assert driver is not None
    statement = sql.SQL("COPY portraits ({}) FROM STDIN").format(sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)))
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
    for held in list(session.identity_map.values()):
        if isinstance(held, KeptPortrait):
            session.expire(held)  # written past the session
    return len(unchanged)


def records(piece: Piece, chosen: np.ndarray, portraits: Portraits) -> Iterator[tuple[int, dict[str, Any], Result]]:
    """(place in the piece, facts, results) of each chosen household, as `record` writes those of one."""
    names, kinds, measures = list(INDICATORS), list(EVENTS), list(portraits.suggested)
    values, happened = piece.indicators[chosen].tolist(), piece.happened[chosen].tolist()
    on_file = piece.on_file[chosen].tolist()
    days = {o: date.fromordinal(o).isoformat() for o in np.unique(piece.happened[chosen]).tolist() if o}
    order = np.argsort(-portraits.scores, axis=1, kind="stable")
    quantities = np.stack([*portraits.suggested.values()], axis=1).tolist() if measures else [[]] * len(values)
    columns = zip(
        chosen.tolist(), piece.members[chosen].tolist(), values, on_file, happened, portraits.category.tolist(), portraits.main.tolist(),
        portraits.secondary.tolist(), order.tolist(), portraits.scores.tolist(), portraits.risk.tolist(), quantities, strict=True,
    )  # fmt: skip
    for place, members, numbers, known, last, category, main, secondary, ordered, scores, risk, suggested in columns:
        facts = {
            "members": members,
            "indicators": {name: value for name, value, given in zip(names, numbers, known, strict=True) if given},
            "events": {kind: days[ordinal] for kind, ordinal in zip(kinds, last, strict=True) if ordinal},
        }
        yield (
            place,
            facts,
            Result(
                CATEGORIES[category], TYPES[main] if main >= 0 else None,
                tuple(TYPES[k] for k in ordered if secondary[k]), tuple(scores), RISK_TIERS[risk],
                {code: quantity for code, quantity in zip(measures, suggested, strict=True) if quantity},
            ),
        )  # fmt: skip


def _marks(session: Session, piece: Piece) -> dict[str, bytes]:
    """Household → mark of its current portrait."""
    query = sql.SQL(
        "SELECT p.household_id, encode(p.mark, 'hex') FROM portraits p JOIN households h ON h.id = p.household_id "
        "WHERE p.superseded_at IS NULL AND h.number BETWEEN {} AND {}"
    ).format(sql.Literal(int(piece.numbers[0])), sql.Literal(int(piece.numbers[-1])))
    lines = copied(session, query).decode().split()
    return {lines[k]: bytes.fromhex(lines[k + 1]) for k in range(0, len(lines), 2)}


def _hold_unchanged(session: Session, piece: Piece, places: list[int]) -> list[int]:
    """Locks the households at these places and gives those that nobody changed since they were read."""
    held = session.execute(
        sa.text(
            "SELECT h.id::text FROM households h JOIN unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[])) AS read (id, version) "
            "ON h.id = read.id AND h.version = read.version ORDER BY h.id FOR NO KEY UPDATE OF h"
        ),
        {"ids": [piece.ids[place] for place in places], "versions": [piece.versions[place] for place in places]},
    )
    still = set(held.scalars())
    return [place for place in places if piece.ids[place] in still]
