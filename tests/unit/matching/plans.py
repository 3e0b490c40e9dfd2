"""Valid plans to judge and to spoil."""

import copy
from collections.abc import Iterator
from typing import Any

from matching.baseline import greedy, plan_of
from matching.charging import units_of
from matching.explanation import explain_unmet
from matching.pairs import build_pairs
from matching.problem import Problem
from matching.solution import Plan


def greedy_plan(problem: Problem) -> Plan:
    """A valid plan of the greedy baseline, with its unmet list."""
    pairs = build_pairs(problem)
    served = greedy(problem, pairs)
    return plan_of(problem, pairs, served, units_of(problem, pairs, served), explain_unmet(problem, pairs, served))


def _other_values(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value, None]
    if isinstance(value, int):
        return [value + 1, value - 1, value + 0.5, str(value), None]
    if isinstance(value, str):
        return [value + "x", "", 7, None]
    return []


def _set(document: Any, path: tuple, value: Any) -> Any:
    changed = copy.deepcopy(document)
    at = changed
    for step in path[:-1]:
        at = at[step]
    if value is object:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return changed


def single_corruptions(document: dict[str, Any]) -> Iterator[tuple[tuple, Any, dict[str, Any]]]:
    """(path, new value, spoilt plan): every field changed or taken out, every row taken out or doubled, one at a time."""
    for part in ("problem_sha256", "status"):
        for value in (*_other_values(document[part]), object):
            yield (part,), value, _set(document, (part,), value)
    for part in ("levels", "allocations", "unmet"):
        for index, row in enumerate(document[part]):
            yield (part, index), object, _set(document, (part, index), object)
            yield (part, index), "twice", {**document, part: [*document[part], row]}
            for name, old in row.items():
                if name == "charges":
                    for c, charge in enumerate(old):
                        yield (part, index, name, c), object, _set(document, (part, index, name, c), object)
                        for field, fen in charge.items():
                            for value in _other_values(fen):
                                yield (
                                    (part, index, name, c, field),
                                    value,
                                    _set(document, (part, index, name, c, field), value),
                                )
                elif name != "detail":
                    for value in (*_other_values(old), object):
                        yield (part, index, name), value, _set(document, (part, index, name), value)
