"""The joint plan as one `zhongfu-plan/1` file, written row by row from the counties' lines: a province's plan need not fit in memory."""

import heapq
import json
from collections.abc import Iterator
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from matching.regional.coordination import Joint
from matching.rules import LEVELS
from matching.solution import FORMAT


def write_joint_plan(joint: Joint, work: Path, path: Path) -> None:
    """Writes the plan of a `Joint` found in `work`; beside `path` first, then moved there."""
    draft = path.with_name(path.name + ".part")
    with draft.open("w", encoding="utf-8") as file:
        proven = all(bound == value for value, bound in joint.levels.values())
        head = {
            "format": FORMAT,
            "problem_sha256": joint.partition.problem_sha256,
            "status": "optimal" if proven else "feasible",
            "levels": [_level(name, *joint.levels[name]) for name in LEVELS],
        }
        file.write(json.dumps(head, ensure_ascii=False)[:-1])
        _write_rows(file, "allocations", _merged(joint, work, "allocations", ("need", "offering")))
        _write_rows(file, "unmet", _merged(joint, work, "unmet", ("need",)))
        solver = {
            "versions": {"ortools": version("ortools"), "numpy": np.__version__},
            "seconds": round(sum(joint.seconds.values()), 1),
            "pairs": sum(figure["pairs"] for figure in joint.figures.values()),
            "work": [{"stage": stage, "seconds": seconds} for stage, seconds in joint.seconds.items()],
        }
        file.write(',\n "solver": ' + json.dumps(solver) + "}\n")
    draft.replace(path)


def _level(name: str, value: int, bound: int | None) -> dict[str, Any]:
    row = {"name": name, "value": value, "bound": bound, "proven": bound == value, "seconds": 0.0}
    return row | ({"achieved": value} if name.startswith("tier") else {})


def _merged(joint: Joint, work: Path, table: str, key: tuple[str, ...]) -> Iterator[str]:
    """The lines of all counties in the order of `key`; each county's are in that order already."""

    def keyed(part: str) -> Iterator[tuple[Any, str]]:
        with (work / "results" / "close" / f"{part}.{table}.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                yield itemgetter(*key)(json.loads(line)), line.rstrip("\n")

    for _, line in heapq.merge(*(keyed(part) for part in joint.partition.parts)):
        yield line


def _write_rows(file: TextIO, table: str, lines: Iterator[str]) -> None:
    file.write(f',\n "{table}": [')
    for number, line in enumerate(lines):
        file.write(("," if number else "") + "\n  " + line)
    file.write("\n ]")
