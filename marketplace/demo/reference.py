"""Reference data of an installation: all divisions of Zhejiang, the known points, the catalogue. Safe to repeat, and then quick."""

import csv
import gzip
import hashlib
import io

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.catalogue.operations import load_catalogue
from kernel.database import subtree_range
from kernel.regions.models import Region
from kernel.regions.operations import DATA, load_divisions, load_points, read_divisions
from marketplace.demo.writing import copy_rows

PROVINCE = "33"
COUNTY = "330324"
# The points' file has townships only. The county's own point is that of its seat, Shangtang 上塘, in this township.
COUNTY_SEAT = "330324001"
_LOAD_LOCK = 0x5A46_0003  # two installations of one database may start at once


def load_reference(session: Session) -> int:
    """Divisions (27,036), points and catalogue; returns how many divisions were written, 0 where they stand as the file has them.

    The first time takes about 4 s on two cores, most of it pinyin; afterwards a digest of the tree is compared and nothing
    written. Names that changed in a newer file are written over. The caller commits.
    """
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOAD_LOCK)))
    load_catalogue(session)
    if _digest_of_file() == _digest_of_tree(session):
        return 0
    rows = read_divisions()
    if session.scalar(sa.select(sa.func.count()).select_from(Region)) == 0:
        copy_rows(session, Region, rows)
    else:
        load_divisions(session, rows)
    load_points(session)
    seat = session.get_one(Region, COUNTY_SEAT)
    session.execute(
        sa.update(Region)
        .where(Region.code == COUNTY)
        .values(lat=seat.lat, lon=seat.lon, point_source=f"the county's seat, {seat.point_source}")
    )
    session.expire_all()
    return len(rows)


def _digest_of_file() -> str:
    with gzip.open(DATA / "zhejiang.csv.gz") as file:
        text = file.read().decode("utf-8")
    digest = hashlib.md5(usedforsecurity=False)
    for code, name in sorted((row[0], row[1]) for row in csv.reader(io.StringIO(text)) if row[0] != "code"):
        digest.update(f"{code}{name}".encode())
    return digest.hexdigest()


def _digest_of_tree(session: Session) -> str | None:
    low, high = subtree_range(PROVINCE)
    statement = sa.text(
        "SELECT md5(string_agg(code || name, '' ORDER BY code)) FROM regions WHERE code >= :low AND code < :high"
    )
    return session.scalar(statement, {"low": low, "high": high})
