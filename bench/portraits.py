"""Portraits of a province: 500,000 households made by a seed, re-profiled in memory and from database to database.

    python -m bench.portraits                        500,000 households; rewrites docs/benchmarks-portraits.md (`make bench-portraits`)
    python -m bench.portraits --households 20000     a smaller size, printed only
    python -m bench.portraits --sample 10000         how many are reckoned again by the rule for one

A database of its own is started in a temporary folder and thrown away. Processor seconds are those of this process and of the database's
processes together: they count where others share the machine. Figures belong to the machine they were taken on.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload, sessionmaker

from bench.tables import machine, table
from households.models import Household
from households.policy.document import RISK_TIERS, Policy
from households.policy.operations import add_policy_set
from households.policy.packaged import demo_policy
from households.policy.reading import read_policy
from households.portrait.facts import CATEGORIES, EVENTS, INDICATORS, NEVER, TYPES, Known
from households.portrait.many import portraits_of
from households.portrait.models import KeptPortrait
from households.portrait.portrait import portrait_of
from households.portrait.queries import facts_on_record
from households.portrait.record import known_from, mark_of, result_of
from households.portrait.renewal import plan_renewal, renew_piece
from kernel.audit import SYSTEM
from kernel.crypto import Vault
from kernel.database import make_engine, make_session_factory
from marketplace import models
from marketplace.demo.reference import COUNTY, load_reference
from marketplace.serving.postgres import EmbeddedPostgres
from migrations import runner

assert models.MODULES  # importing them lets foreign keys find their tables
PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks-portraits.md"
DAY, NOW = date(2027, 3, 5), datetime(2027, 3, 5, 2, 0, tzinfo=UTC)
HOUSEHOLDS, SAMPLE, SEED = 500_000, 10_000, 1
MOST = {"persons": 3, "fen": 6_000_000, "count": 2, "m2": 120, "grade": 4, "mu": 8}
"""The largest value drawn by unit"""
SHARE, EVENT_SHARE = 0.4, 0.05
"""How many households have an indicator on file, and an event of each kind"""


@dataclass(frozen=True)
class Invented:
    """Households as columns: members, values by name (-1: not on file), days since the last event of a kind."""

    members: np.ndarray
    values: Mapping[str, np.ndarray]
    ages: Mapping[str, np.ndarray]

    @property
    def indicators(self) -> dict[str, np.ndarray]:
        """What is not on file counts as 0."""
        return {name: np.maximum(0, column) for name, column in self.values.items()}


def invent(count: int, seed: int) -> Invented:
    """Households by chance: 1 to 7 members, two in five indicators on file, everybody with wages known."""
    draw = np.random.default_rng(seed)
    values = {
        name: np.where(
            (draw.random(count) < SHARE) | (name == "wages_year"), draw.integers(0, MOST[unit] + 1, count), -1
        )
        for name, unit in INDICATORS.items()
    }
    ages = {kind: np.where(draw.random(count) < EVENT_SHARE, draw.integers(0, 200, count), NEVER) for kind in EVENTS}
    return Invented(draw.integers(1, 8, count), values, ages)


@dataclass
class Clock:
    """Seconds by the wall and of processors since its making; `pids` are further processes that count."""

    server: EmbeddedPostgres | None = None

    def __post_init__(self) -> None:
        self.began, self.used = time.perf_counter(), self._processor()

    def _processor(self) -> float:
        own = time.process_time()
        if self.server is None:
            return own
        return own + sum(_seconds_of(pid) for pid in _family(self.server))

    def read(self) -> tuple[float, float]:
        """(wall, processor) seconds."""
        return time.perf_counter() - self.began, self._processor() - self.used


def _family(server: EmbeddedPostgres) -> list[int]:
    """The postmaster and its processes; those that ended are counted in the postmaster's."""
    first = int((server.data / "postmaster.pid").read_text().split()[0])
    found = [first]
    for task in Path(f"/proc/{first}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def _seconds_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    # own user and system time; of the first process also its ended children's
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def computing(invented: Invented, policy: Policy, sample: int) -> tuple[float, float, int]:
    """Wall and processor seconds of all portraits at once, and how many of a sample the rule for one gives otherwise."""
    indicators = invented.indicators
    clock = Clock()
    many = portraits_of(invented.members, indicators, invented.ages, policy)
    wall, used = clock.read()
    count, differ = len(invented.members), 0
    for h in np.random.default_rng(SEED).choice(count, min(sample, count), replace=False).tolist():
        known = Known(
            int(invented.members[h]), {name: int(column[h]) for name, column in indicators.items()},
            {kind: int(column[h]) for kind, column in invented.ages.items() if column[h] != NEVER},
        )  # fmt: skip
        one = result_of(portrait_of(known, policy))
        same = (
            CATEGORIES[many.category[h]] == one.category
            and tuple(many.scores[h].tolist()) == one.scores
            and (TYPES[many.main[h]] if many.main[h] >= 0 else None) == one.main_type
            and {TYPES[k] for k in np.flatnonzero(many.secondary[h])} == set(one.secondary)
            and RISK_TIERS[many.risk[h]] == one.risk_tier
            and {code: int(q[h]) for code, q in many.suggested.items() if q[h]} == one.suggested
        )
        differ += not same
    return wall, used, differ


@contextmanager
def database() -> Iterator[tuple[EmbeddedPostgres, sessionmaker[Session]]]:
    """A database of its own with the tree of regions."""
    with tempfile.TemporaryDirectory(prefix="zhongfu-bench-") as home:
        os.chmod(home, 0o711)
        server = EmbeddedPostgres(Path(home) / "database")
        server.start()
        try:
            runner.upgrade(server.url("zhongfu_owner"), app_role="zhongfu_app")
            engine = make_engine(server.url("zhongfu_app"))
            sessions = make_session_factory(engine, vault=Vault(keys={1: b"k" * 32}, index_key=b"i" * 32))
            with sessions.begin() as session:
                load_reference(session)
            yield server, sessions
            engine.dispose()
        finally:
            server.stop("immediate")


def fill(server: EmbeddedPostgres, invented: Invented) -> int:
    """Writes the households with members, indicators and events, without checking what is right by construction; how many indicators."""
    address = server.url("zhongfu_admin", "zhongfu").replace("+psycopg", "")
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        villages = [code for (code,) in cursor.execute("SELECT code FROM regions WHERE level = 5 ORDER BY code")]
        count, rows, day, now = len(invented.members), 0, DAY.isoformat(), NOW.isoformat()
        ids = [f"01890000-0000-7000-8000-{h:012x}" for h in range(count)]
        _copy(
            cursor,
            "households (id, region_code, head_name, pinyin, initials, status_category, main_type, risk_tier, opted_out, status, "
            "created_at, updated_at, version)",
            (
                f"{ids[h]}\t{villages[h % len(villages)]}\t测试\tceshi\tcs\tother\tcare\tgeneral\tf\tactive\t{now}\t{now}\t1\n"
                for h in range(count)
            ),
        )
        relations = ("head", "spouse", "child", "child", "parent", "parent", "other")
        _copy(
            cursor,
            "members (id, household_id, position, name, relation, sex, born_on, able_to_work, in_school)",
            (
                f"01890000-0000-7000-9{m:03x}-{h:012x}\t{ids[h]}\t{m}\t测试\t{relations[m]}\tfemale\t1970-01-01\tf\tf\n"
                for h, size in enumerate(invented.members.tolist())
                for m in range(size)
            ),
        )
        # household by household, as a register fills
        names, table_of = list(invented.values), np.stack([*invented.values.values()], axis=1).tolist()
        _copy(
            cursor,
            "indicators (household_id, code, value, as_of, source)",
            (
                f"{ids[h]}\t{name}\t{value}\t{day}\tbench\n"
                for h, values in enumerate(table_of)
                for name, value in zip(names, values, strict=True)
                if value >= 0
            ),
        )
        rows = sum(int((column >= 0).sum()) for column in invented.values.values())
        for k, (kind, ages) in enumerate(invented.ages.items()):
            happened = np.flatnonzero(ages != NEVER)
            pairs = zip(happened.tolist(), ages[happened].tolist(), strict=True)
            _copy(
                cursor,
                "household_events (id, household_id, kind, happened_on, source, created_at)",
                (
                    f"01890000-0000-7000-a{k:03x}-{h:012x}\t{ids[h]}\t{kind}\t{DAY - timedelta(days=age)}\tbench\t{now}\n"
                    for h, age in pairs
                ),
            )
    return rows


def _copy(cursor: psycopg.Cursor[Any], table_and_columns: str, lines: Iterator[str]) -> None:
    with cursor.copy(f"COPY {table_and_columns} FROM STDIN") as copy:
        while block := "".join(islice(lines, 10_000)):
            copy.write(block)


def renew(sessions: sessionmaker[Session], server: EmbeddedPostgres, now: datetime) -> tuple[float, float, int]:
    """One renewal of all; wall and processor seconds, and how many portraits were written."""
    with sessions.begin() as session:
        planned = plan_renewal(session, region_code=COUNTY[:2], reason="asked", actor=SYSTEM, now=now).id
    clock = Clock(server)
    while True:
        with sessions.begin() as session:
            found = renew_piece(session, renewal_id=planned, now=now)
            assert found is not None
            status, changed = found.status, found.changed
        if status == "done":
            return *clock.read(), changed


def differing(session: Session, sample: int) -> int:
    """How many of a sample of kept portraits the rule for one household would have written otherwise, its facts read one by one."""
    numbers = np.random.default_rng(SEED).choice(session.query(Household).count(), sample, replace=False) + 1
    differ = 0
    for part in np.array_split(numbers, max(1, sample // 500)):
        rows = session.execute(
            sa.select(Household, KeptPortrait)
            .join(KeptPortrait, KeptPortrait.household_id == Household.id)
            .where(Household.number.in_(part.tolist()), KeptPortrait.superseded_at.is_(None))
            .options(
                selectinload(Household.members), selectinload(Household.indicators), selectinload(Household.events)
            )
        ).all()
        differ += len(part) - len(rows)
        for household, kept in rows:
            facts = facts_on_record(household, DAY)
            assert facts is not None
            result = result_of(portrait_of(known_from(facts, DAY), read_policy(demo_policy())))
            differ += mark_of(kept.policy_set_id, facts, result) != kept.mark or facts != kept.facts
        session.expunge_all()
    return differ


def measure(count: int, sample: int) -> str:
    """All of it, as a page of Markdown."""
    policy = read_policy(demo_policy())
    invented = invent(count, SEED)
    wall, used, differ = computing(invented, policy, sample)
    rows = [["all rules over columns in memory", f"{wall:.1f}", f"{used:.1f}", f"{count:,}"]]
    with database() as (server, sessions):
        _say(f"computed in {wall:.1f} s; filling the database")
        indicators = fill(server, invented)
        runner.analyse(server.url("zhongfu_owner"))
        with sessions.begin() as session:
            document = demo_policy() | {"region": COUNTY[:2]}
            add_policy_set(session, document=document, actor=SYSTEM, scope=(COUNTY[:2],), now=NOW)
        for what, now in (
            ("database to database, nothing on record before", NOW),
            ("again, nothing changed", NOW + timedelta(minutes=1)),
            ("again, 91 days later: the events have aged", NOW + timedelta(days=91)),
        ):
            took = renew(sessions, server, now)
            _say(f"{what}: {took[0]:.1f} s, {took[1]:.1f} processor s, {took[2]} written")
            rows.append([what, f"{took[0]:.1f}", f"{took[1]:.1f}", f"{took[2]:,}"])
            if now == NOW:
                with sessions() as session:
                    kept_differ = differing(session, min(sample, count))
    return "\n\n".join(
        (
            "# Portraits of a province",
            f"Written by `make bench-portraits`; do not edit. {machine()} NumPy {np.__version__}.",
            f"{count:,} households with {int(invented.members.sum()):,} members, {indicators:,} indicators and "
            f"{sum(int((ages != NEVER).sum()) for ages in invented.ages.values()):,} events, made by seed {SEED}; the demonstration's policy "
            f"of {len(policy.rules)} rules and {len(policy.measures)} measures. Processor seconds are those of this process and the database's.",
            table(["what", "seconds", "processor s", "portraits"], rows),
            f"Of {min(sample, count):,} households drawn by chance, {differ} portraits in memory and {kept_differ} on record differ from those of "
            "the rule for one household.",
        )
    )


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.portraits", description="Measure portraits at scale.")
    parser.add_argument("--households", type=int, default=HOUSEHOLDS)
    parser.add_argument("--sample", type=int, default=SAMPLE)
    given = parser.parse_args()
    page = measure(given.households, given.sample) + "\n"
    if given.households == HOUSEHOLDS:
        PAGE.write_text(page, encoding="utf-8")
    sys.stdout.write(page)


if __name__ == "__main__":
    main()
