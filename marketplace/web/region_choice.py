"""Choosing a region in a form: typed as a code, a name, or picked from the suggestions ``330324110 · 岩坦镇``; works without script."""

import re

from kernel.errors import InvalidInput
from kernel.regions.models import Region
from kernel.regions.queries import search_regions, subtree_of
from marketplace.security.access import db

MOST_SUGGESTED = 700


def suggestions(scope: tuple[str, ...], *, least_level: int = 4) -> list[str]:
    """What the field suggests: the regions of `scope` from `least_level` (4: township) down."""
    found = []
    for code in scope:
        names: dict[str, str] = {}
        for region in subtree_of(db(), code):
            names[region.code] = region.name
            if region.level >= least_level:
                above = names.get(region.parent_code or "", "") if region.level == 5 else ""
                found.append(shown(region, above))
        if len(found) > MOST_SUGGESTED:
            return found[:MOST_SUGGESTED]
    return found


def shown(region: Region, above: str = "") -> str:
    """A region as the field shows it."""
    return f"{region.code} · {above}{region.name}"


def shown_by_code(code: str) -> str:
    """The same, from a code."""
    region = db().get(Region, code)
    if region is None:
        return code
    above = db().get(Region, region.parent_code) if region.level == 5 and region.parent_code else None
    return shown(region, above.name if above is not None else "")


def code_of(text: str, *, scope: tuple[str, ...]) -> str:
    """The code of what was typed. Raises InvalidInput: nothing, or more than one region of `scope`, fits."""
    wanted = text.strip()
    if match := re.match(r"(\d{2,12})(\s*·|$)", wanted):
        return match[1]
    found = search_regions(db(), wanted, scope=scope, limit=6) if wanted else []
    exact = [one for one in found if one.name == wanted]
    if len(exact) == 1 or len(found) == 1:
        return (exact or found)[0].code
    if found:
        raise InvalidInput(
            "Several regions fit; write the code: %(regions)s",
            field="region_code",
            regions="; ".join(shown(one) for one in found[:5]),
        )
    raise InvalidInput("No region of yours fits this; write its code or its name", field="region_code")
