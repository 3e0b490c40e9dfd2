"""Households made by hand that lie one step outside a line, or exactly on a fraction of a fen: `portrait_cases` says how they are read.

Importing this module adds them to `CASES`. One fen beyond "at most", one fen or one person short of "at least", one day too late.
"""

from tests.unit.households.portrait_cases import WELL, case

# -- one step outside of extreme poverty -----------------------------------------------------------------------------------------

case(
    "on the line, unfit for work, neither old nor disabled nor a child", "no way into extreme poverty: allowance 60 + nobody able 10",
    "subsistence_allowance", (70, 0, 0, 0, 0), "subsistence", measures={"food-parcels": 2, "cash-aid": 10}, transfers_year=15_000,
)  # fmt: skip
case(
    "old and alone but able", "one able: allowance 60, 15,000 gross: able and poor 30; no cash for the able",
    "subsistence_allowance", (60, 0, 0, 30, 0), "subsistence", measures={"food-parcels": 2},
    transfers_year=15_000, elders=1, able_workers=1,
)  # fmt: skip
case(
    "old and alone with one fen too much saved", "30,000.01 saved: neither extreme nor allowance nor edge; gross 15,000: relative; nobody able 10",
    "relative_low_income", (10, 0, 0, 0, 0), "subsistence", measures={"food-parcels": 2, "cash-aid": 10},
    transfers_year=15_000, savings=30_000.01, elders=1,
)  # fmt: skip
case(
    "severely disabled but able", "as the old: allowance 60, able and poor 30; care 30",
    "subsistence_allowance", (60, 0, 0, 30, 30), "subsistence", measures={"food-parcels": 2},
    transfers_year=15_000, severely_disabled=1, able_workers=1,
)  # fmt: skip
case(
    "severely disabled with a son who must support", "a supporter: allowance 60 + nobody able 10; care 30",
    "subsistence_allowance", (70, 0, 0, 0, 30), "subsistence", measures={"food-parcels": 2, "cash-aid": 10},
    transfers_year=15_000, severely_disabled=1, supporters=1,
)  # fmt: skip
case(
    "severely disabled, one fen above the line", "15,000.01: edge 35 + nobody able 10; care 30",
    "subsistence_edge", (45, 0, 0, 0, 30), "subsistence", transfers_year=15_000.01, severely_disabled=1,
)  # fmt: skip
case(
    "severely disabled with one fen too much saved", "30,000.01 saved: relative; nobody able 10, care 30 is the greater",
    "relative_low_income", (10, 0, 0, 0, 30), "care", measures={"barrier-removal": 1},
    transfers_year=15_000, savings=30_000.01, severely_disabled=1,
)  # fmt: skip
case(
    "a child with one who is able", "30,000 / 2 = 15,000: allowance 60; 15,000 gross: able and poor 30",
    "subsistence_allowance", (60, 0, 0, 30, 0), "subsistence", measures={"food-parcels": 2},
    members=2, transfers_year=30_000, minors=1, able_workers=1,
)  # fmt: skip
case(
    "an orphan one fen above the line", "15,000.01: edge 35 + nobody able 10",
    "subsistence_edge", (45, 0, 0, 0, 0), "subsistence", transfers_year=15_000.01, minors=1,
)  # fmt: skip
case(
    "an orphan with one fen too much saved", "30,000.01 saved: relative; nobody able 10",
    "relative_low_income", (10, 0, 0, 0, 0), "subsistence", measures={"food-parcels": 2, "cash-aid": 10},
    transfers_year=15_000, savings=30_000.01, minors=1,
)  # fmt: skip

# -- fractions of a fen: money a head is rounded up ----------------------------------------------------------------------------------

case(
    "three with two fen more than three lines", "45,000.02 / 3 = 15,000.006…, 15,000.01 rounded up: edge 35 + nobody able 10",
    "subsistence_edge", (45, 0, 0, 0, 0), "subsistence", members=3, transfers_year=45_000.02, supporters=1,
)  # fmt: skip
case(
    "twelve with eleven fen more than twelve lines", "180,000.11 / 12 = 15,000.009…, 15,000.01 rounded up: edge 35 + nobody able 10",
    "subsistence_edge", (45, 0, 0, 0, 0), "subsistence", members=12, transfers_year=180_000.11, supporters=1,
)  # fmt: skip
case(
    "three on exactly 100,000", "the pilot is for less than 100,000: 33,333.333… is 33,333.34 rounded up: other, not poor",
    "other", (0, 0, 0, 0, 0), None, members=3, wages_year=100_000, employed=1, able_workers=1, savings=360_000,
)  # fmt: skip
case(
    "three with one fen too much saved between them", "90,000.01 / 3 is 30,000.01 rounded up: relative; nobody able 10",
    "relative_low_income", (10, 0, 0, 0, 0), "subsistence", measures={"food-parcels": 2, "cash-aid": 10},
    members=3, transfers_year=45_000, supporters=1, savings=90_000.01,
)  # fmt: skip

# -- spending ----------------------------------------------------------------------------------------------------------------------

