"""What every change in the life of a household takes: the household held still, its record written, and what follows from it renewed."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.consents.operations import locked
from households.life.models import HouseholdChange
from households.life.seats import Seat, seat_members
from households.models import Household
from households.needs.models import Need
from households.portrait.operations import renew_portrait
from households.queries import get_household
from households.visits.schedule import follow_household
from kernel import audit
from kernel.audit import Actor
from kernel.errors import Conflict
from kernel.pinyin import initials, syllables


def active(session: Session, household_id: uuid.UUID, scope: tuple[str, ...]) -> Household:
    """The household, held before its needs are. Raises NotFound, Conflict (closed)."""
    locked(session, household_id, scope)
    household = get_household(session, household_id, scope=scope)
    if household.status != "active":
        raise Conflict("The household is closed; reopen it first")
    return household


def open_needs_of(session: Session, household_id: uuid.UUID) -> list[Need]:
    """The household's open needs, locked."""
    return list(
        session.scalars(
            sa.select(Need)
            .where(Need.household_id == household_id, Need.status == "open")
            .order_by(Need.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def seat(session: Session, household: Household, seats: Sequence[Seat]) -> None:
    """Seats the members and lets the household be known by its head."""
    seat_members(session, seats)
    session.expire(household, ["members"])
    head = next((one for one in household.members if one.relation == "head"), None)
    if head is not None and head.name != household.head_name:
        household.head_name = head.name
        spell(household)
    session.flush()


def spell(household: Household) -> None:
    """Pinyin and initials of the head's name, for the search."""
    household.pinyin, household.initials = syllables(household.head_name), initials(household.head_name)


def remember(
    session: Session,
    household: Household,
    kind: str,
    day: date,
    actor: Actor,
    now: datetime,
    *,
    at: str | None = None,
    person_name: str | None = None,
    other_id: uuid.UUID | None = None,
    from_region: str | None = None,
    to_region: str | None = None,
    **detail: object,
) -> None:
    """Puts the change into the household's own record and on the trail, which names nobody; portrait, visits and reviews follow from it."""
    household.updated_at = now
    session.add(
        HouseholdChange(
            household_id=household.id,
            kind=kind,
            happened_on=day,
            person_name=person_name,
            other_id=other_id,
            from_region=from_region,
            to_region=to_region,
            recorded_by=actor.id,
            recorder=actor.label,
            recorded_at=now,
        )  # fmt: skip
    )
    session.flush()
    told = {"other": other_id, "from_region": from_region, "to_region": to_region, **detail}
    audit.record(
        session, actor=actor, action=f"household.{kind}", subject_type="household", subject_id=household.id, now=now,
        region_code=at or household.region_code, day=day.isoformat(), **{k: v for k, v in told.items() if v is not None},
    )  # fmt: skip
    if household.status == "active":
        renew_portrait(session, household, now=now)
    follow_household(session, household=household, now=now)
