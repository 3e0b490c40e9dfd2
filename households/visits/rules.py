"""When a household is visited and looked at anew, in which order a worker goes round, and what may be put on record of it: pure rules.

A day is a calendar day in Shanghai; the caller turns moments into days. How often follows from the policy set in force.
"""

import calendar
import math
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from households.models import STATUS_CATEGORIES
from households.policy.document import Policy, Reviews
from households.policy.visiting import PROBLEM_KINDS, TierVisits, Visits
from households.portrait.facts import CATEGORIES
from households.portrait.portrait import held
from kernel.checking import Faults, checked_text
from kernel.errors import InvalidInput

WAYS = ("home", "telephone")
OUTCOMES = ("unchanged", "facts_changed", "category_changed", "leaves")
MOST_TEXT = 2_000


def months_later(day: date, months: int) -> date:
    """The same day of the month so many months on, or that month's last day where it has no such day: 31 August and six months are the last
    of February."""
    place = day.year * 12 + day.month - 1 + months
    year, month = place // 12, place % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def first_due(base: date, days: int, *, today: date) -> date:
    """The day of a visit that is planned `days` after `base`; nothing is late on the day it is first planned."""
    return max(base + timedelta(days=days), today)


def moved_due(due: date, wanted: date, *, today: date) -> date:
    """Where a planned day goes when the household's tier, category or policy changes: to the day `wanted` by the new rule, not before today.

    What is late already stays late: no change of tier makes a missed visit good.
    """
    return due if due < today else max(wanted, today)


@dataclass(frozen=True)
class ReviewCycle:
    """Every how many months a household is looked at anew, by which group of the policy set (None: none of them)."""

    group: str | None
    months: int


def review_cycle(policy: Policy, facts: dict[str, int], *, status_category: str) -> ReviewCycle | None:
    """The first group of the policy set that holds; None where the set says nothing of reviews. The category on record counts, which people decided.

    Yearly for 特困人员 and for households of severely disabled, severely ill or old people, half-yearly for families with able members and
    unsteady income (元江县人民政府, 改革完善社会救助制度任务清单, 2021-12-26); the groups stand in the policy set.
    """
    if policy.reviews is None:
        return None
    known = facts | {f"is_{name}": int(name == status_category) for name in CATEGORIES}
    for group in policy.reviews.groups:
        if any(held(policy, way, known) is not None for way in group.any):
            return ReviewCycle(group.id, group.months)
    return ReviewCycle(None, policy.reviews.otherwise_months)


def again_on(visits: Visits | None, today: date) -> date:
    """When somebody comes again after nobody was at home: as the set says, without one the next day."""
    return today + timedelta(days=visits.again_days if visits is not None else 1)


def announced_until(reviews: Reviews | None, today: date) -> date:
    """The last day whose reviews are announced: as the set says, without one those of today."""
    return today + timedelta(days=reviews.soon_days if reviews is not None else 0)


def telephone_allowed(tier: TierVisits, ways_before: Iterable[str]) -> bool:
    """Whether the next visit may be made by telephone; `ways_before` are those of the visits done, the last one first."""
    in_a_row = 0
    for way in ways_before:
        if way != "telephone":
            break
        in_a_row += 1
    return in_a_row < tier.telephone_in_a_row


@dataclass(frozen=True)
class Stop:
    """A household on a worker's way: its village, its number, and its point in degrees where it is known."""

    id: uuid.UUID
    late: bool
    village: str
    number: int
    lat: float | None = None
    lon: float | None = None


def in_order_of_place(stops: Iterable[Stop]) -> list[Stop]:
    """Late ones first; then village by village, in each to the nearest next household, those without a point at the village's end by number."""
    ordered: list[Stop] = []
    for late in (True, False):
        at: Stop | None = None
        chosen = [stop for stop in stops if stop.late is late]
        for village in sorted({stop.village for stop in chosen}):
            here = sorted((stop for stop in chosen if stop.village == village), key=lambda stop: stop.number)
            placed = [stop for stop in here if stop.lat is not None]
            while placed:
                following = placed[0] if at is None else min(placed, key=lambda stop: (_apart(at, stop), stop.number))
                placed.remove(following)
                ordered.append(following)
                at = following
            ordered += [stop for stop in here if stop.lat is None]
    return ordered


def _apart(one: Stop, other: Stop) -> float:
    """How far apart two points are, as a square of degrees of latitude: enough to compare neighbours within a township."""
    assert one.lat is not None and one.lon is not None and other.lat is not None and other.lon is not None
    return (one.lat - other.lat) ** 2 + ((one.lon - other.lon) * math.cos(math.radians(one.lat))) ** 2


@dataclass(frozen=True)
class FindingEntry:
    """Something found that must be put right. `owner_id` None: whoever reports it; `due_on` None: by the policy set."""

    kind: str
    words: str | None = None
    owner_id: uuid.UUID | None = None
    due_on: date | None = None


