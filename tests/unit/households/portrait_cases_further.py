"""Further households made by hand: `portrait_cases` says how they are read. Importing this module adds them to `CASES`."""

from tests.unit.households.portrait_cases import WELL, case

# -- emergency --------------------------------------------------------------------------------------------------------------

case(
    "fire thirty days ago",
    "80; quilts up to thirty days",
    "other",
    (0, 0, 80, 0, 0),
    "emergency",
    risk="high",
    measures={"emergency-cash": 30, "emergency-food": 2, "emergency-quilts": 2},
    **WELL,
    fire=30,
)
case(
    "fire ninety days ago",
    "80, no quilts any more",
    "other",
    (0, 0, 80, 0, 0),
    "emergency",
    risk="high",
    measures={"emergency-cash": 30, "emergency-food": 2},
    **WELL,
    fire=90,
)
case("fire ninety-one days ago", "too long ago", "other", (0, 0, 0, 0, 0), None, **WELL, fire=91)
case(
    "flood ninety days ago",
    "70, exactly high",
    "other",
    (0, 0, 70, 0, 0),
    "emergency",
    risk="high",
    measures={"emergency-cash": 30, "emergency-food": 2},
    **WELL,
    disaster=90,
)
case(
    "accident sixty days ago",
    "60",
    "other",
    (0, 0, 60, 0, 0),
    "emergency",
    risk="key",
    measures={"emergency-cash": 30, "emergency-food": 2},
    **WELL,
    accident=60,
)
case(
    "the earner died 180 days ago",
    "50",
    "other",
    (0, 0, 50, 0, 0),
    "emergency",
    risk="key",
    measures={"emergency-cash": 30, "emergency-food": 2},
    **WELL,
    death_of_earner=180,
)
case(
    "job lost ninety days ago",
    "45 with one out of work; unemployed 25",
    "other",
    (0, 0, 45, 25, 0),
    "emergency",
    risk="key",
    measures={"emergency-cash": 30, "emergency-food": 2, "job": 1},
    **WELL,
    job_loss=90,
    unemployed=1,
)
case("job lost, another found", "nobody out of work: nothing", "other", (0, 0, 0, 0, 0), None, **WELL, job_loss=10)

# -- development ------------------------------------------------------------------------------------------------------------

case(
    "one out of work",
    "25",
    "other",
    (0, 0, 0, 25, 0),
    "development",
    measures={"job": 1, "training": 1},
    **WELL,
    unemployed=1,
)
case(
    "a youth of seventeen",
    "25",
    "other",
    (0, 0, 0, 25, 0),
    "development",
    measures={"training": 1, "internship": 1},
    **WELL,
    youths_16_19=1,
)
case(
    "three mu of land",
    "15",
    "other",
    (0, 0, 0, 15, 0),
    "development",
    measures={"training": 1, "industry-project": 1},
    **WELL,
    farmland=3,
)
case(
    "three mu and nobody able",
    "land says nothing; nobody able 10",
    "other",
    (10, 0, 0, 0, 0),
    "subsistence",
    **(WELL | {"able_workers": 0}),
    farmland=3,
)
case(
    "three able and poor",
    "90,000 / 3 = 30,000 gross; − 8,136: 27,288 a head: relative; 30 + 20",
    "relative_low_income",
    (0, 0, 0, 50, 0),
    "development",
    measures={"training": 3},
    members=3,
    wages_year=90_000,
    employed=1,
    able_workers=3,
)
case(
    "four able and poor",
    "120,000 / 4 = 30,000; 27,966 a head: relative; 30 + 20, the most",
    "relative_low_income",
    (0, 0, 0, 50, 0),
    "development",
    measures={"training": 4},
    members=4,
    wages_year=120_000,
    employed=1,
    able_workers=4,
)

# -- care -------------------------------------------------------------------------------------------------------------------

