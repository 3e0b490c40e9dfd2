"""Rules of charity projects. Pure."""

from dataclasses import dataclass, replace
from datetime import date

from kernel.checking import MOST_FEN, Faults, checked_period, checked_text, checked_whole
from kernel.errors import InvalidInput

MOST_BENEFICIARIES = 1_000_000


@dataclass(frozen=True)
class ProjectEntry:
    """What a federation hands in: budget in fen, beneficiaries wanted in households, days both inclusive."""

    name: str
    summary: str
    organiser: str
    region_code: str
    budget_fen: int
    beneficiaries_wanted: int
    starts_on: date
    ends_on: date
    categories: tuple[str, ...] = ()


def checked_project(entry: ProjectEntry) -> ProjectEntry:
    """The entry, normalised. Raises InvalidFields with every fault."""
    faults = Faults()
    given: dict[str, object] = {}
    with faults.gathering():
        given["name"] = checked_text(entry.name, field="name", most=120)
    with faults.gathering():
        given["summary"] = checked_text(entry.summary, field="summary", most=4_000, lines=True)
    with faults.gathering():
        given["organiser"] = checked_text(entry.organiser, field="organiser", most=120)
    with faults.gathering():
        checked_whole(entry.budget_fen, field="budget_fen", least=0, most=MOST_FEN)
    with faults.gathering():
        checked_whole(entry.beneficiaries_wanted, field="beneficiaries_wanted", least=1, most=MOST_BENEFICIARIES)
    with faults.gathering():
        checked_text(entry.region_code, field="region_code", most=60)
    for field in ("starts_on", "ends_on"):
        if getattr(entry, field) is None:
            faults.add(InvalidInput("Fill this in", field=field))
    with faults.gathering():
        checked_period(entry.starts_on, entry.ends_on)
    given["categories"] = tuple(dict.fromkeys(entry.categories))
    faults.raise_any()
    return replace(entry, **given)  # type: ignore[arg-type]


def require_listable(project_ends_on: date, *, today: date) -> None:
    """Raises InvalidInput when the project is over before it is listed."""
    if project_ends_on < today:
        raise InvalidInput("The project has ended already; change its period before listing it", field="ends_on")
