"""Reading what happened to a household."""

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.life.models import HouseholdChange
from households.models import Household
from kernel.accounts.rules import covers


@dataclass(frozen=True)
class ChangeView:
    """A change as shown. `other_number` is the other household's number, None where it lies outside the reader's regions."""

    row: HouseholdChange
    other_number: int | None


def life_of(session: Session, household_id: uuid.UUID, *, scope: tuple[str, ...]) -> list[ChangeView]:
    """The household's changes, the newest first; the caller has found the household within its regions."""
    rows = session.execute(
        sa.select(HouseholdChange, Household.number, Household.region_code)
        .outerjoin(Household, Household.id == HouseholdChange.other_id)
        .where(HouseholdChange.household_id == household_id)
        .order_by(HouseholdChange.happened_on.desc(), HouseholdChange.recorded_at.desc(), HouseholdChange.id.desc())
    )
    return [
        ChangeView(change, number if number is not None and covers(scope, region) else None)
        for change, number, region in rows
    ]
