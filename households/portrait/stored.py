"""The portrait of a household on record: its members, indicators and events under the policy that holds for it."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from households.models import Household
from households.policy.models import PolicySet
from households.policy.queries import policy_of, policy_set_in_force
from households.portrait.facts import INDICATORS, Known
from households.portrait.portrait import Portrait, portrait_of


@dataclass(frozen=True)
class PortraitOfRecord:
    """A portrait as of a day and the policy set it was made under."""

    day: date
    policy_set: PolicySet
    portrait: Portrait


def known_of(household: Household, day: date) -> Known:
    """What is known of a household on a day; of a value with decimals the whole units count, of each kind of event the last."""
    indicators = {row.code: int(row.value) for row in household.indicators if row.code in INDICATORS}
    events: dict[str, int] = {}
    for event in household.events:
        days = (day - event.happened_on).days
        if days >= 0:
            events[event.kind] = min(days, events.get(event.kind, days))
    return Known(max(1, len(household.members)), indicators, events)


def portrait_on_record(session: Session, household: Household, *, day: date) -> PortraitOfRecord | None:
    """The household's portrait on `day`; None where no policy set holds for its region."""
    row = policy_set_in_force(session, region_code=household.region_code, day=day)
    if row is None:
        return None
    return PortraitOfRecord(day, row, portrait_of(known_of(household, day), policy_of(row)))
