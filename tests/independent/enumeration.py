"""Every plan of a really tiny problem, one after another: the measure for the independent model itself. No solver at all."""

from itertools import product

from tests.independent.contract import TIERS, Contract


def best_of_all_plans(document, *, most=200_000):
    """The eight values of the optimum; None where no plan keeps the pins; raises ValueError beyond `most` combinations."""
    contract = Contract(document)
    ways = [_ways(contract, need) for need in contract.needs]
    count = 1
    for one in ways:
        count *= len(one)
    if count > most:
        raise ValueError(f"{count} combinations are too many to try")
    plans = []
    for chosen in product(*ways):
        served = {pair: units for one in chosen for pair, units in one.items()}
        if not contract.broken_rules(served):
            plans.append((contract.tier_points(served), served))
    if not plans:
        return None
    fixed = list(max(points for points, _ in plans))
    least = contract.least_kept(fixed)
    later = []
    for points, served in plans:
        if all(points[t - 1] >= least[t - 1] for t in TIERS):
            fairness, coverage, *rest = contract.later_values(served, fixed)
            later.append((fairness, -coverage, *rest))
    fairness, coverage, *rest = min(later)
    return (*fixed, fairness, -coverage, *rest)


def _ways(contract, need):
    """All ways to serve one need by itself, {(need, offering): units} each."""
    offered = [edge.offering for edge in contract.edges if edge.need == need]
    wanted = contract.needs[need]["quantity"]
    ways = []
    for units in product(range(wanted + 1), repeat=len(offered)):
        if sum(units) > wanted or (contract.fill(need) != "any" and sum(units) not in (0, wanted)):
            continue
        if contract.fill(need) == "single" and sum(x > 0 for x in units) > 1:
            continue
        ways.append({(need, o): x for o, x in zip(offered, units, strict=True) if x})
    return ways
