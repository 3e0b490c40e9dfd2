"""What makes a need right, and what it takes from its household and its category where nothing is said. Pure functions."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from households.needs.models import FILLS
from households.rules import MOST_CAP_FEN, point_fault, text_fault
from kernel.catalogue.models import HOUSEHOLD_TYPES
from kernel.errors import InvalidFields, InvalidInput

MOST_WEIGHT = 1_000
LONGEST_NOTE = 500
# First defaults, until a policy set in force says otherwise: the status category weighs within a tier, the risk tier and a
# sudden shock choose the tier.
WEIGHTS: Mapping[str, int] = {
    "extreme_poverty": 100,
    "subsistence_allowance": 80,
    "subsistence_edge": 60,
    "expenditure_hardship": 50,
    "relative_low_income": 30,
    "other": 20,
}
TIERS: Mapping[str, int] = {"high": 1, "key": 2, "general": 3}


@dataclass(frozen=True)
class NeedEntry:
    """A need as handed in; what is None follows from household and category. `quantity` in whole units of the category."""

    household_id: uuid.UUID
    category_code: str
    quantity: int
    tier: int | None = None
    weight: int | None = None
    type: str | None = None
    fill: str | None = None
    accepts: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    unit_worth_fen: int = 0
    starts_on: date | None = None
    due_on: date | None = None
    lat: float | None = None
    lon: float | None = None
    note: str | None = None


@dataclass(frozen=True)
class HouseholdFacts:
    """What a need takes from its household."""

    id: uuid.UUID
    region_code: str
    main_type: str
    risk_tier: str
    status_category: str
    lat: float | None
    lon: float | None
    active: bool = True


@dataclass(frozen=True)
class Catalogue:
    """What a need may refer to: category code → single source or not, and the skills."""

    single_source: Mapping[str, bool]
    skills: frozenset[str]


@dataclass(frozen=True)
class CheckedNeed:
    """A need with every value decided."""

    household_id: uuid.UUID
    region_code: str
    category_code: str
    accepts: tuple[str, ...]
    quantity: int
    tier: int
    weight: int
    type: str
    fill: str
    unit_worth_fen: int
    requires: tuple[str, ...]
    starts_on: date | None
    due_on: date | None
    lat: float | None
    lon: float | None
    note: str | None


def default_tier(household: HouseholdFacts) -> int:
    """1 for a sudden shock (急难型), else by the household's risk tier."""
    return 1 if household.main_type == "emergency" else TIERS[household.risk_tier]


def check_need(entry: NeedEntry, *, household: HouseholdFacts, catalogue: Catalogue, today: date) -> CheckedNeed:
    """The need with its defaults decided. Raises InvalidFields naming every fault.

    A category that only one helper can serve (hours, jobs) is asked from a single source unless said otherwise.
    """
    faults: list[InvalidInput] = []
    if not household.active:
        faults.append(InvalidInput("The household is closed; reopen it before posting a need", field="household_id"))
    faults += _reference_faults(entry, catalogue)
    tier = entry.tier if entry.tier is not None else default_tier(household)
    weight = entry.weight if entry.weight is not None else WEIGHTS[household.status_category]
    if tier not in (1, 2, 3):
        faults.append(InvalidInput("A tier is 1 (most urgent), 2 or 3", field="tier"))
    if not 1 <= weight <= MOST_WEIGHT:
        faults.append(InvalidInput("A weight is a whole number from 1 to 1000", field="weight"))
    elif entry.quantity < 1:
        faults.append(InvalidInput("A quantity is a whole number of at least 1", field="quantity"))
    elif entry.quantity > 1_000 * weight:
        faults.append(
            InvalidInput(
                "At most %(most)s units with weight %(weight)s; lower the quantity or raise the weight",
                field="quantity",
                most=1_000 * weight,
                weight=weight,
            )
        )
    kind = entry.type or household.main_type
    if kind not in HOUSEHOLD_TYPES:
        faults.append(InvalidInput("Choose one of the list", field="type"))
    fill = entry.fill or ("single" if catalogue.single_source.get(entry.category_code) else "any")
    if fill not in FILLS:
        faults.append(InvalidInput("Choose one of the list", field="fill"))
    if not 0 <= entry.unit_worth_fen <= MOST_CAP_FEN:
        faults.append(InvalidInput("An amount of zero or more, in fen", field="unit_worth_fen"))
    faults += _period_faults(entry, today)
    point = point_fault(entry.lat, entry.lon)
    note = text_fault(entry.note, most=LONGEST_NOTE, field="note", needed=False, lines=True)
    faults += [fault for fault in (point, note) if fault is not None]
    if faults:
        raise InvalidFields(faults)
    own = entry.lat is not None
    return CheckedNeed(
        household.id,
        household.region_code,
        entry.category_code,
        entry.accepts,
        entry.quantity,
        tier,
        weight,
        kind,
        fill,
        entry.unit_worth_fen,
        entry.requires,
        entry.starts_on,
        entry.due_on,
        entry.lat if own else household.lat,
        entry.lon if own else household.lon,
        (entry.note or "").strip() or None,
    )


def _reference_faults(entry: NeedEntry, catalogue: Catalogue) -> list[InvalidInput]:
    faults = []
    if entry.category_code not in catalogue.single_source:
        faults.append(
            InvalidInput(
                "There is no category %(code)s; see the list of categories",
                field="category_code",
                code=entry.category_code,
            )
        )
    for code in entry.accepts:
        if code not in catalogue.single_source:
            faults.append(
                InvalidInput("There is no category %(code)s; see the list of categories", field="accepts", code=code)
            )
    if entry.category_code in entry.accepts or len(set(entry.accepts)) < len(entry.accepts):
        faults.append(InvalidInput("Name each further category once, and not the category itself", field="accepts"))
    for code in entry.requires:
        if code not in catalogue.skills:
            faults.append(
                InvalidInput("There is no skill %(code)s; see the list of skills", field="requires", code=code)
            )
    if len(set(entry.requires)) < len(entry.requires):
        faults.append(InvalidInput("Name each skill once", field="requires"))
    return faults


def _period_faults(entry: NeedEntry, today: date) -> list[InvalidInput]:
    if entry.due_on is not None and entry.due_on < today:
        return [InvalidInput("The day by which help is needed has passed; choose a later one", field="due_on")]
    if entry.starts_on is not None and entry.due_on is not None and entry.starts_on > entry.due_on:
        return [InvalidInput("The period ends before it starts", field="due_on")]
    return []
