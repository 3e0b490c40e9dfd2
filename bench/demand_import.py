"""How long a list of 100,000 people takes from the file to the database, step by step."""

import csv
import io
import time
import uuid
from datetime import date, timedelta
from random import Random

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from bench.demand_fill import MEMBERS_EACH, NOW, name_of, resident_id
from bench.tables import table
from kernel.accounts.models import User
from kernel.audit import Actor
from kernel.regions.models import Region
from marketplace.imports.operations import apply_import, check_import

LIMIT_S = 180
COUNTY = "330324"
_FIRST_PERSON = 50_000_000  # beyond those of the fill
_HEADS = (
    "户号", "所在地区", "身份类别", "帮扶类型", "风险等级", "同意参与匹配", "姓名", "与户主关系", "身份证号", "详细地址",
)  # fmt: skip
_ROWS = ("户主", "配偶", "子女", "子女", "父母")


def file_of(villages: list[str], *, rows: int, seed: int) -> bytes:
    """A CSV of households, a row for each member."""
    draw, body = Random(seed), io.StringIO()  # noqa: S311 — invented data, no secret
    writer = csv.writer(body)
    writer.writerow(_HEADS)
    person = _FIRST_PERSON + seed % 40 * 1_000_000
    household = written = 0
    while written < rows:
        household += 1
        village = draw.choice(villages)
        for position in range(min(draw.choice(MEMBERS_EACH), rows - written)):
            # heads are of age: a minor's consent is a guardian's, which no list can hold
            born_on = date(1940, 1, 1) + timedelta(days=draw.randrange(30_000 if position else 18_000))
            shared = [village, "低保对象", "兜底型", "重点", "是"] if position == 0 else ["", "", "", "", ""]
            address = f"{household % 20 + 1}组{household % 97 + 1}号" if position == 0 else ""
            writer.writerow([household, *shared, name_of(draw), _ROWS[position], resident_id(person, born_on), address])
            person += 1
            written += 1
    return body.getvalue().encode()


def import_part(sessions: sessionmaker[Session], *, rows: int, seed: int) -> str:
    """The dry run, then the import, each in its own transaction as the page does it."""
    with sessions.begin() as session:
        villages = list(
            session.scalars(sa.select(Region.code).where(Region.level == 5, Region.code.startswith(COUNTY)))
        )
        login = f"bench-{uuid.uuid4().hex[:8]}"
        user = User(login=login, display_name=login, password_hash="-", created_at=NOW)
        session.add(user)
        session.flush()
        actor = Actor(user.id, login)
    content = file_of(villages, rows=rows, seed=int(time.time()))
    steps: list[tuple[str, float]] = []

    def timed(name: str, started: float) -> None:
        steps.append((name, time.perf_counter() - started))

    started = time.perf_counter()
    with sessions.begin() as session:
        batch = check_import(
            session, kind="households", file_name="list.csv", content=content, region_code=COUNTY, actor=actor,
            scope=(COUNTY,), now=NOW,
        )  # fmt: skip
        report = batch.report
    timed("dry run", started)
    started = time.perf_counter()
    with sessions.begin() as session:
        applied = apply_import(session, batch_id=batch.id, actor=actor, scope=(COUNTY,), now=NOW)
        written = applied.batch.report["written"]
    timed("import", started)
    total = sum(seconds for _, seconds in steps)
    told = "within" if total <= LIMIT_S else "beyond"
    return "\n\n".join(
        (
            f"**{report['rows']:,} rows ({len(content) / 1e6:.1f} MB of CSV), {written:,} households in {total:.0f} s**, {told} the {LIMIT_S} s.",
            table(["step", "seconds"], [[name, f"{seconds:.1f}"] for name, seconds in steps]),
        )
    )
