"""What the families of the demonstration ask for: each need follows from a trait of its household by one row of a table."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from households.needs.rules import Catalogue, CheckedNeed, HouseholdFacts, NeedEntry, check_need
from marketplace.demo.families import Family

# What one unit is worth to a household, in fen, where a household's cap counts it. Assumption: shop prices and local wages.
UNIT_WORTH_FEN = {
    "cash_aid": 10_000, "living_allowance": 10_000, "medical_aid": 10_000, "tuition_aid": 10_000, "rice": 6_000,
    "cooking_oil": 7_000, "food_parcel": 12_000, "milk": 6_000, "quilt": 15_000, "winter_clothing": 20_000,
    "school_supplies": 10_000, "hygiene_kit": 5_000, "adult_nappies": 6_000, "wheelchair": 80_000, "home_appliance": 150_000,
    "medicine_voucher": 10_000, "meal_delivery": 1_500, "home_repair": 30_000, "barrier_removal": 250_000,
    "rehabilitation": 12_000, "respite_place": 20_000, "care_hours": 4_000, "skills_training": 60_000,
}  # fmt: skip
# Goods that stand in for each other.
ACCEPTS = {"rice": ("food_parcel",), "cooking_oil": ("food_parcel",)}


@dataclass(frozen=True)
class Asking:
    """Households with all `traits` ask for `category` with this `chance`; ranges are inclusive. All figures are assumptions."""

    traits: tuple[str, ...]
    category: str
    chance: float
    tier: int
    quantity: tuple[int, int]
    weight: tuple[int, int]
    days: tuple[int, int]
    type: str
    fill: str | None = None
    requires: tuple[str, ...] = ()


_A = Asking
ASKINGS = (
    # 急难型: fast cash from the reserve, goods within days
    _A(("emergency",), "cash_aid", 1.00, 1, (15, 60), (600, 1000), (3, 14), "emergency"),
    _A(("emergency",), "food_parcel", 0.60, 1, (1, 3), (500, 900), (3, 10), "emergency"),
    _A(("emergency",), "quilt", 0.50, 1, (1, 4), (500, 900), (3, 10), "emergency"),
    _A(("emergency",), "home_repair", 0.40, 1, (6, 20), (500, 900), (20, 60), "emergency", "whole"),
    _A(("emergency",), "counselling_hours", 0.20, 2, (2, 6), (300, 700), (10, 40), "emergency", None, ("counselling",)),
    # 兜底型: basic living
    _A(("subsistence",), "living_allowance", 0.60, 1, (10, 40), (400, 900), (20, 60), "subsistence"),
    _A(("poor",), "rice", 0.44, 1, (2, 6), (300, 800), (15, 60), "subsistence"),
    _A(("poor",), "cooking_oil", 0.34, 2, (1, 4), (200, 600), (15, 60), "subsistence"),
    _A(("poor",), "food_parcel", 0.20, 2, (1, 4), (200, 600), (10, 45), "subsistence"),
    _A(("poor",), "quilt", 0.15, 2, (1, 3), (200, 600), (15, 60), "subsistence"),
    _A(("poor",), "winter_clothing", 0.20, 3, (1, 4), (100, 400), (15, 60), "subsistence"),
    _A(("poor",), "home_appliance", 0.16, 3, (1, 1), (100, 400), (30, 120), "subsistence", "whole"),
    _A(("poor",), "hygiene_kit", 0.16, 3, (1, 4), (100, 300), (20, 90), "subsistence"),
    _A(("unsafe_house",), "home_repair", 0.75, 2, (8, 30), (300, 800), (40, 150), "subsistence", "whole"),
    # 支出型: medical and education cost
    _A(("ill",), "medical_aid", 0.80, 1, (40, 280), (400, 950), (20, 90), "expenditure"),
    _A(("expenditure",), "medical_aid", 0.20, 2, (20, 90), (200, 700), (30, 120), "expenditure"),
    _A(("ill",), "medicine_voucher", 0.50, 2, (3, 20), (200, 600), (20, 90), "expenditure"),
    _A(("ill",), "escort_hours", 0.40, 2, (3, 8), (200, 700), (5, 40), "expenditure"),
    _A(("ill",), "counselling_hours", 0.14, 3, (2, 6), (100, 400), (15, 60), "expenditure", None, ("counselling",)),
    _A(("expenditure", "child"), "tuition_aid", 0.40, 2, (10, 40), (200, 600), (30, 120), "expenditure"),
    _A(("poor",), "legal_aid", 0.04, 3, (1, 3), (100, 300), (30, 120), "subsistence", None, ("legal",)),
    _A(("expenditure",), "legal_aid", 0.10, 3, (1, 3), (100, 300), (30, 120), "expenditure", None, ("legal",)),
    # 发展型: work and school
    _A(("student",), "tuition_aid", 0.95, 2, (20, 80), (400, 900), (30, 120), "development"),
    _A(("student",), "internship", 0.40, 3, (1, 1), (200, 500), (15, 120), "development"),
    _A(("development", "able"), "job", 0.52, 2, (1, 1), (200, 800), (30, 120), "development"),
    _A(("development", "able"), "skills_training", 0.40, 2, (1, 2), (150, 600), (15, 90), "development"),
    _A(("land",), "industry_project", 0.12, 3, (1, 1), (100, 500), (60, 180), "development"),
    _A(("poor", "able"), "job", 0.28, 2, (1, 1), (300, 900), (20, 90), "development"),
    # 关爱型: visits, companionship, care
    _A(("old_alone",), "companionship_hours", 0.75, 2, (4, 14), (300, 900), (15, 60), "care"),
    _A(("old_alone",), "meal_delivery", 0.55, 1, (20, 60), (300, 800), (20, 60), "care"),
    _A(("old_alone",), "housework_hours", 0.40, 3, (3, 10), (100, 500), (15, 60), "care"),
    _A(("old_alone",), "escort_hours", 0.30, 2, (2, 6), (200, 700), (5, 40), "care", None, ("wenzhou_dialect",)),
    _A(("old",), "haircut", 0.20, 3, (1, 4), (50, 300), (15, 60), "care"),
    _A(("old",), "companionship_hours", 0.12, 3, (3, 10), (100, 400), (15, 60), "care", None, ("wenzhou_dialect",)),
    _A(("old",), "milk", 0.24, 3, (1, 4), (50, 300), (15, 60), "care"),
    _A(("old",), "meal_delivery", 0.08, 2, (20, 60), (150, 500), (20, 60), "care"),
    _A(("left_behind",), "companionship_hours", 0.60, 2, (4, 12), (300, 800), (15, 60), "care"),
    _A(("left_behind",), "counselling_hours", 0.35, 2, (2, 8), (300, 800), (15, 60), "care", None, ("counselling",)),
    _A(("left_behind",), "tutoring_hours", 0.80, 2, (8, 24), (300, 800), (30, 120), "care", None, ("tutoring",)),
    _A(("child",), "tutoring_hours", 0.18, 3, (8, 24), (100, 500), (30, 120), "development", None, ("tutoring",)),
    _A(("child",), "school_supplies", 0.28, 2, (1, 3), (100, 500), (15, 60), "development"),
    _A(("child",), "winter_clothing", 0.12, 3, (1, 3), (100, 400), (15, 60), "care"),
    _A(("child",), "milk", 0.12, 3, (1, 4), (50, 300), (15, 60), "care"),
    # disability
    _A(("severe",), "care_hours", 0.70, 1, (6, 24), (400, 950), (20, 60), "care", None, ("nursing",)),
    _A(("severe",), "care_hours", 0.06, 1, (60, 120), (400, 950), (30, 90), "care", None, ("nursing",)),
    _A(("severe",), "adult_nappies", 0.50, 1, (2, 10), (300, 800), (15, 60), "care"),
    _A(("severe",), "wheelchair", 0.25, 2, (1, 1), (300, 900), (20, 90), "care", "whole"),
    _A(("disabled",), "rehabilitation", 0.45, 2, (6, 24), (200, 800), (30, 120), "care"),
    _A(("disabled",), "barrier_removal", 0.22, 2, (1, 2), (200, 700), (40, 150), "care", "whole"),
    _A(("disabled",), "companionship_hours", 0.10, 3, (3, 8), (100, 400), (15, 60), "care", None, ("sign_language",)),
    _A(("carer",), "respite_place", 0.30, 2, (3, 10), (200, 600), (30, 120), "care"),
    _A(("severe",), "housework_hours", 0.25, 3, (3, 10), (100, 400), (15, 60), "care"),
    _A(("disabled",), "hygiene_kit", 0.28, 3, (1, 6), (100, 300), (15, 60), "care"),
)  # fmt: skip


def needs_of(
    draw: Random, families: list[tuple[uuid.UUID, Family]], catalogue: Catalogue, *, today: date
) -> list[CheckedNeed]:
    """The needs of all families, household by household, each checked by the rules that a posted need must pass."""
    found = []
    for household_id, family in families:
        entry = family.checked.entry
        facts = HouseholdFacts(
            household_id,
            entry.region_code,
            entry.main_type,
            entry.risk_tier,
            entry.status_category,
            entry.lat,
            entry.lon,
        )
        asked: set[str] = set()
        for row in ASKINGS:
            # One draw per row, whether it applies or not: a changed trait then moves no other household's needs.
            lot, size, weight, days = draw.random(), draw.random(), draw.random(), draw.random()
            if lot >= row.chance or row.category in asked or not family.traits.issuperset(row.traits):
                continue
            asked.add(row.category)
            need = NeedEntry(
                household_id=household_id,
                category_code=row.category,
                quantity=_between(row.quantity, size),
                tier=row.tier,
                weight=_between(row.weight, weight),
                type=row.type,
                fill=row.fill,
                accepts=ACCEPTS.get(row.category, ()),
                requires=row.requires,
                unit_worth_fen=UNIT_WORTH_FEN.get(row.category, 0),
                due_on=today + timedelta(days=_between(row.days, days)),
            )
            found.append(check_need(need, household=facts, catalogue=catalogue, today=today))
    return found


def _between(limits: tuple[int, int], lot: float) -> int:
    low, high = limits
    return low + int(lot * (high - low + 1))
