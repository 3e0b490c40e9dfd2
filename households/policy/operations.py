"""Putting a policy set in force, and the drafts that lead to one."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from households.policy.document import FaultyPolicy, Policy
from households.policy.models import PolicyDraft, PolicySet
from households.policy.queries import get_draft
from households.policy.reading import read_policy
from households.portrait.renewal import plan_renewal
from kernel import audit
from kernel.accounts.rules import require_scope
from kernel.audit import Actor
from kernel.catalogue.queries import all_categories
from kernel.clock import day_of
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotFound
from kernel.regions.queries import get_region

TAKEN = "The id %(id)s is another policy set's; give this one an id of its own"
STALE = "Somebody changed this draft meanwhile; look at it again and repeat your change"


def read_entry(session: Session, document: Any) -> Policy:
    """The policy of a document as handed in. Raises InvalidFields with every fault at its place: what cannot be read, categories that the
    catalogue does not have, a region that the tree does not have."""
    try:
        policy = read_policy(document)
    except FaultyPolicy as error:
        raise InvalidFields(
            [InvalidInput(words.message, field=place or "document", **words.values) for place, words in error.faults]
        ) from None
    known = {category.code for category in all_categories(session)}
    faults = [
        InvalidInput("There is no category %(code)s in the catalogue", field=f"measures[{k}].category", code=measure.category)
        for k, measure in enumerate(policy.measures)
        if measure.category not in known
    ]  # fmt: skip
    try:
        get_region(session, policy.region)
    except NotFound as error:
        faults.append(InvalidInput(error.message, field="region", **error.values))
    if faults:
        raise InvalidFields(faults)
    return policy


def add_policy_set(
    session: Session, *, document: dict[str, Any], actor: Actor, scope: tuple[str, ...], now: datetime
) -> PolicySet:
    """Keeps a new set and plans the renewal of its region's portraits for the day it begins; the one that would hold beside it ends the day
    before. The same document again changes nothing.

    Raises InvalidFields, OutsideScope, Conflict (the code is another document's, a later set stands in the way, or it would end a set on a
    day past: what was made under that is on record).
    """
    policy = read_entry(session, document)
    require_scope(scope, policy.region)
    known = session.scalar(sa.select(PolicySet).where(PolicySet.code == policy.id))
    if known is not None:
        if known.document == document:
            return known
        raise Conflict(
            "The id %(id)s is another policy set's; give this one an id of its own", field="id", id=policy.id
        )
    end = None if policy.valid_to is None else policy.valid_to + timedelta(days=1)
    for row in session.scalars(
        sa.select(PolicySet)
        .where(PolicySet.region_code == policy.region, PolicySet.holds.overlaps(Range(policy.valid_from, end)))
        .with_for_update()
    ):
        if row.holds.lower is not None and row.holds.lower >= policy.valid_from:
            raise Conflict(
                "Policy set %(code)s holds from %(day)s; let this one begin later or end before",
                field="valid_from", code=row.code, day=row.holds.lower,
            )  # fmt: skip
        if policy.valid_from < day_of(now):
            raise Conflict(
                "Portraits were made under policy set %(code)s up to today; let this one begin on %(day)s or later",
                field="valid_from", code=row.code, day=day_of(now),
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
    plan_renewal(
        session, region_code=policy.region, reason="policy", actor=actor, now=now, policy_set_id=made.id,
        from_day=policy.valid_from,
    )  # fmt: skip
    return made


def keep_draft(
    session: Session,
    *,
    document: dict[str, Any],
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
    draft_id: uuid.UUID | None = None,
    version: int | None = None,
) -> PolicyDraft:
    """Keeps a document as a new draft, or as the new state of `draft_id` as it was at `version`.

    Raises InvalidFields, OutsideScope, NotFound, Conflict (the id is a published set's, or somebody changed the draft).
    """
    policy = read_entry(session, document)
    require_scope(scope, policy.region)
    if session.scalar(sa.select(PolicySet.id).where(PolicySet.code == policy.id)) is not None:
        raise Conflict(TAKEN, field="id", id=policy.id)
    if draft_id is None:
        draft = PolicyDraft(
            region_code=policy.region, document=document, creator_id=actor.id, created_at=now, updated_at=now
        )
        session.add(draft)
    else:
        draft = get_draft(session, draft_id, scope=scope)
        if version is not None and draft.version != version:
            raise Conflict(STALE)
        draft.region_code, draft.document, draft.updated_at = policy.region, document, now
    session.flush()
    _record(session, draft, "policy.drafted", actor, now)
    return draft


def publish_draft(
    session: Session, *, draft_id: uuid.UUID, version: int, actor: Actor, scope: tuple[str, ...], now: datetime
) -> PolicySet:
    """Puts the draft in force from its first day on. Raises as add_policy_set, Conflict also where somebody changed it."""
    draft = get_draft(session, draft_id, scope=scope)
    if draft.version != version:
        raise Conflict(STALE)
    made = add_policy_set(session, document=draft.document, actor=actor, scope=scope, now=now)
    session.delete(draft)
    session.flush()
    return made


def discard_draft(
    session: Session, *, draft_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> None:
    """Throws a draft away. Raises NotFound."""
    draft = get_draft(session, draft_id, scope=scope)
    _record(session, draft, "policy.draft_discarded", actor, now)
    session.delete(draft)
    session.flush()


def _record(session: Session, draft: PolicyDraft, action: str, actor: Actor, now: datetime) -> None:
    audit.record(
        session, actor=actor, action=action, subject_type="policy_draft", subject_id=draft.id, now=now,
        region_code=draft.region_code, code=draft.document["id"],
    )  # fmt: skip
