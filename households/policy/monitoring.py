"""The `monitoring` part of a policy set: until when leads and warnings are handled and by whom, and what departments' data must show to warn.

Amounts are whole fen, ages whole years, periods whole days; all ends are included.
"""

from dataclasses import dataclass, replace

CHANNELS = ("application", "home_visit", "hotline", "data_comparison", "tip_off")
"""Ways in: own application, home visit, hotline 12345 or 12349, data comparison (a district's plan as published 2022-08-10), tip-off by the public,
volunteers and organisations (厦委办发〔2018〕16号, 2018-03-23)"""
LEVELS = {"village": 12, "township": 9, "county": 6}
"""Who answers first, and the digits of its region's code"""
RECORD_STATES = {
    "medical_bill": ("paid",),
    "employment": ("lost", "found"),
    "school": ("left", "returned"),
    "disability": ("granted", "changed", "withdrawn"),
    "disaster": ("fire", "flood", "landslide", "storm", "accident"),
}
"""Kinds of departments' data → what a record may say"""
MEASURES = ("records", "amount_per_head")
WAYS = ("in", "out")
"""A warning that a household may need help, or a sign that it needs it less: people enter monitoring and leave it"""


@dataclass(frozen=True)
class ChannelTerms:
    """Leads of a channel: who answers first, and within how many days they are verified."""

    channel: str
    level: str
    due_days: int


@dataclass(frozen=True)
class LeadTerms:
    """`escalate_days` after its day an overdue lead goes to the county; names are alike from `alike` ‰ of equal pinyin trigrams."""

    channels: tuple[ChannelTerms, ...]
    escalate_days: int
    alike: int

    def of(self, channel: str) -> ChannelTerms:
        """The terms of a channel."""
        return next(one for one in self.channels if one.channel == channel)


@dataclass(frozen=True)
class Comparison:
    """A rule over the records of one household: those of `record` with one of `states`, of the last `within_days`, of people whose age
    and grade lie between the ends, counted or summed per head, warn from `at_least`; of people of no known household from `unknown_at_least`
    (None: such people are no candidates). The township handles it within `due_days`."""

    id: str
    name_zh: str
    name_en: str
    record: str
    states: tuple[str, ...]
    within_days: int
    measure: str
    at_least: int
    due_days: int
    way: str = "in"
    unknown_at_least: int | None = None
    age_from: int = 0
    age_to: int = 150
    grade_to: int = 4


@dataclass(frozen=True)
class Monitoring:
    """`calm_days` without a warning after which a household may leave monitoring."""

    leads: LeadTerms
    rules: tuple[Comparison, ...]
    calm_days: int


def without_rules(monitoring: Monitoring) -> Monitoring:
    """The terms alone: what is taken from elsewhere so that no lead is without a day must not warn of anybody."""
    return replace(monitoring, rules=())
