"""What is asked for and offered, in one list that supply and demand share: categories and skills."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, Code

KINDS = ("goods", "money", "hours", "service", "job", "place")
HOUSEHOLD_TYPES = ("subsistence", "expenditure", "emergency", "development", "care")


class Category(Base):
    """One kind of help, with its unit. `single_source`: one helper carries the whole need (hours, jobs), not parts of several."""

    __tablename__ = "categories"
    code: Mapped[str] = mapped_column(Code, primary_key=True)
    kind: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    unit_zh: Mapped[str]
    unit_en: Mapped[str]
    single_source: Mapped[bool]
    position: Mapped[int]
    __table_args__ = (
        sa.CheckConstraint("kind IN ('goods','money','hours','service','job','place')", name="kind_known"),
    )


class Skill(Base):
    """A skill or certificate that a need may require and a helper may have."""

    __tablename__ = "skills"
    code: Mapped[str] = mapped_column(Code, primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    position: Mapped[int]
