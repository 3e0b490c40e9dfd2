"""Reading uploads."""

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.database import within
from marketplace.imports.models import ImportBatch


@dataclass(frozen=True)
class ImportLine:
    """An upload: what it held and what became of it."""

    id: uuid.UUID
    kind: str
    status: str
    created_at: datetime


def newest_imports(session: Session, *, scope: tuple[str, ...], limit: int = 5) -> list[ImportLine]:
    """The newest uploads for regions in scope."""
    rows = session.execute(
        sa.select(ImportBatch.id, ImportBatch.kind, ImportBatch.status, ImportBatch.created_at)
        .where(within(ImportBatch.region_code, scope))
        .order_by(ImportBatch.created_at.desc())
        .limit(limit)
    )
    return [ImportLine(*row) for row in rows]
