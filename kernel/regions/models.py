"""The administrative tree 行政区划: codes of GB/T 2260 and its statistical extension, province to village."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, Code

LEVELS = {"province": 1, "prefecture": 2, "county": 3, "township": 4, "village": 5}


class Region(Base):
    """One division. `full_name` is the chain of names from the province down; a point may be missing (use the parent's)."""

    __tablename__ = "regions"
    code: Mapped[str] = mapped_column(Code, primary_key=True)
    name: Mapped[str]
    full_name: Mapped[str]
    level: Mapped[int] = mapped_column(sa.SmallInteger)
    parent_code: Mapped[str | None] = mapped_column(Code, sa.ForeignKey("regions.code"), index=True)
    pinyin: Mapped[str] = mapped_column(Code)
    initials: Mapped[str] = mapped_column(Code)
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    point_source: Mapped[str | None]
    __table_args__ = (
        sa.CheckConstraint("code ~ '^[0-9]{2}([0-9]{2}([0-9]{2}([0-9]{3}([0-9]{3})?)?)?)?$'", name="code_form"),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name="level_range"),
        sa.CheckConstraint("parent_code IS NULL OR starts_with(code, parent_code)", name="code_nests"),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="point_whole"),
        sa.Index("ix_regions_pinyin", "pinyin"),
        sa.Index("ix_regions_initials", "initials"),
        sa.Index("ix_regions_name_trgm", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
    )
