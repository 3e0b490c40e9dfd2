"""The lists an import refers to, read once for all rows: regions by code or name, categories, skills."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.catalogue.models import Category, Skill
from kernel.errors import InvalidInput
from kernel.regions.models import Region
from kernel.regions.queries import subtree_of, with_ancestors
from marketplace.imports.cells import Parser, code_text, folded, many, plain, whole
from marketplace.imports.tables import Cell


@dataclass(frozen=True)
class References:
    """What rows may refer to. `places` maps every way of writing a region below the import's own to the codes it may mean."""

    root: str
    places: Mapping[str, frozenset[str]]
    codes: frozenset[str]
    categories: Mapping[str, str]
    skills: Mapping[str, str]
    titles: Mapping[str, str]

    def readers(self) -> dict[str, Parser]:
        """The readers of columns whose values come from these lists."""
        return {
            "region": self.region,
            "regions": many(self.region),
            "category": self.category,
            "categories": many(self.category),
            "skills": many(self.skill),
            "degrees": degrees,
            "grade": grade,
        }

    def region(self, cell: Cell) -> str | None:
        """A region's code from a code or a name. Raises InvalidInput: unknown, ambiguous, or outside the import's region."""
        text = code_text(cell)
        if text is None:
            return None
        key = re.sub(r"\s", "", text)
        if re.fullmatch(r"\d{2,12}", key):
            if not key.startswith(self.root):
                raise InvalidInput("The region lies outside the region of this import (%(root)s)", root=self.root)
            if key not in self.codes:
                raise InvalidInput("There is no region with this code; look the code up by name")
            return key
        return self._place(self.places.get(key, frozenset()))

    def village(self, region: str, name: str) -> str:
        """The code of the village `name` within `region`. Raises InvalidInput."""
        return self._place(
            frozenset(code for code in self.places.get(re.sub(r"\s", "", name), ()) if code.startswith(region))
        )

    def _place(self, found: frozenset[str]) -> str:
        if not found:
            raise InvalidInput("There is no region of this name in the region of this import; write its code")
        if len(found) > 1:
            raise InvalidInput(
                "%(count)s regions have this name; write the code, or the township before it", count=len(found)
            )
        return next(iter(found))

    def category(self, cell: Cell) -> str | None:
        """A category's code from its code or name. Raises InvalidInput."""
        return _listed(cell, self.categories, "There is no such category; the template's second sheet lists them")

    def skill(self, cell: Cell) -> str | None:
        """A skill's code from its code or name. Raises InvalidInput."""
        return _listed(cell, self.skills, "There is no such skill; the template's second sheet lists them")


def _listed(cell: Cell, names: Mapping[str, str], message: str) -> str | None:
    text = plain(cell)
    if text is None:
        return None
    code = names.get(folded(text))
    if code is None:
        raise InvalidInput(message)
    return code


def degrees(cell: Cell) -> float | None:
    """A latitude or longitude in degrees. Raises InvalidInput."""
    text = plain(cell)
    if text is None:
        return None
    try:
        value = Decimal(unicodedata.normalize("NFKC", text))
    except InvalidOperation as error:
        raise InvalidInput("Write degrees as a number such as 28.15") from error
    if not value.is_finite():
        raise InvalidInput("Write degrees as a number such as 28.15")
    return float(value)


def grade(cell: Cell) -> int | None:
    """A disability grade: 1 to 4, also 一级 to 四级; none where it says so. Raises InvalidInput."""
    text = folded(plain(cell) or "")
    if text in ("", "无", "否", "none", "0"):
        return None
    text = text.removesuffix("级")
    return whole({"一": "1", "二": "2", "三": "3", "四": "4"}.get(text, text))


def load_references(session: Session, *, region_code: str) -> References:
    """Reads the lists once: the regions at and below `region_code`, all categories and skills."""
    subtree = subtree_of(session, region_code)
    above = {region.code: region for region in with_ancestors(session, {region_code})}
    known = {**above, **{region.code: region for region in subtree}}
    places: dict[str, set[str]] = defaultdict(set)
    for region in subtree:
        for written in _ways(region, known):
            places[written].add(region.code)
    categories = list(session.scalars(sa.select(Category)))
    skills = list(session.scalars(sa.select(Skill)))
    return References(
        region_code,
        {written: frozenset(codes) for written, codes in places.items()},
        frozenset(region.code for region in subtree),
        _by_name(categories),
        _by_name(skills),
        {category.code: category.name_zh for category in categories},
    )


def _by_name(rows: list[Category] | list[Skill]) -> dict[str, str]:
    return {folded(name): row.code for row in rows for name in (row.code, row.name_zh, row.name_en)}


def _ways(region: Region, known: Mapping[str, Region]) -> set[str]:
    """Every way people write a place: its own name, also without what the statistics add to a village's, after any of those above it."""
    own = {region.name}
    if region.level == 5:
        for ending, others in (
            ("村委会", ("村", "村民委员会", "")),
            ("社区居委会", ("社区", "居委会", "社区居民委员会", "")),
            ("居委会", ("社区", "社区居委会", "居民委员会", "")),
        ):
            if region.name.endswith(ending):
                stem = region.name.removesuffix(ending)
                own |= {stem + other for other in others if len(stem + other) > 1}
                break
    ways = set(own)
    before, at = "", known.get(region.parent_code or "")
    while at is not None:
        before = at.name + before
        ways |= {before + name for name in own}
        at = known.get(at.parent_code or "")
    return ways
