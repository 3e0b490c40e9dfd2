"""Regions on forms and pages: choices within somebody's regions, and names people know."""

from collections.abc import Iterable

import sqlalchemy as sa
from flask_babel import gettext as _

from kernel.database import within
from kernel.regions.models import LEVELS, Region
from kernel.regions.queries import with_ancestors
from marketplace.security.access import db

MOST_CHOICES = 1_500
Choices = dict[str, list[tuple[str, str]]]


def region_choices(scope: tuple[str, ...], *, deepest: str = "village") -> Choices:
    """The regions of `scope` down to `deepest`, grouped by the region above; fewer levels where they would be too many to choose from."""
    for level in range(LEVELS[deepest], 0, -1):
        query = sa.select(Region).where(within(Region.code, scope), Region.level <= level).order_by(Region.code)
        if (db().scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0) <= MOST_CHOICES:
            break
    rows = list(db().scalars(query))
    names = {row.code: row.name for row in rows}
    names.update(
        {row.code: row.name for row in with_ancestors(db(), {row.parent_code for row in rows if row.parent_code})}
    )
    first = _("Please choose")
    found: Choices = {first: [("", "—")]}
    for row in rows:
        if row.level <= 3:
            group = row.name
        elif row.level == 4:
            group = _("Townships of %(county)s", county=names.get(row.parent_code or "", ""))
        else:
            group = names.get(row.parent_code or "", "")
        # A village alone says little, and many share a name: the township stands beside it.
        label = row.name if row.level <= 4 else f"{row.name} · {group}"
        found.setdefault(group, []).append((row.code, label))
    return found


def townships(scope: tuple[str, ...]) -> list[tuple[str, str]]:
    """Counties and townships of `scope` as ticks: what a service area or an earmark usually names."""
    rows = db().scalars(
        sa.select(Region)
        .where(within(Region.code, tuple(code[:6] for code in scope)), Region.level.in_((3, 4)))
        .order_by(Region.code)
        .limit(MOST_CHOICES)
    )
    return [(row.code, row.name) for row in rows]


def place_names(codes: Iterable[str | None], *, in_list: bool = False) -> dict[str, str]:
    """Code → the names from the county down: ``永嘉县岩坦镇屿北村``; in a list of one county without its name."""
    wanted = {code for code in codes if code}
    first = 9 if in_list and len({code[:6] for code in wanted}) == 1 else 6
    names = {row.code: row.name for row in with_ancestors(db(), wanted)}
    return {
        code: "".join(names.get(code[:length], "") for length in (6, 9, 12) if first <= length <= len(code))
        or names.get(code, code)
        for code in wanted
    }
