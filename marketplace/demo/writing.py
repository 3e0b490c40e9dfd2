"""Writing many rows at once: PostgreSQL's COPY, in the session's own transaction and under every constraint and trigger."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import sql
from sqlalchemy.orm import Session

from kernel.database import Base


def copy_rows(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> int:
    """Writes rows of one shape into the model's table, in their order, and returns how many.

    A column that the rows leave out gets the model's own default (its constant, or a fresh list), else the database's.
    Raises KeyError when a row lacks a column of the first one, and what the database refuses.
    """
    if not rows:
        return 0
    session.flush()
    table = model.__table__
    given = list(rows[0])
    fixed: dict[str, Any] = {}
    for column in table.columns:
        if column.name in rows[0] or column.default is None:
            continue
        default = column.default
        fixed[column.name] = default.arg if default.is_scalar else default.arg(None)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, [*given, *fixed]))
    )
    constants = tuple(fixed.values())
    driver = session.connection().connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row((*(row[name] for name in given), *constants))
    return len(rows)
