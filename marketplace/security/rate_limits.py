"""Rate limits kept in the database, so that two web processes count together and a restart forgets nothing."""

import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from limits.storage import Storage

_HIT = sa.text("""
    INSERT INTO rate_limits AS held VALUES (:key, :amount, now() + make_interval(secs => :seconds))
    ON CONFLICT (key) DO UPDATE SET
        hits = CASE WHEN held.until <= now() THEN excluded.hits ELSE held.hits + excluded.hits END,
        until = CASE WHEN held.until <= now() THEN excluded.until ELSE held.until END
    RETURNING hits
""")


class PostgresStorage(Storage):
    """Counters for the `limits` library in the unlogged table `rate_limits`; fixed windows."""

    STORAGE_SCHEME = ["zhongfu-postgres"]

    def __init__(
        self, uri: str | None = None, wrap_exceptions: bool = False, *, engine: Callable[[], sa.Engine], **options: Any
    ) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self._engine = engine

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the library may catch when it is told to fall back; we never fall back."""
        return sa.exc.SQLAlchemyError

    def _scalar(self, statement: sa.TextClause, **values: Any) -> Any:
        with self._engine().begin() as connection:
            return connection.execute(statement, values).scalar()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Counts `amount` more hits on `key` within a window of `expiry` seconds; the count so far."""
        return int(self._scalar(_HIT, key=key, amount=amount, seconds=expiry))

    def get(self, key: str) -> int:
        """The count within the running window."""
        return int(
            self._scalar(sa.text("SELECT hits FROM rate_limits WHERE key = :key AND until > now()"), key=key) or 0
        )

    def get_expiry(self, key: str) -> float:
        """When the running window ends, in seconds since the epoch."""
        found = self._scalar(
            sa.text("SELECT extract(epoch FROM until) FROM rate_limits WHERE key = :key AND until > now()"), key=key
        )
        return float(found or time.time())

    def check(self) -> bool:
        """Whether the storage answers."""
        return bool(self._scalar(sa.text("SELECT 1")) == 1)

    def reset(self) -> int | None:
        """Forgets all counts; how many there were."""
        return int(
            self._scalar(sa.text("WITH gone AS (DELETE FROM rate_limits RETURNING 1) SELECT count(*) FROM gone"))
        )

    def clear(self, key: str) -> None:
        """Forgets one count."""
        self._scalar(sa.text("DELETE FROM rate_limits WHERE key = :key RETURNING 1"), key=key)
