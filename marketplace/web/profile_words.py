"""The profile in words: each dimension's indicators with what was ever recorded of them, and how income per head is reckoned."""

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from households.attachments.queries import attachments_of
from households.history.models import IndicatorValue
from households.history.queries import corrected_ids, current_rows, history_of
from households.indicators import DIMENSIONS, KINDS, IndicatorKind
from households.life.queries import life_of
from households.models import Household
from households.policy.queries import policy_of
from households.portrait.facts import INCOME
from households.portrait.queries import PortraitOfRecord
from kernel.regions.models import Region
from marketplace.security.access import db, scope_of
from marketplace.web.formatting import fen


@dataclass(frozen=True)
class PastValue:
    """A recorded value. `state`: current, earlier, corrected (another row says so), withdrawn (it takes one back)."""

    row: IndicatorValue
    shown: str
    state: str
    pictures: int


@dataclass(frozen=True)
class IndicatorRow:
    """An indicator with its current value, None where the last was taken back, and everything recorded, the newest first."""

    kind: IndicatorKind
    current: PastValue | None
    history: tuple[PastValue, ...]


def profile_values(household: Household) -> dict[str, Any]:
    """What `households/_profile.html` shows: dimensions with a value, the household's changes, and how many pictures prove things."""
    pictures = attachments_of(db(), household.id)
    proofs: dict[uuid.UUID, int] = {}
    for view in pictures:
        if view.row.indicator_value_id is not None:
            proofs[view.row.indicator_value_id] = proofs.get(view.row.indicator_value_id, 0) + 1
    return {
        "indicators": indicator_rows(history_of(db(), household.id), proofs),
        "life": life_of(db(), household.id, scope=scope_of("household.read")),
        "pictures": len(pictures),
        "place_name": place_name,
    }


def place_name(code: str) -> str:
    """The township, and the village in it."""
    region = db().get(Region, code)
    if region is None:
        return code
    above = db().get(Region, region.parent_code) if region.level == 5 and region.parent_code else None
    return (above.name if above is not None else "") + region.name


def indicator_rows(rows: list[IndicatorValue], proofs: dict[uuid.UUID, int]) -> list[tuple[str, list[IndicatorRow]]]:
    """(dimension, its indicators in their order), dimensions without a value left out."""
    wrong, current = corrected_ids(rows), current_rows(rows)

    def past(row: IndicatorValue) -> PastValue:
        state = "withdrawn" if row.value is None else "corrected" if row.id in wrong else "earlier"
        if current.get(row.code) is row:
            state = "current"
        return PastValue(row, shown(row), state, proofs.get(row.id, 0))

    by_code: dict[str, list[PastValue]] = {}
    for row in rows:
        by_code.setdefault(row.code, []).append(past(row))
    found = [
        IndicatorRow(kind, next((one for one in by_code[code] if one.state == "current"), None), tuple(by_code[code]))
        for code, kind in KINDS.items()
        if code in by_code
    ]
    return [
        (dimension, of_it)
        for dimension in DIMENSIONS
        if (of_it := [one for one in found if one.kind.dimension == dimension])
    ]


def shown(row: IndicatorValue) -> str:
    """The value with its unit: ¥1,234.50, 3 persons, 12.5 m²."""
    if row.value is None:
        return _("taken back")
    unit = KINDS[row.code].unit
    if unit == "fen":
        return fen(int(row.value))
    number = f"{row.value.normalize():f}"
    words = {"persons": _("persons"), "m2": "m²", "mu": _("mu")}
    return f"{number} {words[unit]}" if unit in words else number


def reckoning(made: PortraitOfRecord | None) -> list[tuple[str, str, str]]:
    """(sign, what, amount) from all income to the income per head, as the accounting rule has it; empty without a policy."""
    if made is None:
        return []
    facts, accounting = made.portrait.facts, policy_of(made.policy_set).accounting
    employed = min(facts["employed"], facts["members"])
    share = Decimal(accounting.employment_cost) / 10
    wage = accounting.minimum_wage_month
    left = facts["gross_year"] - facts["rigid_year"] - facts["employment_cost_year"]
    lines = [("+" if place else "", _(KINDS[name].name), fen(facts[name])) for place, name in enumerate(INCOME)]
    lines.append(("=", _("All income in a year"), fen(facts["gross_year"])))
    lines += [("−", _(KINDS[name].name), fen(facts[name])) for name in ("medical_year", "education_year")]
    full = 12 * employed * wage * accounting.employment_cost // 1_000
    cost = _(
        "Cost of being in work: %(employed)s in work × 12 months × %(share)s %% of the minimum wage of %(wage)s",
        employed=employed,
        share=f"{share.normalize():f}",
        wage=fen(wage),
    )
    if full > facts["employment_cost_year"]:
        cost = _("%(cost)s, at most what wages bring in", cost=cost)
    lines.append(("−", cost, fen(facts["employment_cost_year"])))
    lines.append(("=", _("Accounted income in a year"), fen(left)))
    lines.append(("÷", _("Members"), str(facts["members"])))
    per_head = _("Accounted income a head")
    if left < 0:
        per_head = _("%(what)s, never below nothing", what=per_head)
    lines.append(("=", per_head, fen(facts["income_per_head"])))
    return lines