case(
    "one elder alone",
    "45, exactly key",
    "other",
    (0, 0, 0, 0, 45),
    "care",
    risk="key",
    measures={"companionship": 4},
    **WELL,
    lone_elders=1,
)
case(
    "two elders alone",
    "45 + 10",
    "other",
    (0, 0, 0, 0, 55),
    "care",
    risk="key",
    measures={"companionship": 8},
    **WELL,
    lone_elders=2,
)
case(
    "three elders alone",
    "45 + 20",
    "other",
    (0, 0, 0, 0, 65),
    "care",
    risk="key",
    measures={"companionship": 12},
    **WELL,
    lone_elders=3,
)
case(
    "four elders alone",
    "45 + 20, the most",
    "other",
    (0, 0, 0, 0, 65),
    "care",
    risk="key",
    measures={"companionship": 16},
    **WELL,
    lone_elders=4,
)
case(
    "an elder alone who depends on care",
    "45 + 35 = 80; the two together are high",
    "other",
    (0, 0, 0, 0, 80),
    "care",
    risk="high",
    measures={"companionship": 4, "home-care": 8},
    **WELL,
    lone_elders=1,
    dependent_on_care=1,
)
case(
    "alone, left behind, disabled",
    "45 + 35 + 10 = 90, high by the score",
    "other",
    (0, 0, 0, 0, 90),
    "care",
    risk="high",
    measures={"companionship": 4},
    **WELL,
    lone_elders=1,
    left_behind=1,
    other_disabled=1,
)
case(
    "a child left behind",
    "35; tutoring for minors",
    "other",
    (0, 0, 0, 0, 35),
    "care",
    measures={"tutoring": 4},
    **WELL,
    left_behind=1,
    minors=1,
)
case("a grandmother left behind", "35; no minor, no tutoring", "other", (0, 0, 0, 0, 35), "care", **WELL, left_behind=1)
case("mentally ill", "35", "other", (0, 0, 0, 0, 35), "care", measures={"counselling": 4}, **WELL, mentally_ill=1)
case(
    "mentally ill and severely disabled",
    "35 + 30 = 65; the two together are high",
    "other",
    (0, 0, 0, 0, 65),
    "care",
    risk="high",
    measures={"counselling": 4, "barrier-removal": 1},
    **WELL,
    mentally_ill=1,
    severely_disabled=1,
)
case(
    "dependent on care", "35", "other", (0, 0, 0, 0, 35), "care", measures={"home-care": 8}, **WELL, dependent_on_care=1
)
case(
    "severely disabled",
    "30",
    "other",
    (0, 0, 0, 0, 30),
    "care",
    measures={"barrier-removal": 1},
    **WELL,
    severely_disabled=1,
)
case("single mother with a child", "15", "other", (0, 0, 0, 0, 15), "care", **WELL, single_parents=1, minors=1)
case("single mother of a grown son", "no minor: nothing", "other", (0, 0, 0, 0, 0), None, **WELL, single_parents=1)
case("two elders together", "10", "other", (0, 0, 0, 0, 10), "care", **WELL, elders=2)
case(
    "disabled twice over and a fire",
    "fire 80; care 30 + 10 = 40, exactly secondary",
    "other",
    (0, 0, 80, 0, 40),
    "emergency",
    ("care",),
    "high",
    {"emergency-cash": 30, "emergency-food": 2, "barrier-removal": 1},
    **WELL,
    severely_disabled=1,
    other_disabled=1,
    fire=60,
)

# -- together ---------------------------------------------------------------------------------------------------------------

case(
    "allowance and severe illness", "10,000 a head; allowance 60, nobody able 10; severe illness 15: key",
    "subsistence_allowance", (70, 15, 0, 0, 0), "subsistence", risk="key", measures={"food-parcels": 2, "cash-aid": 10},
    transfers_year=10_000, supporters=1, severely_ill=1,
)  # fmt: skip
case(
    "exactly key by spending", "120,000 for school of 200,000: 30 + 10; education 15, uninsured 5 = 60; income 35,932 a head, gross beyond the average",
    "other", (0, 60, 0, 0, 0), "expenditure", risk="key", measures={"school-aid": 20}, **WELL, education_year=120_000, uninsured=1,
)  # fmt: skip
case(
    "a farmer's family after the flood", "flood 70; 30,000 gross a head, nothing deducted: relative; able 30 + 10, land 15 = 55",
    "relative_low_income", (0, 0, 70, 55, 0), "emergency", ("development",), "high",
    {"emergency-cash": 30, "emergency-food": 4, "training": 2, "industry-project": 1},
    members=4, farming_year=120_000, able_workers=2, farmland=6, disaster=12,
)  # fmt: skip
