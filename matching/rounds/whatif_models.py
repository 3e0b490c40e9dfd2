"""Questions asked of a round: what if there were more money, another floor, another pair. They never change the round."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, new_id

KINDS = ("prices", "solve", "fewest", "claim")
"""`prices`: what the rows of the plan are worth, once per round, for instant estimates; `solve`: the whole problem anew; `fewest`: the
fewest changes to the proposed plan that honour pins and forbids; `claim`: whether what is said to help an unmet need does help when
everything is solved again, once per need"""
ANSWERED_BY_PLAN = ("solve", "fewest")
"""Kinds whose answer is a plan, which can be taken over"""
STATUSES = ("queued", "solving", "done", "failed", "cancelled")


class WhatIf(Base):
    """One question and, once a worker is through, its answer.

    The row is also the job, as a round's is: `lease_until` and `fencing_token` say which worker may write. `result` holds levels,
    counts and the first differences; `body` the plan (gzip-compressed JSON) or the prices. `change` of a `claim` is ``{"need": id}``, its
    `result` the need's ``missing``, ``reason`` and ``detail``. Prices that a worker takes of itself have no creator.
    """

    __tablename__ = "what_ifs"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    round_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("match_rounds.id"))
    kind: Mapped[str]
    change: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    status: Mapped[str] = mapped_column(default="queued")
    reason: Mapped[str | None]
    creator_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None] = mapped_column(sa.LargeBinary, deferred=True)
    taken_round_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("match_rounds.id"))
    lease_until: Mapped[datetime | None]
    fencing_token: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        sa.CheckConstraint(f"kind IN {KINDS}", name="kind_known"),
        sa.CheckConstraint(f"status IN {STATUSES}", name="status_known"),
        sa.CheckConstraint("(status = 'done') = (body IS NOT NULL)", name="done_has_an_answer"),
        sa.CheckConstraint("kind = 'prices' OR creator_id IS NOT NULL", name="asked_by_somebody"),
        sa.Index("ix_what_ifs_round", "round_id", "created_at"),
        sa.Index(
            "uq_what_ifs_prices",
            "round_id",
            unique=True,
            postgresql_where=sa.text("kind = 'prices' AND status <> 'failed'"),
        ),
        sa.Index(
            "uq_what_ifs_claim",
            "round_id",
            sa.text("(change ->> 'need')"),
            unique=True,
            postgresql_where=sa.text("kind = 'claim' AND status NOT IN ('failed', 'cancelled')"),
        ),
    )