@dataclass(frozen=True)
class VisitEntry:
    """A visit as it was made. `done_on` None: today."""

    way: str = "home"
    words: str | None = None
    findings: tuple[FindingEntry, ...] = ()
    done_on: date | None = None


@dataclass(frozen=True)
class ReviewEntry:
    """What a review came to; `evidence` says on what it rests. `status_category` where the category changes. `done_on` None: today."""

    outcome: str
    evidence: str
    status_category: str | None = None
    done_on: date | None = None


def check_visit(entry: VisitEntry, *, since: date, today: date, telephone: bool, visits: Visits | None) -> VisitEntry:
    """The entry with texts cleaned, its day and the days of its findings filled in; `since` is the day of the visit before. Raises InvalidFields."""
    faults = Faults()
    if entry.way not in WAYS:
        faults.add(InvalidInput("A visit is made at home or by telephone", field="way"))
    elif entry.way == "telephone" and not telephone:
        faults.add(
            InvalidInput("This household must be visited at home this time: the policy set allows no telephone visit", field="way")
        )  # fmt: skip
    done_on, words = entry.done_on or today, None
    with faults.gathering():
        check_day(done_on, since=since, today=today)
    with faults.gathering():
        words = checked_text(entry.words, field="words", most=MOST_TEXT, required=False, lines=True)
    findings, seen = [], set()
    for place, finding in enumerate(entry.findings):
        if finding.kind in seen:
            faults.add(InvalidInput("A kind of problem stands once in a report", field=f"findings.{place}.kind"))
        seen.add(finding.kind)
        with faults.gathering():
            findings.append(check_finding(finding, field=f"findings.{place}", today=today, visits=visits))
    faults.raise_any()
    return VisitEntry(entry.way, words, tuple(findings), done_on)


def check_finding(entry: FindingEntry, *, field: str, today: date, visits: Visits | None) -> FindingEntry:
    """The finding with its words cleaned and its day filled in. Raises InvalidFields. Without a policy set the day must be said."""
    faults = Faults()
    prefix = f"{field}." if field else ""
    words, due_on = None, entry.due_on
    if entry.kind not in PROBLEM_KINDS:
        faults.add(InvalidInput("There is no kind of problem %(kind)s", field=f"{prefix}kind", kind=entry.kind))
    elif due_on is None:
        if visits is None:
            faults.add(InvalidInput("Say until when it is to be resolved", field=f"{prefix}due_on"))
        else:
            due_on = today + timedelta(days=visits.problem_days[entry.kind])
    if due_on is not None and not today <= due_on <= today + timedelta(days=366):
        faults.add(InvalidInput("The day lies in the past or more than a year ahead", field=f"{prefix}due_on"))
    with faults.gathering():
        words = checked_text(entry.words, field=f"{prefix}words", most=MOST_TEXT, required=False, lines=True)
    faults.raise_any()
    return FindingEntry(entry.kind, words, entry.owner_id, due_on)


def check_review(entry: ReviewEntry, *, since: date, today: date, status_category: str) -> ReviewEntry:
    """The entry with its text cleaned and its day filled in; `since` is the day of the review before, `status_category` the present one. Raises InvalidFields."""
    faults = Faults()
    evidence, done_on = "", entry.done_on or today
    with faults.gathering():
        evidence = checked_text(entry.evidence, field="evidence", most=MOST_TEXT, lines=True) or ""
    with faults.gathering():
        check_day(done_on, since=since, today=today)
    if entry.outcome not in OUTCOMES:
        faults.add(InvalidInput("Choose what the review came to", field="outcome"))
    elif entry.outcome == "category_changed":
        if entry.status_category not in STATUS_CATEGORIES:
            faults.add(InvalidInput("Choose the new status category", field="status_category"))
        elif entry.status_category == status_category:
            faults.add(InvalidInput("The household has this status category already", field="status_category"))
    faults.raise_any()
    changed = entry.status_category if entry.outcome == "category_changed" else None
    return ReviewEntry(entry.outcome, evidence, changed, done_on)


def check_day(day: date, *, since: date, today: date) -> None:
    """Raises InvalidInput unless the day lies between the last one on record and today."""
    if day > today:
        raise InvalidInput("The day lies in the future", field="done_on")
    if day < since:
        raise InvalidInput(
            "The day lies before %(day)s, the last one on record", field="done_on", day=since.isoformat()
        )


@dataclass(frozen=True)
class Rate:
    """`part` of `whole`; the target is all of it."""

    part: int
    whole: int

    @property
    def share(self) -> float | None:
        """None where there was nothing to do."""
        return self.part / self.whole if self.whole else None


def month_of(day: date) -> tuple[date, date]:
    """The first day of the day's month, and the first of the next."""
    first = day.replace(day=1)
    return first, months_later(first, 1)


def total(rates: Sequence[Rate]) -> Rate:
    """The rate over all."""
    return Rate(sum(one.part for one in rates), sum(one.whole for one in rates))
