"""Reading the administrative tree."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.database import escape_like, subtree_range, within
from kernel.errors import NotFound
from kernel.regions.models import Region


def get_region(session: Session, code: str) -> Region:
    """The region of this code. Raises NotFound."""
    region = session.get(Region, code)
    if region is None:
        raise NotFound(
            "There is no region with code %(code)s; look the code up by name", field="region_code", code=code
        )
    return region


def children_of(session: Session, code: str) -> list[Region]:
    """The regions directly below, by code."""
    return list(session.scalars(sa.select(Region).where(Region.parent_code == code).order_by(Region.code)))


def subtree_of(session: Session, code: str) -> list[Region]:
    """The region itself and all below, by code: one range of the primary key."""
    low, high = subtree_range(code)
    return list(session.scalars(sa.select(Region).where(Region.code >= low, Region.code < high).order_by(Region.code)))


def with_ancestors(session: Session, codes: set[str]) -> list[Region]:
    """The regions of these codes and all above them, by code: what a problem file needs."""
    wanted = {code[:length] for code in codes for length in (2, 4, 6, 9, 12) if length <= len(code)}
    return list(session.scalars(sa.select(Region).where(Region.code.in_(wanted)).order_by(Region.code)))


def search_regions(
    session: Session, text: str, *, scope: tuple[str, ...] | None = None, limit: int = 20
) -> list[Region]:
    """Regions found by the start of a code, pinyin or initials, or by a part of the name; higher levels first.

    `scope` keeps to the subtrees of these codes (None: the whole tree, which is public).
    """
    wanted = text.strip().lower()
    if not wanted:
        return []
    pattern = escape_like(wanted)
    query = sa.select(Region).where(
        Region.code.startswith(wanted, autoescape=True)
        if wanted.isdecimal()
        else sa.or_(
            Region.name.like(f"%{pattern}%"), Region.pinyin.like(f"{pattern}%"), Region.initials.like(f"{pattern}%")
        )
    )
    if scope is not None:
        query = query.where(within(Region.code, scope))
    return list(session.scalars(query.order_by(Region.level, Region.code).limit(limit)))


def point_of(region: Region, ancestors: dict[str, Region]) -> tuple[float, float] | None:
    """The region's own point, else that of the nearest ancestor that has one, else None."""
    at: Region | None = region
    while at is not None:
        if at.lat is not None and at.lon is not None:
            return at.lat, at.lon
        at = ancestors.get(at.parent_code or "")
    return None