case(
    "illness eats six tenths, one fen a head too much saved", "60,000.01 saved a head: no hardship; share 30 + 10, medical 20 + 20",
    "other", (0, 80, 0, 0, 0), "expenditure", risk="key", measures={"medical-aid": 50},
    members=2, wages_year=120_000, employed=1, able_workers=1, medical_year=72_000, savings=120_000.02,
)  # fmt: skip
case(
    "illness, school and disability eat six tenths", "36,000 + 18,000 + 18,000 = 72,000 of 120,000: 600 ‰; deducted are 54,000 + 8,136: 28,932 a head,"
    " above the edge: hardship; share 30 + 10, medical 20 + 5, education 15, care 15 = 95",
    "expenditure_hardship", (0, 95, 0, 0, 0), "expenditure", risk="key", measures={"medical-aid": 50, "school-aid": 20},
    members=2, wages_year=120_000, employed=1, able_workers=1, medical_year=36_000, education_year=18_000, disability_care_year=18_000,
)  # fmt: skip
case(
    "care eats four tenths", "80,000 of 200,000 for a disability: 400 ‰: 30, care 15; not deducted: 191,864 / 2 a head",
    "other", (0, 45, 0, 0, 0), "expenditure", **WELL, disability_care_year=80_000,
)  # fmt: skip
case(
    "all for care and no income", "6,000 of nothing is the greatest share: 30 + 30, care 15 = 75; allowance 60 + nobody able 10",
    "subsistence_allowance", (70, 75, 0, 0, 0), "expenditure", ("subsistence",), "key", {"food-parcels": 2, "cash-aid": 10},
    supporters=1, disability_care_year=6_000,
)  # fmt: skip
case(
    "a little less than four tenths", "79,800 of 200,000: 399 ‰, no share yet; education 15",
    "other", (0, 15, 0, 0, 0), "expenditure", measures={"school-aid": 20}, **WELL, education_year=79_800,
)  # fmt: skip
case(
    "a bill one fen short of the next step", "29,999.99 is 9,999.99 beyond 20,000: no whole step; medical 20",
    "other", (0, 20, 0, 0, 0), "expenditure", measures={"medical-aid": 50}, **WELL, medical_year=29_999.99,
)  # fmt: skip
case(
    "severely ill with a bill one fen short", "severe illness 15; 19,999.99: no medical points, no medical aid",
    "other", (0, 15, 0, 0, 0), "expenditure", **WELL, severely_ill=1, medical_year=19_999.99,
)  # fmt: skip
case(
    "severely ill with school one fen short", "severe illness 15; 7,999.99: no education points, no school aid",
    "other", (0, 15, 0, 0, 0), "expenditure", **WELL, severely_ill=1, education_year=7_999.99,
)  # fmt: skip
case(
    "care, rent and debt one fen short", "5,999.99 of 6,000, 11,999.99 of 12,000, 49,999.99 of 50,000: nothing",
    "other", (0, 0, 0, 0, 0), None, **WELL, disability_care_year=5_999.99, rent_year=11_999.99, debt=49_999.99,
)  # fmt: skip
case(
    "one step short of key by spending", "100,000 for school of 200,000: 30 + 5; education 15, uninsured 5 = 55: general",
    "other", (0, 55, 0, 0, 0), "expenditure", measures={"school-aid": 20}, **WELL, education_year=100_000, uninsured=1,
)  # fmt: skip

# -- one day too late ----------------------------------------------------------------------------------------------------------------

case(
    "fire thirty-one days ago", "80; quilts no more", "other", (0, 0, 80, 0, 0), "emergency", risk="high",
    measures={"emergency-cash": 30, "emergency-food": 2}, **WELL, fire=31,
)  # fmt: skip
case("flood ninety-one days ago", "too long ago", "other", (0, 0, 0, 0, 0), None, **WELL, disaster=91)
case("accident sixty-one days ago", "too long ago", "other", (0, 0, 0, 0, 0), None, **WELL, accident=61)
case("the earner died 181 days ago", "too long ago", "other", (0, 0, 0, 0, 0), None, **WELL, death_of_earner=181)
case(
    "job lost ninety-one days ago", "no emergency any more; one out of work 25", "other", (0, 0, 0, 25, 0), "development",
    measures={"job": 1, "training": 1}, **WELL, job_loss=91, unemployed=1,
)  # fmt: skip

# -- house, land, care ------------------------------------------------------------------------------------------------------------------

case(
    "nobody able in a house of grade B", "nobody able 10; grade 2 is not repaired", "other", (10, 0, 0, 0, 0), "subsistence",
    **(WELL | {"able_workers": 0}), housing_danger=2,
)  # fmt: skip
case(
    "a youth and two mu of land", "youth 25; two mu are too little", "other", (0, 0, 0, 25, 0), "development",
    measures={"training": 1, "internship": 1}, **WELL, youths_16_19=1, farmland=2,
)  # fmt: skip
case(
    "a youth, three mu and nobody able", "youth 25, nobody able 10; nobody to work the land", "other", (10, 0, 0, 25, 0), "development",
    measures={"internship": 1}, **(WELL | {"able_workers": 0}), youths_16_19=1, farmland=3,
)  # fmt: skip
case(
    "disabled twice over", "30 + 10 = 40, one step short of key", "other", (0, 0, 0, 0, 40), "care", measures={"barrier-removal": 1},
    **WELL, severely_disabled=1, other_disabled=1,
)  # fmt: skip
case(
    "alone, disabled and old together", "45 + 30 + 10 = 85, one step short of high", "other", (0, 0, 0, 0, 85), "care", risk="key",
    measures={"companionship": 4, "barrier-removal": 1}, **WELL, lone_elders=1, severely_disabled=1, elders=2,
)  # fmt: skip
