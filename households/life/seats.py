"""Who sits where: members brought to another household or another relation, so that the unique index of heads holds at every step."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Member


@dataclass(frozen=True)
class Seat:
    """A member's household, relation to its head, and place in its list."""

    member_id: uuid.UUID
    household_id: uuid.UUID
    relation: str
    position: int


def seat_members(session: Session, seats: Sequence[Seat]) -> None:
    """Writes the seats: first nobody of them is a head, then everybody is where they belong. What is sealed stays with its row."""
    session.flush()
    ids = [seat.member_id for seat in seats]
    unsynchronised = {"synchronize_session": False}
    session.execute(
        sa.update(Member).where(Member.id.in_(ids), Member.relation == "head").values(relation="other"),
        execution_options=unsynchronised,
    )
    for seat in sorted(seats, key=lambda one: one.relation == "head"):
        session.execute(
            sa.update(Member)
            .where(Member.id == seat.member_id)
            .values(household_id=seat.household_id, relation=seat.relation, position=seat.position),
            execution_options=unsynchronised,
        )
    for row in session.identity_map.values():
        if isinstance(row, Member):
            session.expire(row)
