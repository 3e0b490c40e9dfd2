"""What happened to a household as a unit: births, deaths, moves, splits and joinings. Append-only."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, Code, new_id

CHANGE_KINDS = ("born", "died", "moved", "split_off", "split_from", "joined", "joined_into")
_OF_A_PERSON = "kind IN ('born', 'died')"
_OF_TWO = "kind IN ('split_off', 'split_from', 'joined', 'joined_into')"


class HouseholdChange(Base):
    """One change, on the day it happened. Of two households each has its row and names the `other`:

    `split_off` (a part of this one left) beside `split_from`, `joined` (another came in) beside `joined_into`.
    """

    __tablename__ = "household_changes"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"), index=True)
    kind: Mapped[str]
    happened_on: Mapped[date]
    person_name: Mapped[str | None]
    other_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("households.id"))
    from_region: Mapped[str | None] = mapped_column(Code, sa.ForeignKey("regions.code"))
    to_region: Mapped[str | None] = mapped_column(Code, sa.ForeignKey("regions.code"))
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    recorder: Mapped[str]
    recorded_at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint(f"kind IN {CHANGE_KINDS}", name="kind_known"),
        sa.CheckConstraint(f"({_OF_A_PERSON}) = (person_name IS NOT NULL)", name="names_the_person"),
        sa.CheckConstraint(f"({_OF_TWO}) = (other_id IS NOT NULL)", name="names_the_other"),
        sa.CheckConstraint(
            "(kind = 'moved') = (from_region IS NOT NULL AND to_region IS NOT NULL)", name="names_both_places"
        ),
        sa.CheckConstraint("other_id <> household_id", name="of_two_households"),
    )
