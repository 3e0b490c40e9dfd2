"""What makes a plan right, which steps it takes, when its measures fall due, and what becomes of their needs. Pure functions."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from households.needs.rules import MOST_WEIGHT
from households.plans.models import EVERY
from households.policy.document import Measure, Policy
from kernel.checking import Faults, checked_period, checked_point, checked_text, checked_whole
from kernel.errors import Conflict, InvalidInput, NotAllowed

MOST_MEASURES = 40
LONGEST_PLACE = 100
MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}

STEPS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "agree": (("draft",), "agreed"),
    "reopen": (("agreed", "approved"), "draft"),
    "refuse": (("agreed",), "draft"),
    "approve": (("agreed",), "approved"),
    "start": (("approved",), "in_force"),
    "review": (("in_force",), "in_force"),
    "replace": (("in_force",), "reviewed"),
    "close": (("draft", "agreed", "approved", "in_force"), "closed"),
}
"""Step → (statuses it may be taken in, status it leads to)"""


class WrongPlanStep(Conflict):
    """The plan is not where this step may be taken."""

    code = "wrong_step"


class ApproverIsAuthor(NotAllowed):
    """Whoever drafted a plan or recorded the household's agreement does not approve it."""

    code = "four_eyes"


class HearerIsAuthor(NotAllowed):
    """Whoever drafted or approved a plan, or raised the objection, does not hear it."""

    code = "four_eyes"


def next_status(step: str, status: str) -> str:
    """The status that `step` leads to. Raises WrongPlanStep where it may not be taken in `status`."""
    before, after = STEPS[step]
    if status not in before:
        raise WrongPlanStep("This step is not possible where the plan stands now; look at it again")
    return after


@dataclass(frozen=True)
class MeasureEntry:
    """A measure as chosen; what is None follows from the catalogue. `quantity` in the category's unit; `starts_on` None: with the plan;
    `days` in which it should be served, from the start of each period."""

    measure_code: str
    quantity: int | None = None
    tier: int | None = None
    weight: int | None = None
    every: str = "once"
    starts_on: date | None = None
    days: int | None = None
    deliver_to: str | None = None
    lat: float | None = None
    lon: float | None = None
    chosen_by: str = "worker"


@dataclass(frozen=True)
class CheckedMeasure:
    """A measure with every value decided."""

    measure_code: str
    category_code: str
    type: str
    quantity: int
    tier: int
    weight: int
    every: str
    starts_on: date | None
    days: int
    deliver_to: str | None
    lat: float | None
    lon: float | None
    chosen_by: str


def check_measures(
    entries: Sequence[MeasureEntry], *, policy: Policy, suggested: Mapping[str, int], main_type: str, today: date
) -> list[CheckedMeasure]:
    """The measures of a plan, checked against the policy's catalogue. Raises InvalidFields (``measures.0.quantity`` …).

    `suggested`: measure code → quantity that the portrait suggests, which stands in where none is given.
    """
    catalogue = {measure.code: measure for measure in policy.measures}
    faults, found, seen = Faults(), [], set()
    if len(entries) > MOST_MEASURES:
        faults.add(InvalidInput("At most %(most)s measures", field="measures", most=MOST_MEASURES))
    for place, entry in enumerate(entries[:MOST_MEASURES]):
        field = f"measures.{place}"
        measure = catalogue.get(entry.measure_code)
        if measure is None:
            faults.add(
                InvalidInput(
                    "There is no measure %(code)s in the policy set; see its catalogue",
                    field=f"{field}.measure_code",
                    code=entry.measure_code,
                )
            )
            continue
        if entry.measure_code in seen:
            faults.add(InvalidInput("This measure stands twice; keep one", field=f"{field}.measure_code"))
        seen.add(entry.measure_code)
        checked = _checked(entry, measure, suggested, main_type, today, field, faults)
        if checked is not None:
            found.append(checked)
    faults.raise_any()
    return found


def _checked(
    entry: MeasureEntry,
    measure: Measure,
    suggested: Mapping[str, int],
    main_type: str,
    today: date,
    field: str,
    faults: Faults,
) -> CheckedMeasure | None:
    before = len(faults.found)
    quantity = entry.quantity if entry.quantity is not None else suggested.get(measure.code, measure.quantity)
    tier = measure.tier if entry.tier is None else entry.tier
    weight = measure.weight if entry.weight is None else entry.weight
    days = measure.days if entry.days is None else entry.days
    place = None
    with faults.gathering():
        checked_whole(weight, field=f"{field}.weight", least=1, most=MOST_WEIGHT)
        checked_whole(quantity, field=f"{field}.quantity", least=1, most=1_000 * weight)
    with faults.gathering():
        checked_whole(tier, field=f"{field}.tier", least=1, most=3)
    with faults.gathering():
        checked_whole(days, field=f"{field}.days", least=1, most=3_650)
    if entry.every not in EVERY:
        faults.add(InvalidInput("Choose one of the list", field=f"{field}.every"))
    elif entry.every != "once" and days > 31 * MONTHS[entry.every]:
        faults.add(InvalidInput("This is longer than its period; choose fewer days", field=f"{field}.days"))
    with faults.gathering():
        checked_period(entry.starts_on, None, start_field=f"{field}.starts_on")
    if entry.starts_on is not None and entry.starts_on > today + timedelta(days=3_650):
        faults.add(InvalidInput("This lies too far ahead; check the year", field=f"{field}.starts_on"))
    with faults.gathering():
        place = checked_text(entry.deliver_to, field=f"{field}.deliver_to", most=LONGEST_PLACE, required=False)
    try:
        checked_point(entry.lat, entry.lon)
    except InvalidInput as fault:
        faults.add(InvalidInput(fault.message, field=f"{field}.{fault.field}", **fault.values))
    if len(faults.found) > before:
        return None
    kind = main_type if main_type in measure.types else measure.types[0]
    return CheckedMeasure(
        measure.code, measure.category, kind, quantity, tier, weight, entry.every, entry.starts_on, days, place,
        entry.lat, entry.lon, entry.chosen_by,
    )  # fmt: skip


