"""Public generalised-assignment files (OR-Library format) as problems of this format, to measure against known optima.

A job becomes a need that takes all from one offering, an agent an offering; the load and cost of a pair come from the
file. When every job is assigned (tier 1 = 1000 × jobs) the level `cost` is the objective of the file, minimised.
"""

from typing import Any

from kernel.errors import InvalidInput
from matching.fields import FORMAT


class NoGapFile(InvalidInput):
    """The text is no generalised-assignment instance: agents, jobs, costs, loads and capacities as whole numbers ≥ 0."""


def problem_from_gap(text: str, name: str) -> dict[str, Any]:
    """A `zhongfu-problem/1` document. Raises NoGapFile with the place of what is wrong."""
    numbers = []
    for row, line in enumerate(text.splitlines(), start=1):
        for word in line.split():
            if not (word.isascii() and word.isdigit()):
                raise NoGapFile(
                    "%(name)s: line %(line)s: %(word)s is not a whole number ≥ 0", name=name, line=row, word=repr(word)
                )
            numbers.append(int(word))
    if len(numbers) < 2 or 0 in numbers[:2]:
        raise NoGapFile("%(name)s: must begin with the numbers of agents and of jobs, both at least 1", name=name)
    agents, jobs = numbers[:2]
    expected = 2 + 2 * agents * jobs + agents
    if len(numbers) != expected:
        raise NoGapFile(
            "%(name)s: %(agents)s agents and %(jobs)s jobs need %(expected)s numbers, the file has %(found)s",
            name=name, agents=agents, jobs=jobs, expected=expected, found=len(numbers),
        )  # fmt: skip
    size = agents * jobs
    costs, loads, capacities = numbers[2 : 2 + size], numbers[2 + size : 2 + 2 * size], numbers[2 + 2 * size :]
    return {
        "format": FORMAT,
        "name": name,
        "seed": 1,
        "regions": [{"code": "1", "parent": ""}],
        "needs": [
            {
                "id": f"job{j:04d}", "household": f"h{j:04d}", "region": "1", "category": "job", "quantity": 1,
                "fill": "single", "tier": 1, "weight": 1, "type": "care",
            }
            for j in range(jobs)
        ],
        "offerings": [
            {"id": f"agent{i:03d}", "donor": f"d{i:03d}", "category": "job", "capacity": capacities[i]} for i in range(agents)
        ],
        "funds": [{"id": "all", "amount_fen": sum(max(costs[j::jobs]) for j in range(jobs))}],
        "pairs": [
            {
                "need": f"job{j:04d}", "offering": f"agent{i:03d}", "load": loads[i * jobs + j],
                "unit_cost_fen": costs[i * jobs + j], "distance_m": 0,
            }
            for i in range(agents)
            for j in range(jobs)
        ],
        "policy": {"floor_percent": 0, "tolerance_permille": 0},
    }  # fmt: skip
