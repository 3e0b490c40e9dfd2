"""Households read as columns, straight out of the server by COPY: what the rules over many at once are fed with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.orm import Session

from households.policy.document import Policy
from households.policy.models import PolicySet
from households.policy.queries import LEVELS, policy_of
from households.portrait.facts import EVENTS, INDICATORS, NEVER
from households.portrait.many import Column, Portraits, portraits_of
from kernel.database import subtree_range, within

PIECE = 20_000
"""Households read at a time: tens of megabytes, and a statement of seconds"""
_NAMES, _KINDS = list(INDICATORS), list(EVENTS)


@dataclass(frozen=True)
class Piece:
    """H households in the order of their numbers. `on_file`: whether an indicator is recorded at all; `happened`: the ordinal of the day of the
    last event of a kind (0: never)."""

    numbers: Column
    ids: list[str]
    versions: list[int]
    regions: list[str]
    members: Column
    indicators: np.ndarray
    on_file: np.ndarray
    happened: np.ndarray

    def only(self, chosen: np.ndarray) -> "Piece":
        """The chosen households alone."""
        places = chosen.tolist()
        return Piece(
            self.numbers[chosen], [self.ids[k] for k in places], [self.versions[k] for k in places],
            [self.regions[k] for k in places], self.members[chosen], self.indicators[chosen],
            self.on_file[chosen], self.happened[chosen],
        )  # fmt: skip

    def facts_of(self, chosen: np.ndarray, day: date) -> tuple[Column, dict[str, Column], dict[str, Column]]:
        """Members, indicators and days since events of the chosen households, as `portraits_of` takes them."""
        ages = np.where(self.happened > 0, day.toordinal() - self.happened, NEVER)[chosen]
        return (
            self.members[chosen],
            {name: self.indicators[chosen, k] for k, name in enumerate(_NAMES)},
            {kind: ages[:, k] for k, kind in enumerate(_KINDS)},
        )


@dataclass(frozen=True)
class InForce:
    """The sets that hold on a day for a region and all below: region code → set."""

    by_region: Mapping[str, tuple[str, Policy]]
    _known: dict[str, str | None] = field(default_factory=dict)

    def nearest(self, region_code: str) -> str | None:
        """The region whose set holds for `region_code`."""
        if region_code not in self._known:
            above = (region_code[:digits] for digits in reversed(LEVELS) if digits <= len(region_code))
            self._known[region_code] = next((code for code in above if code in self.by_region), None)
        return self._known[region_code]

    def portraits(self, piece: Piece, day: date) -> list[tuple[str, np.ndarray, Portraits]]:
        """(the set's region, places in the piece, their portraits) for every set that holds for some; the rest have none."""
        holds = np.array([self.nearest(code) or "" for code in piece.regions])
        found = []
        for code in sorted({*holds.tolist()} - {""}):
            chosen = np.flatnonzero(holds == code)
            found.append((code, chosen, portraits_of(*piece.facts_of(chosen, day), self.by_region[code][1])))
        return found


def in_force(session: Session, *, region_code: str, day: date) -> InForce:
    """What holds on the day for the region's households: sets of the region, above it and below it."""
    above = [region_code[:digits] for digits in LEVELS if digits <= len(region_code)]
    rows = session.scalars(
        sa.select(PolicySet).where(
            PolicySet.holds.contains(day),
            sa.or_(PolicySet.region_code.in_(above), within(PolicySet.region_code, (region_code,))),
        )
    )
    return InForce({row.region_code: (str(row.id), policy_of(row)) for row in rows})


def count_households(session: Session, *, region_codes: tuple[str, ...], day: date) -> int:
    """How many active households with facts lie there."""
    counted = sql.SQL("SELECT count(*) FROM households h WHERE {}").format(_wanted(region_codes, day))
    return int(copied(session, counted))


def read_piece(
    session: Session, *, region_codes: tuple[str, ...], after: int, day: date, most: int = PIECE
) -> Piece | None:
    """The next active households with facts below the regions, with numbers beyond `after`; None where there are no more.

    Of a value with decimals the whole units count, of each kind of event the last up to `day`.
    """
    wanted = _wanted(region_codes, day)
    rows = _copied(
        session,
        sql.SQL(
            "SELECT h.number, h.id, h.version, h.region_code, (SELECT count(*) FROM members m WHERE m.household_id = h.id) "
            "FROM households h WHERE h.number > {} AND {} ORDER BY h.number LIMIT {}"
        ).format(sql.Literal(after), wanted, sql.Literal(most)),
    )
    if not rows:
        return None
    numbers = np.array([int(row[0]) for row in rows], np.int64)
    between = sql.SQL("h.number > {} AND h.number <= {} AND {}").format(
        sql.Literal(after), sql.Literal(int(numbers[-1])), wanted
    )
    indicators, on_file = np.zeros((len(rows), len(_NAMES)), np.int64), np.zeros((len(rows), len(_NAMES)), bool)
    given = _numbers(
        session,
        sql.SQL(
            "SELECT h.number, array_position({}::text[], i.code::text), trunc(i.value)::bigint FROM households h "
            "JOIN indicators i ON i.household_id = h.id WHERE {} AND array_position({}::text[], i.code::text) IS NOT NULL"
        ).format(sql.Literal(_NAMES), between, sql.Literal(_NAMES)),
    )
    at = np.searchsorted(numbers, given[:, 0]), given[:, 1] - 1
    indicators[at], on_file[at] = given[:, 2], True
    happened = np.zeros((len(rows), len(_KINDS)), np.int64)
    given = _numbers(
        session,
        sql.SQL(
            "SELECT h.number, array_position({}::text[], e.kind), max(e.happened_on) - DATE '0001-01-01' + 1 FROM households h "
            "JOIN household_events e ON e.household_id = h.id WHERE {} AND e.happened_on <= {} GROUP BY h.number, e.kind"
        ).format(sql.Literal(_KINDS), between, sql.Literal(day)),
    )
    happened[np.searchsorted(numbers, given[:, 0]), given[:, 1] - 1] = given[:, 2]
    return Piece(
        numbers, [row[1] for row in rows], [int(row[2]) for row in rows], [row[3] for row in rows],
        np.maximum(1, np.array([int(row[4]) for row in rows], np.int64)), indicators, on_file, happened,
    )  # fmt: skip


# Codes are looked up in the list and not compared by `= ANY`: that would search the index once for each of them.
def _wanted(region_codes: tuple[str, ...], day: date) -> sql.Composed:
    """Active households below the regions of which something is known; no regions, no households."""
    regions = [
        sql.SQL("(h.region_code >= {} AND h.region_code < {})").format(*map(sql.Literal, subtree_range(code)))
        for code in region_codes
    ]
    return sql.SQL(
        "h.status = 'active' AND ({}) AND (EXISTS (SELECT FROM indicators i WHERE i.household_id = h.id "
        "AND array_position({}::text[], i.code::text) IS NOT NULL) "
        "OR EXISTS (SELECT FROM household_events e WHERE e.household_id = h.id AND e.happened_on <= {}))"
    ).format(sql.SQL(" OR ").join(regions) if regions else sql.SQL("false"), sql.Literal(_NAMES), sql.Literal(day))


def copied(session: Session, query: sql.Composable) -> bytes:
    """The rows of a query as COPY's text, in the session's own transaction."""
    session.flush()
    driver = session.connection().connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(sql.SQL("COPY ({}) TO STDOUT").format(query)) as copy:
        return b"".join(copy)


def _copied(session: Session, query: sql.Composable) -> list[list[str]]:
    return [line.split("\t") for line in copied(session, query).decode().splitlines()]


def _numbers(session: Session, query: sql.Composable) -> np.ndarray:
    """Three whole numbers a row, (R, 3)."""
    text = copied(session, query)
    return np.fromstring(text, dtype=np.int64, sep=" ").reshape(-1, 3)  # type: ignore[call-overload,no-any-return]
