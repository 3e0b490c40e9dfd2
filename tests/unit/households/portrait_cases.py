"""Sixty and more households made by hand for the demo policy `yongjia-2026`, with what their portrait has to be and the arithmetic.

Money is in yuan here. The lines of the policy: subsistence 15,000 a head and year; edge least of 2.0 × 15,000 and 12 × 2,260, so 27,120; savings 30,000 a
head; average income 60,000 and relative income 33,333.33 a head. A member in work is allowed 30 % × 12 × 2,260 = 8,136 of cost.
"""

from dataclasses import dataclass, field

from households.portrait.facts import EVENTS, FEN, INDICATORS, Known


@dataclass(frozen=True)
class Case:
    """`scores`: subsistence, expenditure, emergency, development, care. `measures`: code → quantity."""

    name: str
    why: str
    known: Known
    category: str
    scores: tuple[int, int, int, int, int]
    main: str | None
    secondary: tuple[str, ...]
    risk: str
    measures: dict[str, int] = field(default_factory=dict)


CASES: list[Case] = []


def case(name, why, category, scores, main, secondary=(), risk="general", measures=None, members=1, **values):
    """Adds a case; keywords are indicators (money in yuan) and events (days ago)."""
    events = {name: values.pop(name) for name in EVENTS if name in values}
    indicators = {n: round(value * 100) if INDICATORS[n] == FEN else value for n, value in values.items()}
    CASES.append(
        Case(name, why, Known(members, indicators, events), category, scores, main, secondary, risk, measures or {})
    )


WELL = {"members": 2, "wages_year": 200_000, "employed": 1, "able_workers": 1}
"""Two people on 200,000: 100,000 a head, beyond every line, so that one thing more is all that counts"""
EDGE = {"members": 2, "wages_year": 62_376, "employed": 1, "able_workers": 1}
"""62,376 − 8,136 = 54,240, 27,120 a head: exactly on the edge line; gross 31,188 a head, so able and poor gives 30"""

# -- categories and their lines ------------------------------------------------------------------------------------------

