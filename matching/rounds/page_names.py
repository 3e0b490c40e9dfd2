"""Names behind the ids of a reason's detail, looked up once for a whole page, so that people read names and not keys."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds.models import Fund
from donors.models import Donor
from donors.offerings.models import Offering
from donors.rules import masked_name
from households.models import Household
from households.needs.models import Need
from kernel.catalogue.models import Category, Skill
from kernel.regions.models import Region
from projects.models import Project


@dataclass(frozen=True, slots=True)
class OfferingName:
    """An offering as a sentence names it; a volunteer is named by the surname (`donors.rules.masked_name`)."""

    number: int
    title: str
    donor: str
    category_code: str


@dataclass(frozen=True)
class Names:
    """Ids as text → what people call them; categories and skills are rows, because their names have two languages."""

    offerings: Mapping[str, OfferingName] = field(default_factory=dict)
    funds: Mapping[str, str] = field(default_factory=dict)
    households: Mapping[str, int] = field(default_factory=dict)
    needs: Mapping[str, int] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)
    projects: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, Category] = field(default_factory=dict)
    skills: Mapping[str, Skill] = field(default_factory=dict)
    limits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


_LIST_TABLES = {"areas": "regions", "regions": "regions", "funds": "funds", "projects": "projects"}


def names_in(
    session: Session,
    details: Iterable[Mapping[str, Any]],
    *,
    limits: Iterable[Mapping[str, Any]],
    categories: Iterable[Category],
) -> Names:
    """The names of every row that these details mention. `limits` are the round's, by their ids."""
    ids: dict[str, set[str]] = {
        table: set() for table in ("offerings", "funds", "households", "needs", "regions", "projects")
    }
    for detail in details:
        for row in (detail.get("binding") or {}, *(detail.get("changes") or ()), *(detail.get("went_before") or ())):
            _gather(row, ids)
    offerings = session.execute(
        sa.select(Offering.id, Offering.number, Offering.title, Donor.kind, Donor.name, Offering.category_code)
        .join(Donor, Donor.id == Offering.donor_id)
        .where(Offering.id.in_(_uuids(ids["offerings"])))
    )
    return Names(
        offerings={
            str(key): OfferingName(number, title, masked_name(kind, donor), category)
            for key, number, title, kind, donor, category in offerings
        },
        funds=_column(session, Fund.id, Fund.name, _uuids(ids["funds"])),
        households=_column(session, Household.id, Household.number, _uuids(ids["households"])),
        needs=_column(session, Need.id, Need.number, _uuids(ids["needs"])),
        regions=_column(session, Region.code, Region.name, ids["regions"]),
        projects=_column(session, Project.id, Project.name, _uuids(ids["projects"])),
        categories={category.code: category for category in categories},
        skills={skill.code: skill for skill in session.scalars(sa.select(Skill))},
        limits={str(limit["id"]): limit for limit in limits},
    )


def _gather(row: Mapping[str, Any], ids: dict[str, set[str]]) -> None:
    table = row.get("table")
    if table in ids and "id" in row:
        ids[table].add(str(row["id"]))
        ids[table].update(map(str, row.get("ids") or ()))
    for name, one in (("needs", row.get("need")), ("offerings", row.get("offering"))):
        if one:
            ids[name].add(str(one))
    listed = _LIST_TABLES.get(str(row.get("field")))
    if listed:
        for part in ("add", "from", "to"):
            values = row.get(part)
            if isinstance(values, list):
                ids[listed].update(map(str, values))


def _uuids(texts: set[str]) -> list[uuid.UUID]:
    """Those that are ids of rows; a proposed new row has a text of its own."""
    found = []
    for text in texts:
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found


def _column(session: Session, key: Any, value: Any, wanted: Any) -> dict[str, Any]:
    if not wanted:
        return {}
    return {str(row[0]): row[1] for row in session.execute(sa.select(key, value).where(key.in_(wanted)))}
