"""What rules may speak of: whole numbers about one household, from its members, indicators and events.

Income per head follows the accounting rule: rigid medical and education spending is deducted, and 30 % of the minimum wage for every member in
work (厦门市委办公厅、市政府办公厅, 关于进一步加强困难群众精准帮扶工作的通知, 2018-03-23; the percentage stands in the policy set). What the accounting
deducts and what makes a household one of expenditure are two things: the share of rigid spending counts medical, education and disability.

Money a head is rounded up to the whole fen: lines are "at most", and rounding down would let a household of twelve pass with eleven fen too many.
"""

from dataclasses import dataclass, field

from households.indicators import KINDS
from households.models import EVENT_KINDS

PERSONS, FEN, DAYS, PERMILLE, AREA, FLAG, POINTS = "persons", "fen", "days", "permille", "m2", "flag", "points"
NEVER = 36_500
"""Days since an event that is not on record: a hundred years"""
TYPES = ("subsistence", "expenditure", "emergency", "development", "care")
CATEGORIES = (
    "extreme_poverty",
    "subsistence_allowance",
    "subsistence_edge",
    "expenditure_hardship",
    "relative_low_income",
    "other",
)

INDICATORS = {kind.code: kind.unit for kind in KINDS.values()}
"""Name → unit; of values with decimals the whole units count"""
INCOME = tuple(kind.code for kind in KINDS.values() if kind.dimension == "income" and kind.unit == FEN)
EVENTS = EVENT_KINDS
DERIVED = {
    "members": PERSONS, "gross_year": FEN, "rigid_year": FEN, "employment_cost_year": FEN, "income_per_head": FEN,
    "gross_per_head": FEN, "rigid_share": PERMILLE, "savings_per_head": FEN, "area_per_head": AREA,
} | {f"days_since_{event}": DAYS for event in EVENTS}  # fmt: skip
SCORES = {f"score_{kind}": POINTS for kind in TYPES}
IS = {f"is_{category}": FLAG for category in CATEGORIES}
FACTS = INDICATORS | DERIVED | IS | SCORES
"""Every name that a rule may use, with its unit; `is_…` once the category is known, `score_…` once the scores are"""
SOURCES: dict[str, tuple[str, ...]] = {
    "gross_year": INCOME,
    "rigid_year": ("medical_year", "education_year"),
    "employment_cost_year": ("wages_year", "employed"),
    "income_per_head": (*INCOME, "employed", "medical_year", "education_year"),
    "gross_per_head": INCOME,
    "rigid_share": (*INCOME, "medical_year", "education_year", "disability_care_year"),
    "savings_per_head": ("savings",),
    "area_per_head": ("housing_area",),
} | {name: (name,) for name in INDICATORS}
"""Fact → the indicators it is reckoned from; members and events are on file where they are"""
MOST_SHARE = 10_000
"""‰ of rigid spending in the income from which more tells nothing; also where there is no income at all"""


@dataclass(frozen=True)
class Figures:
    """What the accounting rule needs of a policy set; `minimum_wage_month` fen, `employment_cost` ‰ of it."""

    minimum_wage_month: int
    employment_cost: int


@dataclass(frozen=True)
class Known:
    """A household as it is known on a day: `indicators` whole numbers by name (what is not on file is missing and counts as 0), `events` days since the last of a kind."""

    members: int
    indicators: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.members < 1:
            raise ValueError("a household has at least one member")
        for name, value in self.indicators.items():
            if name not in INDICATORS:
                raise ValueError(f"there is no indicator {name!r}")
            if value < 0:
                raise ValueError(f"{name} is {value}; an indicator is zero or more")
        for name, days in self.events.items():
            if name not in EVENTS or days < 0:
                raise ValueError(f"event {name!r}, {days} days ago: one of {', '.join(EVENTS)}, zero days or more")


def facts_of(known: Known, figures: Figures) -> dict[str, int]:
    """The indicators and what follows from them, by name; money in fen a year."""
    facts = dict.fromkeys(INDICATORS, 0) | known.indicators
    members, employed = known.members, min(facts["employed"], known.members)
    gross = sum(facts[name] for name in INCOME)
    rigid = facts["medical_year"] + facts["education_year"]
    spent = rigid + facts["disability_care_year"]
    # an employed member's cost of work is no more than what work brings in
    cost = min(facts["wages_year"], 12 * employed * figures.minimum_wage_month * figures.employment_cost // 1_000)
    share = MOST_SHARE if gross == 0 and spent else 0 if gross == 0 else min(MOST_SHARE, 1_000 * spent // gross)
    facts |= {
        "members": members, "gross_year": gross, "rigid_year": rigid, "employment_cost_year": cost,
        "income_per_head": -(-max(0, gross - rigid - cost) // members), "gross_per_head": -(-gross // members), "rigid_share": share,
        "savings_per_head": -(-facts["savings"] // members), "area_per_head": facts["housing_area"] // members,
    }  # fmt: skip
    return facts | {f"days_since_{event}": known.events.get(event, NEVER) for event in EVENTS}
