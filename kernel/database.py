"""The ground of every table: one declarative base with named constraints, identifiers, engines and guarded statements."""

import os
import time
import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# Codes and pinyin are compared byte by byte, so that a prefix is a range whatever the server's locale.
Code = sa.String(collation="C")
Codes = ARRAY(sa.String(collation="C"))


class Base(DeclarativeBase):
    """Parent of every model; the maps below give Python types their column types."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: sa.DateTime(timezone=True),
        uuid.UUID: sa.Uuid(),
        dict[str, Any]: JSONB(),
        list[str]: ARRAY(sa.Text),
        str: sa.Text(),
    }


def new_id() -> uuid.UUID:
    """A UUID version 7 (RFC 9562 § 5.7): 48 bits of milliseconds, then random bits, so that keys sort by creation."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=number)


def make_engine(url: str | sa.URL, *, pool_size: int = 8) -> sa.Engine:
    """An engine that never prints parameters (they may be personal), pings before use and bounds what a statement may take."""
    return sa.create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=pool_size,
        max_overflow=8,
        connect_args={"options": "-c timezone=UTC -c lock_timeout=10s -c statement_timeout=60s -c jit=off"},
    )


def make_session_factory(engine: sa.Engine, **info: Any) -> sessionmaker[Session]:
    """Sessions over `engine`; `info` (the vault, for one) is handed to each."""
    return sessionmaker(engine, expire_on_commit=False, info=info)


def constraint_of(error: sa.exc.IntegrityError) -> str | None:
    """The name of the constraint that refused a statement, or None where the server did not say."""
    diagnostic = getattr(error.orig, "diag", None)
    return getattr(diagnostic, "constraint_name", None)


def subtree_range(code: str) -> tuple[str, str]:
    """The half-open range of region codes at or below `code`: GB/T 2260 and its extension nest by prefix.

    ``"330324"`` → ``("330324", "330325")``. The last digit is raised by one character (``9`` → ``:``).
    """
    return code, code[:-1] + chr(ord(code[-1]) + 1)


def within(column: Any, codes: list[str] | tuple[str, ...]) -> sa.ColumnElement[bool]:
    """Rows whose region code lies in the subtree of any of `codes`; no codes means no rows, never all."""
    if not codes:
        return sa.false()
    return sa.or_(*(sa.and_(column >= low, column < high) for low, high in map(subtree_range, codes)))


def escape_like(text: str) -> str:
    """`text` made safe inside a LIKE pattern whose escape character is the backslash."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
