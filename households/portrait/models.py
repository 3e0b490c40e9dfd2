"""Portraits as they are kept, each with the facts and the policy set that made it; and the renewals of whole regions."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from households.models import RISK_TIERS, STATUS_CATEGORIES
from kernel.database import Base, Code, new_id

REASONS = ("policy", "daily", "asked")
"""Why a region is renewed: a set came into force; a day went by, so that events age; somebody asked"""


class KeptPortrait(Base):
    """What followed from a household's facts on a day under a policy set; current until `superseded_at`.

    `facts`: members, the indicators on file, and the last day of each kind of event, so that the same rule gives the same result at
    any later time. `scores` in the order of `facts.TYPES`; `suggested`: measure → quantity; `mark`: hash of all that, to see what changed.
    """

    __tablename__ = "portraits"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"))
    policy_set_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("policy_sets.id"))
    day: Mapped[date]
    category: Mapped[str]
    main_type: Mapped[str | None]
    secondary: Mapped[list[str]]
    scores: Mapped[list[int]] = mapped_column(ARRAY(sa.SmallInteger))
    risk_tier: Mapped[str]
    suggested: Mapped[dict[str, Any]]
    facts: Mapped[dict[str, Any]]
    mark: Mapped[bytes]
    made_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint(f"category IN {STATUS_CATEGORIES}", name="category_known"),
        sa.CheckConstraint(
            "main_type IN ('subsistence','expenditure','emergency','development','care')", name="main_type_known"
        ),
        sa.CheckConstraint(f"risk_tier IN {RISK_TIERS}", name="risk_tier_known"),
        sa.CheckConstraint("cardinality(scores) = 5", name="five_scores"),
        sa.CheckConstraint("superseded_at >= made_at", name="superseded_later"),
        sa.Index("ix_portraits_household_id", "household_id", "made_at"),
        sa.Index(
            "uq_portraits_one_current",
            "household_id",
            unique=True,
            postgresql_where=sa.text("superseded_at IS NULL"),
        ),
    )


class PortraitRenewal(Base):
    """The portraits of a region made anew, piece by piece: `last_number` is the household up to which it is done, so that a worker that was
    killed goes on there. `total` households to look at, `done` looked at, `changed` written."""

    __tablename__ = "portrait_renewals"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"), index=True)
    reason: Mapped[str]
    planned_on: Mapped[date]
    policy_set_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("policy_sets.id"))
    status: Mapped[str] = mapped_column(default="waiting")
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    last_number: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    creator_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint(f"reason IN {REASONS}", name="reason_known"),
        sa.CheckConstraint("status IN ('waiting','running','done')", name="status_known"),
        sa.CheckConstraint("(status = 'done') = (finished_at IS NOT NULL)", name="finished_when_done"),
        sa.Index(
            "uq_portrait_renewals_once_a_day",
            "region_code",
            "planned_on",
            unique=True,
            postgresql_where=sa.text("reason = 'daily'"),
        ),
    )
