"""Policy sets as they are kept: the document whole, with the region and the days for which it holds."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, Code, new_id


class PolicySet(Base):
    """One `zhongfu-policy/1`. Of a region one holds on a day; `holds` is [from, to), open where no end is known. Only its end may change, so that
    an old decision stays explainable by what it was made under."""

    __tablename__ = "policy_sets"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(Code, unique=True)
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"), index=True)
    holds: Mapped[Range[date]] = mapped_column(DATERANGE)
    document: Mapped[dict[str, Any]]
    creator_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    created_at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint("NOT isempty(holds) AND lower(holds) IS NOT NULL", name="holds_some_day"),
        ExcludeConstraint(
            (sa.column("region_code"), "="), (sa.column("holds"), "&&"), name="ex_policy_sets_one_at_a_time", using="gist"
        ),
    )  # fmt: skip


class PolicyDraft(Base):
    """A document that can be read, kept while its effect is looked at and until it is published or thrown away."""

    __tablename__ = "policy_drafts"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"), index=True)
    document: Mapped[dict[str, Any]]
    creator_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
