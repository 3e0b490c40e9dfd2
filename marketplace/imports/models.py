"""Uploaded workbooks between dry run and import: sealed, owned by the person who sent them; rows left out rest sealed until discarded or swept."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, Code, new_id


class ImportBatch(Base):
    """One upload. `report` holds counts and faults (sheet, row, column, reason), never the cells' contents."""

    __tablename__ = "import_batches"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    file_sealed: Mapped[bytes | None]
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"))
    status: Mapped[str]
    report: Mapped[dict[str, Any]]
    created_by: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("kind IN ('donors','offerings','households','needs','monitoring')", name="kind_known"),
        sa.CheckConstraint("status IN ('checking','checked','importing','imported','discarded')", name="status_known"),
    )


class ImportWork(Base):
    """What a worker does for an upload too large for the time of a page: the step, how far it is, and why it was refused.

    `stage` is the last one told (``read``, ``checked``, ``written``) with `done` of `total` rows or entries; `refusal` is the sentence
    ({"message", "values"}) that ended the step without its effect.
    """

    __tablename__ = "import_works"
    batch_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("import_batches.id"), primary_key=True)
    step: Mapped[str]
    partial: Mapped[bool]
    chinese: Mapped[bool]
    stage: Mapped[str | None]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    refusal: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("step IN ('check','import')", name="step_known"),
        sa.CheckConstraint("stage IN ('read','checked','written')", name="stage_known"),
        sa.CheckConstraint("done BETWEEN 0 AND total", name="done_range"),
        sa.CheckConstraint("refusal IS NULL OR ended_at IS NOT NULL", name="refusal_ends"),
    )
