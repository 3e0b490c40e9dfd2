"""A province of households that do not exist, from a seed: written by COPY, registered county after county as real lists come in.

Resident IDs begin with 9, which no division of the country has, so that none belongs to anybody.
"""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from households.consents.texts import texts_in_force
from households.models import RISK_TIERS, STATUS_CATEGORIES
from kernel.catalogue.models import HOUSEHOLD_TYPES
from kernel.crypto import Vault
from kernel.database import new_id
from kernel.identity import resident_id_check_character
from kernel.pinyin import spelled
from kernel.regions.models import Region
from marketplace.demo.people import SURNAMES

HOUSEHOLDS, MEMBERS_EACH = 510_000, (1, 2, 3, 3, 4, 4, 5)
"""1.6 million members in 510,000 households: 3.14 each"""
NOW = datetime(2027, 3, 5, 2, 0, tzinfo=UTC)
# how often the commonest surnames come, so that a search by surname finds as many as it would
_WEIGHTS = tuple(max(1, 40 - 2 * place) for place in range(len(SURNAMES)))
_GIVEN = tuple(
    "伟芳娜敏静秀丽强磊军洋勇艳杰娟涛明超霞平刚桂英华文辉玉萍红建国春梅林波斌宇浩凯健俊帆雪荣爱莲"
    "兰凤洁琳素云真环雪荣爱妹霞香月莺媛艳瑞凡佳嘉琼勤珍贞莉桂娣叶璧璐娅琦晶妍茜秋珊莎锦黛青倩婷姣婉"
)
_HOUSEHOLD = (
    "id", "region_code", "head_name", "pinyin", "initials", "address", "status_category", "main_type", "risk_tier",
    "opted_out", "status", "created_at", "updated_at", "version",
)  # fmt: skip
_MEMBER = (
    "id", "household_id", "position", "name", "relation", "sex", "born_on", "resident_id_sealed", "resident_id_index",
    "able_to_work", "in_school",
)  # fmt: skip
_CONSENT = ("id", "household_id", "purpose", "text_version", "way", "given_by", "giver", "given_on", "recorded_at")
_RELATIONS = ("head", "spouse", "child", "child", "parent")


def resident_id(number: int, born_on: date) -> str:
    """The number-th person's resident ID: right in form, of a division that is none."""
    first = f"9{number // 1_000 % 100_000:05d}{born_on:%Y%m%d}{number % 1_000:03d}"
    return first + resident_id_check_character(first)


def name_of(draw: Random, surname: str | None = None) -> str:
    """Two or three characters."""
    family = surname or draw.choices(SURNAMES, _WEIGHTS)[0]
    return family + "".join(draw.choice(_GIVEN) for _ in range(1 if draw.random() < 0.12 else 2))


def villages_of(session: Session) -> list[str]:
    """The codes of all villages, in order."""
    return list(session.scalars(sa.select(Region.code).where(Region.level == 5).order_by(Region.code)))


def fill(sessions: sessionmaker[Session], url: str, vault: Vault, *, households: int, seed: int) -> tuple[int, float]:
    """Fills the database behind `url` and returns how many members there are and the seconds it took."""
    started = time.perf_counter()
    with sessions() as session:
        villages = villages_of(session)
    members = 0
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        people: list[tuple[Any, ...]] = []
        rows: list[tuple[Any, ...]] = []
        for row, own in _families(Random(seed), vault, villages, households):  # noqa: S311 — invented data, no secret
            rows.append(row)
            people += own
            if len(rows) == 10_000:
                members += _copy(connection, rows, people)
                rows, people = [], []
        members += _copy(connection, rows, people)
        connection.commit()
    return members, time.perf_counter() - started


def _copy(connection: psycopg.Connection, rows: list[tuple[Any, ...]], people: list[tuple[Any, ...]]) -> int:
    words = texts_in_force()["match"].version
    consents = [
        (new_id(), row[0], "match", words, "registration", "self", row[2], NOW.date(), NOW)
        for row in rows
        if row[0].int % 10  # nine of ten
    ]
    for table, columns, written in (
        ("households", _HOUSEHOLD, rows), ("members", _MEMBER, people), ("consents", _CONSENT, consents),
    ):  # fmt: skip
        with connection.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in written:
                copy.write_row(row)
    return len(people)


def _families(
    draw: Random, vault: Vault, villages: list[str], households: int
) -> Iterator[tuple[tuple[Any, ...], list[tuple[Any, ...]]]]:
    person, known = 0, {}
    for number in range(households):
        # lists come in by county, so the numbers of a county's households lie together
        village = villages[number * len(villages) // households]
        surname = draw.choices(SURNAMES, _WEIGHTS)[0]
        key, size, people = new_id(), draw.choice(MEMBERS_EACH), []
        name = name_of(draw, surname)
        if name not in known:
            known[name] = spelled(name)
        for position in range(size):
            own = new_id()
            born_on = date(1940, 1, 1) + timedelta(days=draw.randrange(30_000))
            text = resident_id(person, born_on)
            person += 1
            people.append(
                (
                    own,
                    key,
                    position,
                    name if position == 0 else name_of(draw, surname if position != 1 else None),
                    _RELATIONS[position],
                    "male" if int(text[16]) % 2 else "female",
                    born_on,
                    vault.seal(text, table="members", row=own, column="resident_id"),
                    vault.blind_index("resident_id", text),
                    draw.random() < 0.5,
                    False,
                )  # fmt: skip
            )
        yield (
            (
                key, village, name, *known[name], f"{number % 20 + 1}组{number % 97 + 1}号",
                draw.choice(STATUS_CATEGORIES), draw.choice(HOUSEHOLD_TYPES), draw.choice(RISK_TIERS),
                False, "active", NOW, NOW, 1,
            ),
            people,
        )  # fmt: skip
