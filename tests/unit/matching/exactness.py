"""One problem solved twice: by the product, and by the independent model that knows nothing of it; every difference is named."""

import json
import tempfile
from pathlib import Path

from matching.pairs import build_pairs
from matching.problem import parse_problem
from matching.solution import plan_document
from matching.solver.engine import ContradictingPins, solve
from matching.validation import violations
from tests.independent.contract import Contract
from tests.independent.optimum import NAMES, best, pins_can_be_kept

PATIENCE = 600.0  # seconds; an unproven level is a difference, so the clock must not make one on a busy machine


def differences(document):
    """Sentences on where product and independent model disagree about the document; empty: they agree in everything."""
    problem, contract = parse_problem(document), Contract(document)
    found = _pair_differences(problem, contract)
    expected = best(document, seconds=PATIENCE)
    try:
        plan = solve(problem, time_limit=PATIENCE, threads=1)
    except ContradictingPins as error:
        if expected is not None:
            return [*found, f"pins are said to contradict ({error}), but {expected.served} keeps them"]
        return found + _conflict_differences(document, error.pins)
    if expected is None:
        return [*found, "no plan keeps the pins, but one was made"]
    values = [level.value for level in plan.levels]
    found += [
        f"{name}: {got}, the optimum is {due}"
        for name, got, due in zip(NAMES, values, expected.values, strict=True)
        if got != due
    ]
    if plan.status != "optimal":
        found.append(f"status {plan.status}: {[level.name for level in plan.levels if not level.proven]} unproven")
    found += [f"the validator says: {violation}" for violation in violations(problem, plan)]
    served = {(a.need, a.offering): a.quantity for a in plan.allocations}
    found += [f"the plan breaks {rule}" for rule in contract.broken_rules(served)]
    if not found:
        found += [f"the charges break {rule}" for rule in contract.broken_charges(plan_document(plan)["allocations"])]
        again = contract.later_values(served, values[:3])
        if again != values[3:]:
            found.append(f"levels 4 to 8 are said to be {values[3:]}, counted again they are {again}")
    return found


def saved(document, name):
    """The path of a file with this problem, for `zhongfu solve`."""
    folder = Path(tempfile.gettempdir()) / "zhongfu-exactness"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def _pair_differences(problem, contract):
    pairs = build_pairs(problem)
    ours = {
        (problem.needs[pairs.need[p]].id, problem.offerings[pairs.offering[p]].id): (
            int(pairs.unit_cost_fen[p]),
            int(pairs.distance_m[p]),
            int(pairs.lottery[p]),
            tuple(sorted(problem.funds[f].id for f in pairs.payers(p))),
        )
        for p in range(len(pairs))
    }
    theirs = {(e.need, e.offering): (e.fen, e.metres, e.draw, e.payers) for e in contract.edges}
    return [
        f"pair {pair}: product {ours.get(pair)}, contract {theirs.get(pair)}"
        for pair in sorted(set(ours) | set(theirs))
        if ours.get(pair) != theirs.get(pair)
    ]


def _conflict_differences(document, named):
    """The named pins alone cannot be kept, and any of them left out, the others can (pins to nothing stay)."""
    pins = document["pins"]
    found = []

    def kept_without(left_out):
        keep = [p for p in pins if p["quantity"] == 0 or ((p["need"], p["offering"]) in named and p is not left_out)]
        return pins_can_be_kept({**document, "pins": keep}, seconds=PATIENCE)

    if kept_without(None):
        found.append(f"the pins {named} are said to contradict, but they can be kept together")
    for pin in pins:
        if (pin["need"], pin["offering"]) in named and not kept_without(pin):
            found.append(f"the pins {named} are no smallest conflict: {pin} could be left out of it")
    return found
