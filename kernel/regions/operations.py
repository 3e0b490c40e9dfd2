"""Loading the administrative tree from its files; safe to repeat."""

import csv
import functools
import gzip
import io
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import InvalidInput
from kernel.pinyin import spelled
from kernel.regions.models import LEVELS, Region

DATA = Path(__file__).parent / "data"


def read_divisions(
    path: Path = DATA / "zhejiang.csv.gz", *, only: tuple[str, ...] | None = None
) -> list[dict[str, object]]:
    """The rows of a division file (``code,name,level,parent,pinyin,initials``), parents first, with the chain of names.

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


_COLUMNS = {
    "code": "text",
    "name": "text",
    "full_name": "text",
    "level": "smallint",
    "parent_code": "text",
    "pinyin": "text",
    "initials": "text",
}


def load_divisions(session: Session, rows: list[dict[str, object]]) -> int:
    """Writes the rows, changing names that changed; returns how many were handed in.

    One statement over arrays: compiling a VALUES list of 27,036 rows takes ten times as long as running it.
    """
    names = ", ".join(_COLUMNS)
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _COLUMNS.items())
    changes = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "code")
    statement = sa.text(f"""
        INSERT INTO regions ({names}) SELECT * FROM unnest({arrays})
        ON CONFLICT (code) DO UPDATE SET {changes} WHERE regions.full_name <> excluded.full_name
    """)  # noqa: S608 - only our own column names are put in
    session.execute(statement, {name: [row[name] for row in rows] for name in _COLUMNS})
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
