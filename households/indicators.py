"""The indicators 指标 that describe a household: five dimensions, each with its unit and the range a value may take.

Source of the five dimensions (family structure, health, income, property, expenditure): 中国社会报,
积极推动新时代新征程社会救助事业高质量发展(上), national conference of 17–18 April 2023. Every one feeds a rule of the portrait (`households.portrait`).
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from kernel.checking import plain
from kernel.errors import InvalidFields, InvalidInput

EVIDENCE = (
    "none", "statement", "visit", "certificate", "bill", "bank_record", "department_data", "photo", "other",
)  # fmt: skip
"""What a value rests on: nothing but what was said elsewhere, the household's own statement, a visit, papers, data, a photograph"""
DIMENSIONS = ("structure", "health", "income", "property", "expenditure")


@dataclass(frozen=True)
class IndicatorKind:
    """One indicator. `unit` is persons, fen (a year, or held), m2, mu (1/15 hectare), count or grade; `most` is the largest sane value."""

    code: str
    dimension: str
    unit: str
    name: str
    most: int


_MONEY = 10_000_000_000  # fen: a hundred million yuan, far beyond any household in need
KINDS = {
    kind.code: kind
    for kind in (
        IndicatorKind("able_workers", "structure", "persons", "Members able to work", 30),
        IndicatorKind("lone_elders", "structure", "persons", "Elders living alone", 30),
        IndicatorKind("left_behind", "structure", "persons", "Left-behind members", 30),
        IndicatorKind("elders", "structure", "persons", "Members of 60 and older", 30),
        IndicatorKind("minors", "structure", "persons", "Minors", 30),
        IndicatorKind("youths_16_19", "structure", "persons", "Youths of 16 to 19", 30),
        IndicatorKind("single_parents", "structure", "persons", "Single parents", 30),
        IndicatorKind("supporters", "structure", "persons", "Relatives who must support the household and can", 30),
        IndicatorKind("severely_ill", "health", "persons", "Severely ill members", 30),
        IndicatorKind("chronically_ill", "health", "persons", "Chronically ill members", 30),
        IndicatorKind("severely_disabled", "health", "persons", "Severely disabled members", 30),
        IndicatorKind("other_disabled", "health", "persons", "Members with a lighter disability", 30),
        IndicatorKind("mentally_ill", "health", "persons", "Mentally ill members", 30),
        IndicatorKind("dependent_on_care", "health", "persons", "Members who depend on care", 30),
        IndicatorKind("uninsured", "health", "persons", "Members without medical insurance", 30),
        IndicatorKind("wages_year", "income", "fen", "Wages in a year", _MONEY),
        IndicatorKind("business_year", "income", "fen", "Business income in a year", _MONEY),
        IndicatorKind("farming_year", "income", "fen", "Farming income in a year", _MONEY),
        IndicatorKind("property_income_year", "income", "fen", "Income from property in a year", _MONEY),
        IndicatorKind("transfers_year", "income", "fen", "Pensions and transfers in a year", _MONEY),
        IndicatorKind("employed", "income", "persons", "Members in work", 30),
        IndicatorKind("unemployed", "income", "persons", "Members out of work who seek it", 30),
        IndicatorKind("savings", "property", "fen", "Savings", _MONEY),
        IndicatorKind("vehicles", "property", "count", "Cars", 100),
        IndicatorKind("second_homes", "property", "count", "Homes beyond the one lived in", 100),
        IndicatorKind("housing_area", "property", "m2", "Housing area", 2_000),
        IndicatorKind("housing_danger", "property", "grade", "Danger grade of the house (1 A safe to 4 D)", 4),
        IndicatorKind("farmland", "property", "mu", "Farmland", 1_000),
        IndicatorKind("medical_year", "expenditure", "fen", "Self-paid medical cost in a year", _MONEY),
        IndicatorKind("education_year", "expenditure", "fen", "Education cost in a year", _MONEY),
        IndicatorKind("disability_care_year", "expenditure", "fen", "Care cost in a year", _MONEY),
        IndicatorKind("rent_year", "expenditure", "fen", "Rent in a year", _MONEY),
        IndicatorKind("debt", "expenditure", "fen", "Debt", _MONEY),
    )
}
_WHOLE_UNITS = ("persons", "fen", "grade", "count")


@dataclass(frozen=True)
class IndicatorEntry:
    """A value to set, as of a day, with where it comes from (a visit, a certificate, a department's data) and what it rests on.

    `corrects` names the recorded value that was wrong.
    """

    code: str
    value: Decimal | int | str
    as_of: date
    source: str
    evidence: str = "none"
    corrects: uuid.UUID | None = None


def checked_values(entries: tuple[IndicatorEntry, ...], *, today: date) -> Mapping[str, Decimal]:
    """The values as exact decimals by code. Raises InvalidFields with every fault: unknown, negative, fractional, too large, future."""
    faults: list[InvalidInput] = []
    values: dict[str, Decimal] = {}
    for entry in entries:
        field = f"indicators.{entry.code}"
        kind = KINDS.get(entry.code)
        if kind is None:
            faults.append(
                InvalidInput("There is no indicator %(code)s; see the list of indicators", field=field, code=entry.code)
            )
            continue
        if entry.code in values:
            faults.append(InvalidInput("The indicator %(code)s stands twice; keep one", field=field, code=entry.code))
            continue
        try:
            value = Decimal(str(entry.value))
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or value < 0:
            faults.append(InvalidInput("An indicator is a number of zero or more", field=field))
        elif value > kind.most:
            faults.append(
                InvalidInput("At most %(most)s is possible here; check the unit", field=field, most=kind.most)
            )
        elif value != value.quantize(Decimal(1) if kind.unit in _WHOLE_UNITS else Decimal("0.01")):
            faults.append(InvalidInput("This indicator has too many decimals for its unit", field=field))
        else:
            values[entry.code] = value
        if entry.as_of > today:
            faults.append(InvalidInput("The day of an indicator lies in the future", field=field))
        if entry.evidence not in EVIDENCE:
            faults.append(InvalidInput("Choose one of the list", field=field))
        if not entry.source.strip():
            faults.append(InvalidInput("Say where the value comes from: a visit, a certificate, data", field=field))
        try:
            plain(entry.source, field=field)
        except InvalidInput as fault:
            faults.append(fault)
    if faults:
        raise InvalidFields(faults)
    return values
