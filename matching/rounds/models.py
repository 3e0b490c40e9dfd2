"""Match rounds 匹配轮次: one run of the optimiser from draft to commit, with its frozen pool, its plan and who answered for it."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, Code, Codes, new_id
from matching.waiting import STANDARD

ROUND_STATUSES = (
    "draft", "frozen", "queued", "solving", "proposed", "approved", "committed",
    "voided", "rejected", "cancelled", "failed", "expired",
)  # fmt: skip
ALLOCATION_STATUSES = ("proposed", "reserved", "delivered", "declined", "voided", "dropped")


class MatchRound(Base):
    """One round. Scope: region subtree, categories, project, funds, limits; policy: floor, tolerance, household cap, what waiting
    adds (`matching.waiting`), time limit.

    The row is also the job: `lease_until` and `fencing_token` say which worker may write a result; the broker only wakes one.
    `directives` are pairs that people pinned or forbade, each with its reason (`whatif.take_over`).
    `refreezes_id` names the round whose pool was frozen anew, so that every draw of a pool is listed.
    """

    __tablename__ = "match_rounds"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=False), unique=True)
    name: Mapped[str]
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"), index=True)
    categories: Mapped[list[str] | None] = mapped_column(Codes)
    project_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("projects.id"))
    fund_ids: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(sa.Uuid))
    limits: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    floor_percent: Mapped[int] = mapped_column(default=90)
    tolerance_permille: Mapped[int] = mapped_column(default=1)
    household_cap_fen: Mapped[int | None] = mapped_column(sa.BigInteger)
    waiting_step: Mapped[int] = mapped_column(default=STANDARD.step)
    waiting_most: Mapped[int] = mapped_column(default=STANDARD.most)
    time_limit_s: Mapped[int] = mapped_column(default=45)
    directives: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    status: Mapped[str] = mapped_column(default="draft", index=True)
    status_reason: Mapped[str | None]
    refreezes_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("match_rounds.id"))
    creator_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id"))
    reviewer_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    review_reason: Mapped[str | None]
    committer_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    created_at: Mapped[datetime]
    frozen_at: Mapped[datetime | None]
    queued_at: Mapped[datetime | None]
    proposed_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    committed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    pool_sha256: Mapped[str | None]
    pool_summary: Mapped[dict[str, Any] | None]
    seed_source: Mapped[str | None]
    seed_value: Mapped[str | None]
    seed: Mapped[int | None] = mapped_column(sa.BigInteger)
    result_sha256: Mapped[str | None]
    plan_status: Mapped[str | None]
    levels: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    solver: Mapped[dict[str, Any] | None]
    comparison: Mapped[dict[str, Any] | None]
    coverage: Mapped[dict[str, Any] | None]
    progress: Mapped[dict[str, Any] | None]
    lease_until: Mapped[datetime | None]
    fencing_token: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    cancel_requested_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        sa.CheckConstraint(f"status IN {ROUND_STATUSES}", name="status_known"),
        sa.CheckConstraint("floor_percent BETWEEN 0 AND 100", name="floor_percent_range"),
        sa.CheckConstraint("tolerance_permille BETWEEN 0 AND 1000", name="tolerance_range"),
        sa.CheckConstraint("time_limit_s BETWEEN 5 AND 3600", name="time_limit_range"),
        sa.CheckConstraint("household_cap_fen >= 0", name="household_cap_not_negative"),
        sa.CheckConstraint("waiting_step BETWEEN 0 AND 1000 AND waiting_most BETWEEN 0 AND 1000", name="waiting_range"),
        sa.CheckConstraint(
            "reviewer_id <> creator_id AND committer_id <> creator_id AND committer_id <> reviewer_id",
            name="three_people",
        ),
        sa.CheckConstraint("(seed IS NULL) = (seed_value IS NULL)", name="seed_has_its_value"),
        sa.Index("ix_match_rounds_pool_sha256", "pool_sha256"),
    )


class PoolDraw(Base):
    """The one draw of a frozen pool (promise 26): a pool that is frozen again unchanged keeps its seed."""

    __tablename__ = "pool_draws"
    pool_sha256: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    value: Mapped[str]
    seed: Mapped[int] = mapped_column(sa.BigInteger)
    drawn_at: Mapped[datetime]


class RoundDocument(Base):
    """The frozen problem (without its seed) and the plan of a round, gzip-compressed canonical JSON, written once."""

    __tablename__ = "round_documents"
    round_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("match_rounds.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[bytes]
    sha256: Mapped[str]
    __table_args__ = (sa.CheckConstraint("kind IN ('problem','plan')", name="kind_known"),)


class RoundWait(Base):
    """A need that entered a frozen pool with another weight than its own (`matching.waiting.Wait`); written once, at the freeze.

    `waited` in thousandths of a round. The hash of these rows stands in the name of the frozen problem.
    """

    __tablename__ = "round_waits"
    round_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("match_rounds.id"), primary_key=True)
    need_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("needs.id"), primary_key=True, index=True)
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"))
    tier: Mapped[int] = mapped_column(sa.SmallInteger)
    weight: Mapped[int]
    waited: Mapped[int]
    counted: Mapped[int]
    quantity: Mapped[int]
    open_units: Mapped[int]
    entered: Mapped[int]
    __table_args__ = (
        sa.CheckConstraint("waited >= 0 AND counted BETWEEN weight AND 1000", name="waiting_only_adds"),
        sa.CheckConstraint("open_units BETWEEN 1 AND quantity AND entered BETWEEN 1 AND counted", name="open_part"),
        sa.Index("ix_round_waits_longest", "round_id", "waited"),
    )


class RoundEvent(Base):
    """One step of a round: from which status to which, by whom, why."""

    __tablename__ = "round_events"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    round_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("match_rounds.id"), index=True)
    at: Mapped[datetime]
    actor_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    reason: Mapped[str | None]


class Allocation(Base):
    """`quantity` units of one offering to one need, as proposed by a round and, once committed, reserved and delivered.

    `delivered` is how many of them arrived; what did not was given back when the delivery was confirmed.
    """

    __tablename__ = "allocations"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    round_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("match_rounds.id"), index=True)
    need_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("needs.id"), index=True)
    offering_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("offerings.id"), index=True)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"), index=True)
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"))
    quantity: Mapped[int]
    delivered: Mapped[int] = mapped_column(default=0)
    points: Mapped[int] = mapped_column(sa.BigInteger)
    cost_fen: Mapped[int] = mapped_column(sa.BigInteger)
    distance_m: Mapped[int]
    status: Mapped[str] = mapped_column(default="proposed")
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    __table_args__ = (
        sa.CheckConstraint("quantity > 0", name="quantity_positive"),
        sa.CheckConstraint("delivered BETWEEN 0 AND quantity", name="delivered_range"),
        sa.CheckConstraint("cost_fen >= 0 AND distance_m >= 0", name="cost_and_distance_not_negative"),
        sa.CheckConstraint(f"status IN {ALLOCATION_STATUSES}", name="status_known"),
        sa.UniqueConstraint("round_id", "need_id", "offering_id"),
        sa.Index(
            "uq_allocations_active",
            "need_id",
            "offering_id",
            unique=True,
            postgresql_where=sa.text("status = 'reserved'"),
        ),
        sa.Index("ix_allocations_round_region", "round_id", "region_code", "id"),
        sa.Index("ix_allocations_awaiting", "region_code", postgresql_where=sa.text("status = 'reserved'")),
    )


class AllocationCharge(Base):
    """What one fund pays for one allocation, in fen."""

    __tablename__ = "allocation_charges"
    allocation_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("allocations.id"), primary_key=True)
    fund_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("funds.id"), primary_key=True, index=True)
    fen: Mapped[int] = mapped_column(sa.BigInteger)
    __table_args__ = (sa.CheckConstraint("fen > 0", name="fen_positive"),)


class UnmetNeed(Base):
    """A need the plan leaves unmet or part-met, with its reason and the change that would help."""

    __tablename__ = "unmet_needs"
    round_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("match_rounds.id"), primary_key=True)
    need_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("needs.id"), primary_key=True, index=True)
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"))
    tier: Mapped[int] = mapped_column(sa.SmallInteger)
    missing: Mapped[int]
    reason: Mapped[str]
    detail: Mapped[dict[str, Any]]
    __table_args__ = (
        sa.CheckConstraint("missing > 0", name="missing_positive"),
        sa.Index("ix_unmet_needs_reason", "round_id", "reason"),
    )


class ExcludedNeed(Base):
    """An open need of the round's scope that was not in its pool, and why (`pool.NEED_EXCLUSIONS`); promise 29."""

    __tablename__ = "excluded_needs"
    round_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("match_rounds.id"), primary_key=True)
    need_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("needs.id"), primary_key=True, index=True)
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"))
    tier: Mapped[int] = mapped_column(sa.SmallInteger)
    reason: Mapped[str]
