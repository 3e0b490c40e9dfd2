"""Every value an indicator ever had: append-only, so that the current one can be explained and a wrong one is mended in the open."""

import uuid
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from households.indicators import EVIDENCE
from kernel.database import Base, Code, new_id


class IndicatorValue(Base):
    """One recorded value. `corrects` names the row it replaces; a correction without a value takes that row back.

    The database keeps `indicators` at the latest row (by day, then by recording) that no other row corrects.
    """

    __tablename__ = "indicator_values"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"))
    code: Mapped[str] = mapped_column(Code)
    value: Mapped[Decimal | None] = mapped_column(sa.Numeric(16, 2))
    as_of: Mapped[date]
    source: Mapped[str]
    evidence: Mapped[str] = mapped_column(Code, default="none")
    corrects: Mapped[uuid.UUID | None] = mapped_column(unique=True)
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    recorder: Mapped[str]
    recorded_at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint("value >= 0", name="value_not_negative"),
        sa.CheckConstraint("value IS NOT NULL OR corrects IS NOT NULL", name="only_a_correction_is_empty"),
        sa.CheckConstraint(f"evidence IN {EVIDENCE}", name="evidence_known"),
        sa.UniqueConstraint("id", "household_id", "code"),
        # the row that is corrected is of the same household and indicator
        sa.ForeignKeyConstraint(
            ["corrects", "household_id", "code"],
            ["indicator_values.id", "indicator_values.household_id", "indicator_values.code"],
            name="fk_indicator_values_corrects_its_own",
        ),
        sa.Index("ix_indicator_values_latest", "household_id", "code", "as_of", "recorded_at"),
    )
