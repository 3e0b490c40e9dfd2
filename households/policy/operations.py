"""Putting a policy set in force, and seeing beforehand whose portrait it would change."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session, selectinload

from households.models import Household
from households.policy.document import FaultyPolicy, Policy, read_policy
from households.policy.models import PolicySet
from households.policy.queries import policy_in_force
from households.portrait.portrait import portrait_of
from households.portrait.stored import known_of
from kernel import audit
from kernel.audit import Actor
from kernel.database import within
from kernel.errors import Conflict, InvalidFields, InvalidInput, OutsideScope

SHOWN = 100
"""Households named in a preview; the counts are of all"""


@dataclass(frozen=True)
class Change:
    """A household whose category, main type or risk tier another policy would change: (category, main type, risk tier) before and after."""

    household: Household
    before: tuple[str, str | None, str] | None
    after: tuple[str, str | None, str]


@dataclass(frozen=True)
class Preview:
    """`count` households looked at; `changed` of them, the first named in `changes`; `moves` (what, from, to) → households."""

    count: int
    changed: int
    changes: tuple[Change, ...]
    moves: dict[tuple[str, str | None, str | None], int]


def read_entry(document: Any) -> Policy:
    """The policy of a document as handed in. Raises InvalidFields with every fault at its place."""
    try:
        return read_policy(document)
    except FaultyPolicy as error:
        raise InvalidFields(
            [InvalidInput("%(fault)s", field=place or "document", fault=words) for place, words in error.faults]
        ) from None


def add_policy_set(
    session: Session, *, document: dict[str, Any], actor: Actor, scope: tuple[str, ...], now: datetime
) -> PolicySet:
    """Keeps a new set; the one that would hold beside it ends the day before. The same document again changes nothing.

    Raises InvalidFields, OutsideScope, Conflict (the code is another document's, or a later set stands in the way).
    """
    policy = read_entry(document)
    if not any(policy.region.startswith(code) for code in scope):
        raise OutsideScope("Region %(code)s lies outside yours", code=policy.region)
    known = session.scalar(sa.select(PolicySet).where(PolicySet.code == policy.id))
    if known is not None:
        if known.document == document:
            return known
        raise Conflict("The id %(id)s is another policy set's; give this one an id of its own", id=policy.id)
    end = None if policy.valid_to is None else policy.valid_to + timedelta(days=1)
    for row in session.scalars(
        sa.select(PolicySet)
        .where(PolicySet.region_code == policy.region, PolicySet.holds.overlaps(Range(policy.valid_from, end)))
        .with_for_update()
    ):
        if row.holds.lower is not None and row.holds.lower >= policy.valid_from:
            raise Conflict(
                "Policy set %(code)s holds from %(day)s; let this one begin later or end before", code=row.code, day=row.holds.lower
            )  # fmt: skip
        row.holds = Range(row.holds.lower, policy.valid_from)
    session.flush()
    made = PolicySet(
        code=policy.id, region_code=policy.region, holds=Range(policy.valid_from, end), document=document,
        creator_id=actor.id, created_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(
        session, actor=actor, action="policy.added", subject_type="policy", subject_id=made.id, now=now,
        region_code=policy.region, code=policy.id, valid_from=policy.valid_from.isoformat(),
    )  # fmt: skip
    return made


def preview(session: Session, *, document: Any, scope: tuple[str, ...], day: date) -> Preview:
    """What the document would change for the active households of its region within `scope`, against what holds for each on `day`."""
    policy = read_entry(document)
    query = (
        sa.select(Household)
        .where(Household.status == "active", within(Household.region_code, scope), within(Household.region_code, (policy.region,)))
        .order_by(Household.number)
        .options(selectinload(Household.members), selectinload(Household.indicators), selectinload(Household.events))
        .execution_options(yield_per=500)
    )  # fmt: skip
    count, changes, moves, kept = 0, [], Counter[tuple[str, str | None, str | None]](), 0
    for household in session.scalars(query):
        count += 1
        known = known_of(household, day)
        holds = policy_in_force(session, region_code=household.region_code, day=day)
        before = None if holds is None else _told(portrait_of(known, holds))
        after = _told(portrait_of(known, policy))
        if before == after:
            continue
        kept += 1
        for name, old, new in zip(("category", "main_type", "risk_tier"), before or (None,) * 3, after, strict=True):
            if old != new:
                moves[name, old, new] += 1
        if len(changes) < SHOWN:
            changes.append(Change(household, before, after))
    return Preview(count, kept, tuple(changes), dict(moves))


def _told(portrait: Any) -> tuple[str, str | None, str]:
    return portrait.category.name, portrait.main, portrait.risk.name
