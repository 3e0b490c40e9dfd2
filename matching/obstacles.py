"""Why a need has no compatible offering at all, and which single place in the problem would have to change.

Of all offerings of a fitting category the one that the fewest rules keep away is looked at; each rule that stands
against it is answered with its own smallest change, and the changed rows are tried against the plain rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from matching.changes import Change, add_row, add_to_list, remove_row, set_field
from matching.problem import Fund, Need, Offering, Problem
from matching.rules import Rules


@dataclass(frozen=True, slots=True)
class Obstacle:
    """The rules that keep a need and its most promising offering apart, in the order in which they are tried."""

    reason: str
    offering: Offering | None
    changes: tuple[Change, ...]
    verified: bool
    """The changed rows were tried and are compatible"""
    payer: Fund | None
    """The fund that pays after the changes; None where nothing has to be paid"""
    text: str


class Obstacles:
    """Looks up obstacles need by need; offerings are kept by category."""

    def __init__(self, problem: Problem, rules: Rules):
        self.problem = problem
        self.rules = rules
        self._by_category: dict[str, list[Offering]] = {}
        for offering in sorted(problem.offerings, key=lambda o: o.id):
            self._by_category.setdefault(offering.category, []).append(offering)
        self._listed: dict[str, list[Offering]] = {}
        for pair in problem.pairs:
            self._listed.setdefault(pair.need, []).append(rules.offering(pair.offering))

    def of(self, need: Need, room: "dict[str, int]") -> Obstacle:
        """The obstacle with the fewest rules; `room` (offering id → free capacity) decides between equals."""
        if self.problem.pairs:
            candidates: Iterable[Offering] = self._listed.get(need.id, ())
        else:
            candidates = [
                o for c in dict.fromkeys((need.category, *need.accepts)) for o in self._by_category.get(c, ())
            ]
        best = None
        for offering in candidates:
            failing = self._failing(need, offering)
            key = (len(failing), room[offering.id] < 1, self.rules.unit_cost_fen(need, offering), offering.id)
            if best is None or key < best[0]:
                best = (key, offering, failing)
        if best is None:
            return self._nothing(need)
        _, offering, failing = best
        changed_need, changed, payer, changes = need, offering, None, []
        for rule in failing:
            if rule == "forbidden":
                changes.append(remove_row("forbids", need.id, offering.id))
            elif rule == "fund":
                payer, more = self._payer(need, offering)
                changes += more
            else:
                changed, change = _answer(rule, need, changed, self.rules)
                changes.append(change)
        if payer is None and self.rules.unit_cost_fen(need, offering) > 0:
            payer = next((f for f in self.problem.funds if self.rules.may_pay(f, need, offering)), None)
        lifted = set(self._failing(changed_need, changed)) - {"forbidden", "fund"}
        names = ", ".join(dict.fromkeys(failing))
        return Obstacle(
            reason=failing[0] if failing else "no_offering",
            offering=offering,
            changes=tuple(changes),
            verified=not lifted and bool(failing),
            payer=payer,
            text=f"No offering fits. {offering.id} comes closest; against it stands: {names}.",
        )

    def _failing(self, need: Need, offering: Offering) -> list[str]:
        rules, failing = self.rules, []
        if not self.problem.pairs:
            if not rules.covers(need, offering):
                failing.append("out_of_area")
            if not set(need.requires) <= set(offering.provides):
                failing.append("skill")
            if not rules.periods_overlap(need, offering):
                failing.append("period")
            if offering.types is not None and need.type not in offering.types:
                failing.append("earmark")
            if offering.projects is not None and need.project not in offering.projects:
                failing.append("earmark")
        if rules.is_forbidden(need, offering):
            failing.append("forbidden")
        if rules.unit_cost_fen(need, offering) > 0 and not rules.payers(need, offering):
            failing.append("fund")
        return failing

    def _payer(self, need: Need, offering: Offering) -> tuple[Fund, list[Change]]:
        """The fund with the fewest earmarks in the way, and what would have to be added to them."""
        options = []
        for fund in sorted(self.problem.funds, key=lambda f: f.id):
            changes = []
            if offering.funds is not None and fund.id not in offering.funds:
                changes.append(add_to_list("offerings", offering.id, "funds", [fund.id]))
            if fund.categories is not None and need.category not in fund.categories:
                changes.append(add_to_list("funds", fund.id, "categories", [need.category]))
            if fund.types is not None and need.type not in fund.types:
                changes.append(add_to_list("funds", fund.id, "types", [need.type]))
            if fund.regions is not None and not self.rules.inside(need.region, fund.regions):
                changes.append(add_to_list("funds", fund.id, "regions", [need.region]))
            if fund.projects is not None and need.project not in fund.projects:
                if need.project is None:
                    changes.append(set_field("funds", fund.id, "projects", list(fund.projects), None))
                else:
                    changes.append(add_to_list("funds", fund.id, "projects", [need.project]))
            options.append((len(changes), -fund.amount_fen, fund.id, fund, changes))
        if options:
            _, _, _, fund, changes = min(options, key=lambda one: one[:3])
            return fund, changes
        cost = self.rules.unit_cost_fen(need, offering) * need.quantity
        fund = Fund(f"new fund for {need.id}", cost)
        more = [add_row("funds", {"id": fund.id, "amount_fen": cost})]
        if offering.funds is not None:
            more.append(add_to_list("offerings", offering.id, "funds", [fund.id]))
        return fund, more

    def _nothing(self, need: Need) -> Obstacle:
        """No offering of the category (or no listed pair): the change is a new offering that the need could use."""
        new = {
            "id": f"new offering for {need.id}",
            "donor": "new donor",
            "category": need.category,
            "capacity": need.quantity,
        }
        if need.requires:
            new["provides"] = list(need.requires)
        changes = [add_row("offerings", new)]
        text = f"No offering of {' or '.join(dict.fromkeys((need.category, *need.accepts)))} is in the round."
        if self.problem.pairs:
            changes.append(add_row("pairs", {"need": need.id, "offering": new["id"]}))
            text = "No pair with this need is listed."
        return Obstacle("no_offering", None, tuple(changes), True, None, text)


def _answer(rule: str, need: Need, offering: Offering, rules: Rules) -> tuple[Offering, Change]:
    """The offering with the smallest change that takes this rule out of the way."""
    if rule == "out_of_area":
        distance = None if offering.radius_m is None else rules.metres(need, offering)
        if distance is not None:
            return replace(offering, radius_m=distance), set_field(
                "offerings", offering.id, "radius_m", offering.radius_m, distance
            )
        wider = (*(offering.areas or ()), need.region)
        return replace(offering, areas=wider), add_to_list("offerings", offering.id, "areas", [need.region])
    if rule == "skill":
        lacking = [s for s in dict.fromkeys(need.requires) if s not in offering.provides]
        return replace(offering, provides=(*offering.provides, *lacking)), add_to_list(
            "offerings", offering.id, "provides", lacking
        )
    if rule == "period":
        if need.start is not None and offering.end is not None and offering.end < need.start:
            day, name, before = need.start, "until", offering.end
            moved = replace(offering, end=day)
        else:
            day, name, before = need.end, "from", offering.start
            moved = replace(offering, start=day)
        return moved, set_field("offerings", offering.id, name, before.isoformat(), day.isoformat())
    if offering.types is not None and need.type not in offering.types:
        wider_types = (*offering.types, need.type)
        return replace(offering, types=wider_types), add_to_list("offerings", offering.id, "types", [need.type])
    if need.project is None:
        lifted = replace(offering, projects=None)
        return lifted, set_field("offerings", offering.id, "projects", list(offering.projects), None)
    wider_projects = (*offering.projects, need.project)
    return replace(offering, projects=wider_projects), add_to_list("offerings", offering.id, "projects", [need.project])
