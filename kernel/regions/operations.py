"""Loading the administrative tree from its files; safe to repeat."""

import csv
import functools
import gzip
import io
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel.errors import InvalidInput
from kernel.pinyin import spelled
from kernel.regions.models import LEVELS, Region

DATA = Path(__file__).parent / "data"


def read_divisions(
    path: Path = DATA / "zhejiang.csv.gz", *, only: tuple[str, ...] | None = None
) -> list[dict[str, object]]:
    """The rows of a division file (``code,name,level,parent``), parents first, with pinyin and the chain of names.

    `only` keeps the subtrees of these codes and what lies above them. Raises InvalidInput naming the row whose parent is missing.
    """
    opened = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    names: dict[str, str] = {}
    spell = functools.cache(spelled)  # one name in five stands for several places
    rows: list[dict[str, object]] = []
    for number, row in enumerate(csv.DictReader(io.StringIO(opened.decode("utf-8"))), start=2):
        code, parent = row["code"], row["parent"] or None
        if parent is not None and parent not in names:
            raise InvalidInput(
                "Row %(row)s of %(file)s: parent %(parent)s does not stand above it",
                row=number,
                file=path.name,
                parent=parent,
            )
        names[code] = names.get(parent or "", "") + row["name"]
        if only is None or any(code.startswith(kept) or kept.startswith(code) for kept in only):
            pinyin, first_letters = spell(row["name"])
            rows.append(
                {
                    "code": code,
                    "name": row["name"],
                    "full_name": names[code],
                    "level": LEVELS[row["level"]],
                    "parent_code": parent,
                    "pinyin": pinyin,
                    "initials": first_letters,
                }
            )
    return rows


def load_divisions(session: Session, rows: list[dict[str, object]]) -> int:
    """Writes the rows, changing names that changed; returns how many were handed in."""
    for start in range(0, len(rows), 2_000):
        statement = insert(Region).values(rows[start : start + 2_000])
        session.execute(
            statement.on_conflict_do_update(
                index_elements=[Region.code],
                set_={
                    key: statement.excluded[key]
                    for key in ("name", "full_name", "level", "parent_code", "pinyin", "initials")
                },
                where=Region.full_name.is_distinct_from(statement.excluded.full_name),
            )
        )
    return len(rows)


def load_points(session: Session, path: Path = DATA / "yongjia-points.csv") -> int:
    """Sets the known points (WGS-84) from ``code,…,lat,lon,geonames_name,accuracy``; rows without a point are left without one."""
    with open(path, encoding="utf-8") as file:
        points = [row for row in csv.DictReader(file) if row["lat"]]
    for row in points:
        session.execute(
            sa.update(Region)
            .where(Region.code == row["code"])
            .values(lat=float(row["lat"]), lon=float(row["lon"]), point_source=f"GeoNames, {row['accuracy']}")
        )
    return len(points)