case("well off", "100,000 a head; no rule speaks", "other", (0, 0, 0, 0, 0), None, **WELL)
case(
    "old and alone on the line", "15,000 a head and 30,000 saved, nobody able, nobody to support: extreme 80 + nobody able 10",
    "extreme_poverty", (90, 0, 0, 0, 0), "subsistence", risk="high", measures={"food-parcels": 2, "cash-aid": 10},
    transfers_year=15_000, savings=30_000, elders=1,
)  # fmt: skip
case(
    "severely disabled on the line", "as before by the way of disability: 80 + 10; care 30",
    "extreme_poverty", (90, 0, 0, 0, 30), "subsistence", risk="high", measures={"food-parcels": 2, "cash-aid": 10},
    transfers_year=15_000, savings=30_000, severely_disabled=1,
)  # fmt: skip
case(
    "an orphan on the line", "as before by the way of minors: 80 + 10",
    "extreme_poverty", (90, 0, 0, 0, 0), "subsistence", risk="high", measures={"food-parcels": 2, "cash-aid": 10},
    transfers_year=15_000, savings=30_000, minors=1,
)  # fmt: skip
case(
    "old, alone, one fen above the line", "15,000.01: no longer extreme; below 27,120: edge 35 + nobody able 10",
    "subsistence_edge", (45, 0, 0, 0, 0), "subsistence", transfers_year=15_000.01, elders=1,
)  # fmt: skip
case(
    "old with a son who must support", "a supporter: not extreme; allowance 60 + nobody able 10",
    "subsistence_allowance", (70, 0, 0, 0, 0), "subsistence", measures={"food-parcels": 2, "cash-aid": 10},
    transfers_year=15_000, elders=1, supporters=1,
)  # fmt: skip
case(
    "working couple on the line", "2 × 8,136 off 46,272 leaves 30,000, 15,000 a head, 60,000 saved: allowance 60; able 30 + 10",
    "subsistence_allowance", (60, 0, 0, 40, 0), "subsistence", ("development",), measures={"food-parcels": 2, "training": 2},
    members=2, wages_year=46_272, employed=2, able_workers=2, savings=60_000,
)  # fmt: skip
case(
    "working couple with a car", "as before but a vehicle: edge 35; able 40 is the greater",
    "subsistence_edge", (35, 0, 0, 40, 0), "development", measures={"training": 2},
    members=2, wages_year=46_272, employed=2, able_workers=2, savings=60_000, vehicles=1,
)  # fmt: skip
case(
    "working couple with a second home", "a second home keeps out of every category",
    "other", (0, 0, 0, 40, 0), "development", measures={"training": 2},
    members=2, wages_year=46_272, employed=2, able_workers=2, second_homes=1,
)  # fmt: skip
case(
    "on the edge line with one car and all the savings", "27,120 a head, 30,000 saved a head, one vehicle: edge 35; able 30",
    "subsistence_edge", (35, 0, 0, 30, 0), "subsistence", **EDGE, savings=60_000, vehicles=1,
)  # fmt: skip
case(
    "one fen a head above the edge line", "54,240.02 / 2 = 27,120.01; gross 31,188.01: relative low income; able 30",
    "relative_low_income", (0, 0, 0, 30, 0), "development", measures={"training": 1}, **(EDGE | {"wages_year": 62_376.02}),
)  # fmt: skip
case(
    "two cars on the edge line", "two vehicles: not edge; gross 31,188: relative low income; able 30",
    "relative_low_income", (0, 0, 0, 30, 0), "development", measures={"training": 1}, **EDGE, vehicles=2,
)  # fmt: skip
case(
    "illness eats six tenths", "72,000 of 120,000: 600 ‰; 60,000 a head gross, 60,000 saved a head: hardship; share 30 + 10, medical 20 + 20 = 80",
    "expenditure_hardship", (0, 80, 0, 0, 0), "expenditure", risk="key", measures={"medical-aid": 50},
    members=2, wages_year=120_000, employed=1, able_workers=1, medical_year=72_000, savings=120_000,
)  # fmt: skip
case(
    "illness eats a little less", "71,999 of 120,000: 599 ‰: no category; share 30 + 5, medical 20 + 20",
    "other", (0, 75, 0, 0, 0), "expenditure", risk="key", measures={"medical-aid": 50},
    members=2, wages_year=120_000, employed=1, able_workers=1, medical_year=71_999, savings=120_000,
)  # fmt: skip
case(
    "illness eats six tenths of more", "60,000.01 a head gross is above the average: no category; 72,001 of 120,000.02 is 600 ‰",
    "other", (0, 80, 0, 0, 0), "expenditure", risk="key", measures={"medical-aid": 50},
    members=2, wages_year=120_000.02, employed=1, able_workers=1, medical_year=72_001, savings=120_000,
)  # fmt: skip
case(
    "illness with a second home", "as hardship, but a second home",
    "other", (0, 80, 0, 0, 0), "expenditure", risk="key", measures={"medical-aid": 50},
    members=2, wages_year=120_000, employed=1, able_workers=1, medical_year=72_000, savings=120_000, second_homes=1,
)  # fmt: skip
case(
    "three on the pilot's income", "99,999.99 / 3 = 33,333.33: relative low income, 120,000 saved a head; able 30",
    "relative_low_income", (0, 0, 0, 30, 0), "development", measures={"training": 1},
    members=3, wages_year=99_999.99, employed=1, able_workers=1, savings=360_000,
)  # fmt: skip
case(
    "three on one fen a head more", "100,000.02 / 3 = 33,333.34: other; able and poor no longer",
    "other", (0, 0, 0, 0, 0), None, members=3, wages_year=100_000.02, employed=1, able_workers=1, savings=360_000,
)  # fmt: skip
case(
    "three with too much saved", "120,000.01 a head saved: other, but still able and poor",
    "other", (0, 0, 0, 30, 0), "development", measures={"training": 1},
    members=3, wages_year=99_999.99, employed=1, able_workers=1, savings=360_000.03,
)  # fmt: skip
case(
    "no income at all", "0 a head, no spending: allowance 60 + nobody able 10",
    "subsistence_allowance", (70, 0, 0, 0, 0), "subsistence", measures={"food-parcels": 2, "cash-aid": 10}, supporters=1,
)  # fmt: skip
case(
    "no income but school to pay", "8,000 of nothing is the greatest share: 30 + 30, education 15 = 75; allowance 70",
    "subsistence_allowance", (70, 75, 0, 0, 0), "expenditure", ("subsistence",), "key",
    {"food-parcels": 2, "cash-aid": 10, "school-aid": 20}, supporters=1, education_year=8_000,
)  # fmt: skip
case(
    "twelve members on the line", "180,000 / 12 = 15,000: allowance 60 + nobody able 10; two elders 10 and minors say nothing",
    "subsistence_allowance", (70, 0, 0, 0, 10), "subsistence", measures={"food-parcels": 2, "cash-aid": 10},
    members=12, transfers_year=180_000, supporters=1, minors=5, elders=2,
)  # fmt: skip
case(
    "a newborn makes three", "the couple's 46,272 − 16,272 = 30,000 for three is 10,000 a head: allowance 60; able 40",
    "subsistence_allowance", (60, 0, 0, 40, 0), "subsistence", ("development",), measures={"food-parcels": 2, "training": 2},
    members=3, wages_year=46_272, employed=2, able_workers=2, minors=1,
)  # fmt: skip
case(
    "a trader below the cost of work", "wages 5,000 carry no more than 5,000 of cost; 5,000 + 20,000 − 5,000 = 20,000: edge 35; able 30",
    "subsistence_edge", (35, 0, 0, 30, 0), "subsistence", wages_year=5_000, business_year=20_000, employed=1, able_workers=1,
)  # fmt: skip
case(
    "rent, fields and rooms to let", "10,000 + 5,000 + 8,000 = 23,000: edge 35 + nobody able 10",
    "subsistence_edge", (45, 0, 0, 0, 0), "subsistence", farming_year=10_000, property_income_year=5_000, transfers_year=8_000,
)  # fmt: skip