def require_other_approver(actor_id: uuid.UUID | None, authors: Collection[uuid.UUID | None]) -> None:
    """Raises ApproverIsAuthor where the person wrote at the plan or recorded the agreement."""
    if actor_id is None or actor_id in authors:
        raise ApproverIsAuthor(
            "You drafted this plan or recorded the household's agreement; another person must approve it"
        )


# ---- periods ---------------------------------------------------------------


def add_months(day: date, months: int) -> date:
    """The same day of the month so many months later; the month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def period_starts(first: date, every: str, today: date) -> tuple[date | None, date | None]:
    """(start of the period that holds today, start of the next one). None: no period has begun, or none follows.

    A period that nobody posted in time is not made up for: help for a month gone by helps no more.
    """
    if today < first:
        return None, first
    if every == "once":
        return first, None
    step = MONTHS[every]
    count = ((today.year - first.year) * 12 + today.month - first.month) // step
    if add_months(first, count * step) > today:
        count -= 1
    return add_months(first, count * step), add_months(first, (count + 1) * step)


def asked_already(asked: Collection[date], every: str, present: date) -> bool:
    """Whether a line that asked for the periods from `asked` on has asked for the one from `present` on as well.

    Once is once in all versions; a period is not begun again before the last one is over, whatever first day a later version gives.
    """
    if not asked:
        return False
    return every == "once" or present < add_months(max(asked), MONTHS[every])


def served_by(period_from: date, days: int, today: date) -> date:
    """The day by which the need of a period should be served: never one that has passed when it is posted."""
    return max(period_from, today) + timedelta(days=days)


# ---- review ----------------------------------------------------------------

YEARLY_FACTS = ("is_extreme_poverty", "severely_disabled", "severely_ill", "elders")
REVIEW_FIGURES = ("review_months_steady", "review_months_unsteady")


def review_months(facts: Mapping[str, int], policy: Policy) -> int:
    """Months until the plan is looked at again: the policy's figure for households whose situation is steady, or for families with able
    members and unsteady income.

    Source: 元江县人民政府, 改革完善社会救助制度任务清单, 2021-12-26 (yearly for 特困 and for households of severely disabled, severely ill or
    old people; half-yearly for families with able members and unsteady income). Raises Conflict where the policy lacks the figure.
    """
    steady = any(facts.get(name, 0) for name in YEARLY_FACTS) or not facts.get("able_workers", 0)
    name = REVIEW_FIGURES[0 if steady else 1]
    if name not in policy.figures:
        raise Conflict("Policy set %(code)s lacks the figure %(name)s; add it first", code=policy.id, name=name)
    return policy.figures[name]


# ---- needs that follow -----------------------------------------------------

FATES = ("changed", "withdrawn", "in_round", "promised", "delivered", "posted")


@dataclass(frozen=True)
class OpenNeed:
    """An open need that a measure became: what of it is promised or delivered, and the round under way that holds it."""

    need_id: uuid.UUID
    number: int
    line_id: uuid.UUID
    measure_id: uuid.UUID
    reserved: int
    delivered: int
    round_number: int | None


@dataclass(frozen=True)
class Fate:
    """What becomes of a need: `changed` or `withdrawn` now; kept because it is `in_round` (it follows when that round has ended) or
    `promised` (what is promised is delivered; it follows if the promise is given back) or partly `delivered` (it stays)."""

    need: OpenNeed
    kind: str


def fate_of(need: OpenNeed, *, kept: Mapping[uuid.UUID, uuid.UUID], same: Collection[uuid.UUID]) -> Fate | None:
    """What becomes of an open need. `kept`: line → measure of the version in force; `same`: lines whose values did not change.

    None: it stays as it is. What is promised, partly delivered, or in the frozen pool of a round is never touched.
    """
    if need.line_id in kept and (kept[need.line_id] == need.measure_id or need.line_id in same):
        return None
    if need.round_number is not None:
        return Fate(need, "in_round")
    if need.reserved or need.delivered:
        return Fate(need, "promised" if need.reserved else "delivered")
    return Fate(need, "changed" if need.line_id in kept else "withdrawn")
