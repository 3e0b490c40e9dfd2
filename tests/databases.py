"""Databases of one server for the tests: cloned from the migrated template, set back after a test, and lent again.

To clone and drop a database costs the machine far more than most tests do (hundreds of files each time). So a database that a test
has written to is set back row by row: what differs from the template is deleted, what the template held is put back, sequences
start anew. A test that works as the schema's owner may change more than rows; its database is thrown away.
"""

import time
import uuid
from dataclasses import dataclass, field

import psycopg
import sqlalchemy as sa
from psycopg import sql

from kernel.database import make_engine
from marketplace.serving.postgres import EmbeddedPostgres

TIDY_EVERY = 40  # dead rows are swept out after so many tests
_TABLES = """SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2"""
_SEQUENCES = (
    "SELECT schemaname, sequencename, coalesce(last_value, start_value), last_value IS NOT NULL FROM pg_sequences"
)
_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

State = dict[tuple[str, str], tuple[int, int]]  # table -> (rows, youngest transaction that wrote one)


@dataclass
class _Database:
    name: str
    pristine: dict[tuple[str, str], bytes]  # the template's rows of the tables that have any
    state: State
    sequences: dict[tuple[str, str], tuple[int, bool]]
    lent: int = 0


@dataclass
class Databases:
    """Lends databases of `server`; one that is given back clean is lent again."""

    server: EmbeddedPostgres
    template: str = "zhongfu"
    _free: list[_Database] = field(default_factory=list)
    _lent: dict[str, _Database] = field(default_factory=dict)
    _engines: dict[tuple[str, int], sa.Engine] = field(default_factory=dict)

    def lend(self) -> str:
        """The name of a database that holds what the template holds, and nothing else."""
        one = self._free.pop() if self._free else self._clone()
        self._lent[one.name] = one
        return one.name

    def engine(self, url: str, *, pool_size: int) -> sa.Engine:
        """An engine without open connections; one that was used before, and has its statements compiled, where the database is lent again."""
        if (url, pool_size) not in self._engines:
            self._engines[url, pool_size] = make_engine(url, pool_size=pool_size)
        return self._engines[url, pool_size]

    def give_back(self, name: str, *, spent: bool) -> None:
        """After a test. `spent`: more than rows may have changed."""
        one = self._lent.pop(name)
        if not spent and self._set_back(one):
            self._free.append(one)
            return
        with self._connect("postgres") as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(self.server.url("zhongfu_admin", database).replace("+psycopg", ""), autocommit=True)

    def _clone(self) -> _Database:
        name = f"test_{uuid.uuid4().hex[:12]}"
        with self._connect("postgres") as admin:
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER zhongfu_owner TEMPLATE {} STRATEGY FILE_COPY").format(
                    sql.Identifier(name), sql.Identifier(self.template)
                )
            )
        with self._connect(name) as admin:
            state = _state(admin, _tables(admin))
            pristine = {table: _rows(admin, table) for table, (rows, _) in state.items() if rows}
            return _Database(name, pristine, state, _sequences(admin))

    def _set_back(self, one: _Database) -> bool:
        """Whether the database is as the template again; it is not where the test made tables, as a broker of messages does."""
        with self._connect(one.name) as admin:
            admin.execute(f"SELECT pg_terminate_backend(pid) {_OTHERS}")
            end = time.monotonic() + 20
            while admin.execute(f"SELECT 1 {_OTHERS} LIMIT 1").fetchone():
                assert time.monotonic() < end, f"somebody stays connected to {one.name}"
                time.sleep(0.002)
            if _tables(admin) != list(one.state) or _sequences(admin).keys() != one.sequences.keys():
                return False
            state = _state(admin, list(one.state))
            touched = [table for table, found in state.items() if found != one.state[table]]
            with admin.transaction():
                admin.execute("SET LOCAL session_replication_role = replica")  # no trigger guards, no key is looked up
                for table in touched:
                    admin.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(*table)))
                    if table in one.pristine:
                        with admin.cursor().copy(
                            sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(*table))
                        ) as copy:
                            copy.write(one.pristine[table])
                for sequence, value in _sequences(admin).items():
                    if value != one.sequences[sequence]:
                        name = sql.Identifier(*sequence).as_string(admin)
                        admin.execute("SELECT setval(%s::regclass, %s, %s)", (name, *one.sequences[sequence]))
            one.state |= _state(admin, touched)
            one.lent += 1
            if one.lent % TIDY_EVERY == 0:
                admin.execute("VACUUM")
        return True


def _tables(admin: psycopg.Connection) -> list[tuple[str, str]]:
    return [(schema, table) for schema, table in admin.execute(_TABLES).fetchall()]


def _state(admin: psycopg.Connection, tables: list[tuple[str, str]]) -> State:
    """What stands in the tables now, told so that any insert, update or delete shows."""
    if not tables:
        return {}
    each = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, {}, count(*), coalesce(max(xmin::text::bigint), 0) FROM {}").format(
            sql.Literal(schema), sql.Literal(table), sql.Identifier(schema, table)
        )
        for schema, table in tables
    )
    return {(schema, table): (rows, youngest) for schema, table, rows, youngest in admin.execute(each).fetchall()}


def _rows(admin: psycopg.Connection, table: tuple[str, str]) -> bytes:
    with admin.cursor().copy(sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(*table))) as copy:
        return b"".join(bytes(part) for part in copy)


def _sequences(admin: psycopg.Connection) -> dict[tuple[str, str], tuple[int, bool]]:
    """(value, whether it was given out already) of each sequence, as `setval` takes them."""
    return {(schema, name): (value, called) for schema, name, value, called in admin.execute(_SEQUENCES).fetchall()}