# -- subsistence ------------------------------------------------------------------------------------------------------------

case(
    "a house of grade C",
    "grade 3: 15",
    "other",
    (15, 0, 0, 0, 0),
    "subsistence",
    measures={"home-repair": 10},
    **WELL,
    housing_danger=3,
)
case("a house of grade B", "grade 2: nothing", "other", (0, 0, 0, 0, 0), None, **WELL, housing_danger=2)
case(
    "twelve square metres a head",
    "24 / 2 = 12: crowded 10",
    "other",
    (10, 0, 0, 0, 0),
    "subsistence",
    **WELL,
    housing_area=24,
)
case("thirteen square metres a head", "26 / 2 = 13: nothing", "other", (0, 0, 0, 0, 0), None, **WELL, housing_area=26)
case(
    "a corner of one square metre",
    "1 is known, 0 a head: crowded 10",
    "other",
    (10, 0, 0, 0, 0),
    "subsistence",
    **WELL,
    housing_area=1,
)
case(
    "nobody able, but well off",
    "no able member: 10",
    "other",
    (10, 0, 0, 0, 0),
    "subsistence",
    **(WELL | {"able_workers": 0}),
)

# -- expenditure ------------------------------------------------------------------------------------------------------------

case(
    "four tenths for school",
    "80,000 of 200,000: 400 ‰: 30; education 15",
    "other",
    (0, 45, 0, 0, 0),
    "expenditure",
    measures={"school-aid": 20},
    **WELL,
    education_year=80_000,
)
case(
    "half for school",
    "100,000 of 200,000: 500 ‰: 30 + 5; education 15",
    "other",
    (0, 50, 0, 0, 0),
    "expenditure",
    measures={"school-aid": 20},
    **WELL,
    education_year=100_000,
)
case(
    "all for school",
    "200,000 of 200,000 at 1,000 ‰: 30 + 30, education 15; income 0 a head: allowance 60",
    "subsistence_allowance",
    (60, 75, 0, 0, 0),
    "expenditure",
    ("subsistence",),
    "key",
    {"food-parcels": 2, "school-aid": 20},
    **WELL,
    education_year=200_000,
)
case(
    "a bill of 20,000",
    "medical 20",
    "other",
    (0, 20, 0, 0, 0),
    "expenditure",
    measures={"medical-aid": 50},
    **WELL,
    medical_year=20_000,
)
case(
    "a bill of 30,000",
    "medical 20 + 5",
    "other",
    (0, 25, 0, 0, 0),
    "expenditure",
    measures={"medical-aid": 50},
    **WELL,
    medical_year=30_000,
)
case(
    "a bill of 75,000",
    "375 ‰ is no share yet; medical 20 + 20, the most",
    "other",
    (0, 40, 0, 0, 0),
    "expenditure",
    measures={"medical-aid": 50},
    **WELL,
    medical_year=75_000,
)
case(
    "school at 8,000",
    "education 15",
    "other",
    (0, 15, 0, 0, 0),
    "expenditure",
    measures={"school-aid": 20},
    **WELL,
    education_year=8_000,
)
case(
    "care at 6,000", "disability care 15", "other", (0, 15, 0, 0, 0), "expenditure", **WELL, disability_care_year=6_000
)
case("rent at 12,000", "rent 10", "other", (0, 10, 0, 0, 0), "expenditure", **WELL, rent_year=12_000)
case("debt of 50,000", "debt 10", "other", (0, 10, 0, 0, 0), "expenditure", **WELL, debt=50_000)
case("one severely ill", "15", "other", (0, 15, 0, 0, 0), "expenditure", **WELL, severely_ill=1)
case("two severely ill", "15 + 5", "other", (0, 20, 0, 0, 0), "expenditure", **WELL, severely_ill=2)
case(
    "three severely ill",
    "15 + 10",
    "other",
    (0, 25, 0, 0, 0),
    "expenditure",
    **(WELL | {"members": 3, "wages_year": 300_000}),
    severely_ill=3,
)
case(
    "four severely ill",
    "15 + 10, the most",
    "other",
    (0, 25, 0, 0, 0),
    "expenditure",
    **(WELL | {"members": 4, "wages_year": 400_000}),
    severely_ill=4,
)
case(
    "two chronically ill",
    "5",
    "other",
    (0, 5, 0, 0, 0),
    "expenditure",
    measures={"medicine-vouchers": 12},
    **WELL,
    chronically_ill=2,
)
case(
    "one chronically ill and uninsured",
    "one gives nothing, uninsured 5",
    "other",
    (0, 5, 0, 0, 0),
    "expenditure",
    measures={"medicine-vouchers": 6},
    **WELL,
    chronically_ill=1,
    uninsured=1,
)
case(
    "an ill elder with bills",
    "severe illness 15; an elder: escort",
    "other",
    (0, 15, 0, 0, 0),
    "expenditure",
    measures={"escort": 4},
    **WELL,
    severely_ill=1,
    elders=1,
)

# -- where the line is lower, the edge factor decides and not the minimum wage: 2.0 × 12,000 = 24,000, below 27,120 ---------------------

LOWER_LINE = 12_000
ON_THE_LOWER_EDGE = Known(1, {"transfers_year": 24_000_00})
ABOVE_THE_LOWER_EDGE = Known(1, {"transfers_year": 24_000_01})
