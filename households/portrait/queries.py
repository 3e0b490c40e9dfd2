"""Reading portraits: what follows today from the facts on record, what was recorded before, and how renewals come on."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household
from households.policy.models import PolicySet
from households.policy.queries import policy_of, policy_set_in_force
from households.portrait.facts import INDICATORS, Known
from households.portrait.models import KeptPortrait, PortraitRenewal
from households.portrait.portrait import Portrait, portrait_of
from households.portrait.record import facts_document, known_from
from kernel.database import within
from kernel.errors import NotFound

SHOWN = 50


@dataclass(frozen=True)
class PortraitOfRecord:
    """A portrait as of a day and the policy set it was made under."""

    day: date
    policy_set: PolicySet
    portrait: Portrait


def facts_on_record(household: Household, day: date) -> dict[str, Any] | None:
    """The household's facts as a record keeps them; of a value with decimals the whole units count, of each kind of event the last up to
    `day`. None where no indicator and no event is on file: nothing follows from nothing."""
    indicators = {row.code: int(row.value) for row in household.indicators if row.code in INDICATORS}
    happened: dict[str, date] = {}
    for event in household.events:
        if event.happened_on <= day:
            happened[event.kind] = max(event.happened_on, happened.get(event.kind, event.happened_on))
    if not indicators and not happened:
        return None
    return facts_document(max(1, len(household.members)), indicators, happened)


def known_on_record(household: Household, day: date) -> Known:
    """What is known of a household on a day, were it only how many it is."""
    facts = facts_on_record(household, day) or facts_document(max(1, len(household.members)), {}, {})
    return known_from(facts, day)


def portrait_on_record(session: Session, household: Household, *, day: date) -> PortraitOfRecord | None:
    """The household's portrait on `day`; None where no policy set holds for its region, or nothing is known of it."""
    row = policy_set_in_force(session, region_code=household.region_code, day=day)
    facts = facts_on_record(household, day)
    if row is None or facts is None:
        return None
    return PortraitOfRecord(day, row, portrait_of(known_from(facts, day), policy_of(row)))


def kept_portraits(session: Session, household: Household) -> Sequence[tuple[KeptPortrait, PolicySet]]:
    """What was recorded for the household, the current one first, each with its policy set; at most 50."""
    return [
        (kept, policy_set)
        for kept, policy_set in session.execute(
            sa.select(KeptPortrait, PolicySet)
            .join(PolicySet, PolicySet.id == KeptPortrait.policy_set_id)
            .where(KeptPortrait.household_id == household.id)
            .order_by(KeptPortrait.superseded_at.desc().nulls_first(), KeptPortrait.made_at.desc())
            .limit(SHOWN)
        )
    ]


def kept_portrait(
    session: Session, household: Household, portrait_id: uuid.UUID
) -> tuple[KeptPortrait, PortraitOfRecord]:
    """A recorded portrait of this household, made anew from its own facts under its own policy set, so that it explains itself.

    Raises NotFound.
    """
    kept = session.get(KeptPortrait, portrait_id)
    if kept is None or kept.household_id != household.id:
        raise NotFound("There is no such portrait of this household")
    policy_set = session.get_one(PolicySet, kept.policy_set_id)
    return kept, PortraitOfRecord(
        kept.day, policy_set, portrait_of(known_from(kept.facts, kept.day), policy_of(policy_set))
    )


def list_renewals(session: Session, *, scope: tuple[str, ...], limit: int = 10) -> list[PortraitRenewal]:
    """The newest renewals of regions within the scope."""
    return list(
        session.scalars(
            sa.select(PortraitRenewal)
            .where(within(PortraitRenewal.region_code, scope))
            .order_by(PortraitRenewal.created_at.desc(), PortraitRenewal.id.desc())
            .limit(limit)
        )
    )
