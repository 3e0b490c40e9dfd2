"""The part of a policy set that says how often a household is visited, and how long a problem found there may stay open.

Three risk tiers set the frequency of care visits 探访关爱 (中国社会报, 积极推动新时代新征程社会救助事业高质量发展(上), national conference of
17–18 April 2023); the figures are the county's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

PROBLEM_KINDS = ("safety", "health", "care", "living", "housing", "benefits", "work_school", "other")
"""What may be found: danger in the home, health, care and company, food and daily life, the house, benefits not received, work or school"""


@dataclass(frozen=True)
class TierVisits:
    """A household of the tier is visited every `every_days` days; `telephone_in_a_row` visits may follow each other by telephone (0: none may)."""

    every_days: int
    telephone_in_a_row: int


@dataclass(frozen=True)
class Visits:
    """`again_days` after nobody was at home the worker tries again; a problem is to be resolved within `problem_days` of its kind."""

    tiers: Mapping[str, TierVisits]
    again_days: int
    problem_days: Mapping[str, int]
