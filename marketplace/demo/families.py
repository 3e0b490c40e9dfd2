"""Households of the demonstration: families of a few forms, their members, statuses and indicators. Nobody in them exists."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from households.indicators import IndicatorEntry, checked_values
from households.rules import CheckedHousehold, HouseholdEntry, MemberEntry, check_household
from marketplace.demo import figures
from marketplace.demo.people import SURNAMES, Numbers, born_at_age, person_name
from marketplace.demo.places import Village, jittered

DIAGNOSES = ("恶性肿瘤", "尿毒症", "脑卒中后遗症", "冠心病", "肝硬化", "糖尿病并发症", "帕金森病", "类风湿关节炎")
# Income per head as a multiple of the subsistence line, by status (bounds from the statuses' definitions).
INCOME_OF_LINE = {
    "extreme_poverty": (0.02, 0.30),
    "subsistence_allowance": (0.20, 0.99),
    "subsistence_edge": (1.01, figures.EDGE_FACTOR),
    "expenditure_hardship": (1.05, 2.20),
    "relative_low_income": (2.01, 2.22),  # above the edge, below 100,000 yuan for a family of three
    "other": (0.60, 1.90),
}

ASKED = frozenset(
    (
        "wages_year",
        "transfers_year",
        "business_year",
        "farming_year",
        "property_income_year",
        "vehicles",
        "second_homes",
    )
)
"""Indicators that a visitor always asks for, whatever the answer"""


@dataclass(frozen=True)
class Family:
    """One household with all that its needs follow from. `traits` are read by `marketplace.demo.asking`."""

    checked: CheckedHousehold
    village: Village
    form: str
    traits: frozenset[str]
    indicators: dict[str, Decimal]
    opted_out: bool


@dataclass
class _Building:
    """A family while its members are found."""

    draw: Random
    numbers: Numbers
    today: date
    surname: str
    members: list[MemberEntry]
    traits: set[str]

    def add(
        self,
        relation: str,
        ages: tuple[int, int],
        *,
        sex: str | None = None,
        own_name: bool = False,
        able: bool = False,
        school: bool = False,
        grade: int | None = None,
        ill: bool = False,
    ) -> MemberEntry:
        if relation == "spouse":
            sex = "male" if self.members[0].sex == "female" else "female"
        sex = sex or self.draw.choice(("female", "male"))
        age = self.draw.randint(*ages)
        born_on = born_at_age(self.draw, age, today=self.today)
        member = MemberEntry(
            name=person_name(self.draw, sex=sex, age=age, surname=None if own_name else self.surname),
            relation=relation,
            resident_id=self.numbers.resident_id(born_on) if sex == "female" else None,
            sex=sex,
            born_on=born_on,
            disability_grade=grade,
            diagnosis=self.draw.choice(DIAGNOSES) if ill else None,
            able_to_work=able,
            in_school=school,
        )
        self.members.append(member)
        return member


def _old_alone(b: _Building) -> None:
    b.add("head", (66, 91), ill=b.draw.random() < figures.OLD_WITH_ILLNESS, grade=_old_grade(b))
    b.traits |= {"old", "old_alone"}


def _old_couple(b: _Building) -> None:
    b.add("head", (66, 86), sex="male", ill=b.draw.random() < figures.OLD_WITH_ILLNESS)
    b.add("spouse", (64, 84), own_name=True, grade=_old_grade(b))
    b.traits |= {"old"}


def _disabled_alone(b: _Building) -> None:
    b.add("head", (28, 60), grade=b.draw.choice((1, 1, 2, 2, 2, 3)))


def _single_parent(b: _Building) -> None:
    b.add("head", (30, 48), able=True)
    for _ in range(b.draw.choice((1, 1, 2))):
        b.add("child", (6, 14), school=True)


def _ill_earner(b: _Building) -> None:
    b.add("head", (40, 62), ill=True)
    b.add("spouse", (38, 58), own_name=True, able=b.draw.random() < 0.9)
    for _ in range(b.draw.choice((0, 1, 1, 2))):
        b.add("child", (7, 15), school=True)


def _disabled_child(b: _Building) -> None:
    b.add("head", (38, 60), able=b.draw.random() < 0.9)
    b.add("spouse", (36, 58), own_name=True)
    b.add("child", (8, 30), grade=b.draw.choice((1, 2, 2, 3)))
    b.traits.add("carer")


def _student(b: _Building) -> None:
    b.add("head", (40, 52), able=b.draw.random() < 0.97)
    b.add("spouse", (38, 50), own_name=True, able=b.draw.random() < 0.92)
    b.add("child", (16, 19), school=True)
    if b.draw.random() < 0.4:
        b.add("child", (7, 14), school=True)
    b.traits.add("student")


def _young(b: _Building) -> None:
    b.add("head", (27, 46), able=b.draw.random() < 0.95)
    b.add("spouse", (26, 44), own_name=True, able=b.draw.random() < 0.97)
    for _ in range(b.draw.choice((1, 1, 2, 2))):
        b.add("child", (3, 14), school=True)


def _three_generations(b: _Building) -> None:
    b.add("head", (34, 50), able=b.draw.random() < 0.97)
    b.add("spouse", (33, 49), own_name=True, able=b.draw.random() < 0.94)
    b.add("child", (5, 15), school=True)
    b.add("parent", (68, 86), ill=b.draw.random() < figures.OLD_WITH_ILLNESS, grade=_old_grade(b))
    b.traits.add("old")


def _middle_aged_alone(b: _Building) -> None:
    b.add("head", (40, 58), able=b.draw.random() < 0.8)


def _left_behind(b: _Building) -> None:
    b.add("head", (58, 74), sex="female")
    if b.draw.random() < 0.6:
        b.add("spouse", (60, 76), own_name=True)
    for _ in range(b.draw.choice((1, 1, 2))):
        b.add("grandchild", (5, 14), school=True)
    b.traits |= {"left_behind", "old"}


def _women_left_behind(b: _Building) -> None:
    b.add("head", (30, 46), sex="female", able=True)
    for _ in range(b.draw.choice((1, 2))):
        b.add("child", (4, 14), school=True)


_FORMS = {
    "old_alone": _old_alone,
    "old_couple": _old_couple,
    "disabled_alone": _disabled_alone,
    "single_parent": _single_parent,
    "ill_earner": _ill_earner,
    "disabled_child": _disabled_child,
    "student": _student,
    "young": _young,
    "three_generations": _three_generations,
    "middle_aged_alone": _middle_aged_alone,
    "left_behind": _left_behind,
    "women_left_behind": _women_left_behind,
}


def build_families(draw: Random, numbers: Numbers, villages: list[Village], *, today: date) -> list[Family]:
    """One family per village handed in, `figures.HOUSEHOLDS` of them; types, statuses and forms are exactly those of `figures`."""
    kinds: list[tuple[str, str, str]] = []
    for kind, forms in figures.FAMILIES.items():
        statuses = [status for status, count in figures.TYPE_AND_STATUS[kind].items() for _ in range(count)]
        shapes = [form for form, count in forms.items() for _ in range(count)]
        draw.shuffle(statuses)
        kinds += [(kind, status, form) for status, form in zip(statuses, shapes, strict=True)]
    draw.shuffle(kinds)
    return [
        _family(draw, numbers, village, kind, status, form, today)
        for village, (kind, status, form) in zip(villages, kinds, strict=True)
    ]


def _family(draw: Random, numbers: Numbers, village: Village, kind: str, status: str, form: str, today: date) -> Family:
    building = _Building(draw, numbers, today, draw.choice(SURNAMES), [], set())
    _FORMS[form](building)
    members, traits = building.members, building.traits
    traits.add(kind)
    traits |= {
        trait
        for trait, holds in (
            (
                "child",
                any(m.in_school and m.relation in ("child", "grandchild") for m in members) and form != "student",
            ),
            ("able", any(m.able_to_work for m in members)),
            ("ill", any(m.diagnosis for m in members)),
            ("disabled", any(m.disability_grade for m in members)),
            ("severe", any((m.disability_grade or 9) <= 2 for m in members)),
            ("poor", status in ("extreme_poverty", "subsistence_allowance") or kind == "subsistence"),
        )
        if holds
    }
    values = _indicators(draw, members, traits, status, kind)
    values |= _counted(members, status, values, today)
    if values["housing_danger"] >= 3:
        traits.add("unsafe_house")
    if values["farmland"] >= 2 and "able" in traits:
        traits.add("land")
    lat, lon = jittered(draw, village)
    entry = HouseholdEntry(
        region_code=village.code,
        members=tuple(members),
        status_category=status,
        main_type=kind,
        risk_tier=_risk_tier(draw, traits, kind),
        address=f"{village.township_name}{village.name}{draw.randint(1, 9)}组{draw.randint(1, 120)}号",
        phone=numbers.phone(),
        lat=lat,
        lon=lon,
        cap_fen=_cap(draw, status, traits),
        consented=draw.random() < figures.CONSENT_SHARE,
    )
    checked_values(tuple(IndicatorEntry(code, value, today, "入户核查") for code, value in values.items()), today=today)
    return Family(
        check_household(entry, today=today),
        village,
        form,
        frozenset(traits),
        values,
        draw.random() < figures.OPTED_OUT_SHARE,
    )


def _old_grade(b: _Building) -> int | None:
    return b.draw.choice((1, 2, 3, 4)) if b.draw.random() < figures.OLD_WITH_DISABILITY else None


def _risk_tier(draw: Random, traits: set[str], kind: str) -> str:
    """High where somebody is alone and old, severely disabled or in an emergency, most of the time. Assumption."""
    if (kind == "emergency" or {"old_alone", "severe"} & traits) and draw.random() < 0.6:
        return "high"
    return "key" if {"ill", "left_behind", "poor"} & traits and draw.random() < 0.6 else "general"


def _cap(draw: Random, status: str, traits: set[str]) -> int | None:
    if "ill" in traits and draw.random() < 0.05:
        return figures.CASE_CONFERENCE_CAP_FEN
    if status == "relative_low_income":
        return figures.RELATIVE_LOW_INCOME_CAP_FEN
    return figures.EDGE_CAP_FEN if status == "subsistence_edge" else None


def _indicators(
    draw: Random, members: list[MemberEntry], traits: set[str], status: str, kind: str
) -> dict[str, Decimal]:
    """Values for all indicators; rigid spending of ill families and of hardship by expenditure eats two fifths and more."""
    low, high = INCOME_OF_LINE[status]
    if status == "other" and kind == "subsistence":
        high = 1.0  # at or below the line, not yet decided
    yuan = figures.YUAN
    income = int(len(members) * figures.SUBSISTENCE_LINE_YEAR * draw.uniform(low, high)) // (100 * yuan) * (100 * yuan)
    able = sum(member.able_to_work for member in members)
    rigid = (
        draw.uniform(0.40, 0.80) if status == "expenditure_hardship" or kind == "expenditure" else draw.uniform(0, 0.15)
    )
    to_medical = 0.85 if "ill" in traits else 0.3
    values = {
        "able_workers": able,
        "lone_elders": int("old_alone" in traits),
        "left_behind": sum(m.relation == "grandchild" for m in members) if "left_behind" in traits else 0,
        "severely_ill": sum(bool(member.diagnosis) for member in members),
        "severely_disabled": sum((member.disability_grade or 9) <= 2 for member in members),
        "wages_year" if able else "transfers_year": income,
        "employed": draw.randint(0, able) if able else 0,
        "housing_area": draw.randint(30, 60) + 12 * len(members),
        "housing_danger": draw.choice((3, 4)) if draw.random() < figures.DANGEROUS_HOUSE else draw.choice((1, 1, 2)),
        "farmland": Decimal(draw.randint(0, 50)) / 10,
        "savings": draw.randint(0, 200) * 100 * yuan,
        "medical_year": int(income * rigid * to_medical) // yuan * yuan,
        "education_year": int(income * rigid * (1 - to_medical)) // yuan * yuan,
        "disability_care_year": draw.randint(20, 80) * 100 * yuan if "severe" in traits else 0,
    }
    return {code: Decimal(value) for code, value in values.items()}


def _counted(members: list[MemberEntry], status: str, values: dict[str, Decimal], today: date) -> dict[str, Decimal]:
    """What follows from the members and needs no chance, so that it moves nothing else of the county."""
    ages = [int((today - member.born_on).days / 365.2425) for member in members if member.born_on is not None]
    children = sum(member.relation in ("child", "grandchild") and member.in_school for member in members)
    adults = sum(member.relation in ("head", "spouse") for member in members)
    able = int(values["able_workers"])
    counted = {
        "elders": sum(age >= 60 for age in ages),
        "minors": sum(age < 18 for age in ages),
        "youths_16_19": sum(16 <= age <= 19 for age in ages),
        "single_parents": int(children > 0 and adults == 1 and all(m.relation != "grandchild" for m in members)),
        "supporters": int(status != "extreme_poverty"),
        "other_disabled": sum((member.disability_grade or 0) >= 3 for member in members),
        "chronically_ill": sum(bool(member.diagnosis) and age >= 60 for member, age in zip(members, ages, strict=True)),
        "dependent_on_care": sum(member.disability_grade == 1 for member in members),
        "unemployed": max(0, able - int(values["employed"])) if status != "relative_low_income" else 0,
    }
    # looked into and not there: what is not on file would count as 0 too, but nobody would have asked
    absent = dict.fromkeys(ASKED.difference(values), 0)
    return {code: Decimal(value) for code, value in (counted | absent).items()}
