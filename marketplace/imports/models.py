"""Uploaded workbooks between dry run and import: sealed, owned by the person who sent them; rows left out rest sealed until discarded or swept."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
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
        sa.CheckConstraint("status IN ('checked','imported','discarded')", name="status_known"),
    )
