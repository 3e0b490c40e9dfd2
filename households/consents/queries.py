"""Reading consents: of one household, what is in force and what was."""

import uuid
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.consents.models import Consent
from households.consents.rules import Head
from households.models import Household, Member
from kernel.database import within
from kernel.errors import NotFound


def consents_of(session: Session, *, household_id: uuid.UUID, scope: tuple[str, ...]) -> list[Consent]:
    """Every consent of the household, those in force first, then the newest. Raises NotFound, also outside `scope`."""
    found = session.scalar(
        sa.select(Household.id).where(Household.id == household_id, within(Household.region_code, scope))
    )
    if found is None:
        raise NotFound("There is no such household in the regions you work in")
    return list(
        session.scalars(
            sa.select(Consent)
            .where(Consent.household_id == household_id)
            .order_by(Consent.withdrawn_at.desc().nulls_first(), Consent.recorded_at.desc(), Consent.purpose)
        )
    )


def in_force(consents: Sequence[Consent]) -> dict[str, Consent]:
    """Purpose → the consent that holds."""
    return {one.purpose: one for one in consents if one.withdrawn_at is None}


def head_of(session: Session, household_id: uuid.UUID) -> Head:
    """The head of a household; one without members is agreed for by the name on its file, as of age."""
    row = session.execute(
        sa.select(Member.name, Member.born_on).where(Member.household_id == household_id, Member.relation == "head")
    ).first()
    if row is not None:
        return Head(row.name, row.born_on)
    name = session.scalar(sa.select(Household.head_name).where(Household.id == household_id))
    return Head(name or "", date(1900, 1, 1))
