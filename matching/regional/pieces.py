"""One step of one county, from files to a file: what a worker does, in whatever process or on whatever machine.

A *stage* is a file `stages/<name>.json` with its kind and what every part is asked; a piece writes `results/<name>/<part>.json`, last of all
and in one move, with a hash of everything it read. Done twice it does nothing the second time; killed, it leaves nothing behind that
counts; asked something else, it works again.
"""

import hashlib
import json
import os
import resource
import sys
import time
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from matching.explanation import explain_unmet
from matching.pairs import build_pairs
from matching.problem import Problem, read_problem
from matching.regional.checking import part_figures, part_plan
from matching.solver import county_part
from matching.solver.clearing import clear
from matching.solver.county_part import CountyPart, Prices
from matching.validation import violations

Args = dict[str, Any]


class FailedPiece(RuntimeError):
    """A piece could not be done; the message names the county's part and the reason."""


class RefusedPart(FailedPiece):
    """A county's plan broke a rule of its own problem; each violation is named. It is not written."""


def asked(work: Path, stage: str) -> Args:
    """{"kind", "common", "parts": part → its own arguments} of a stage."""
    path = work / "stages" / f"{stage}.json"
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, _: int) -> Args:
    return json.loads(path.read_text(encoding="utf-8"))


def result(work: Path, stage: str, part: str) -> Args | None:
    """What a piece found, or None where it is not done (for what is asked now)."""
    return _known(work, stage, part, _inputs(work, asked(work, stage), part))


def _known(work: Path, stage: str, part: str, inputs: str) -> Args | None:
    path = work / "results" / stage / f"{part}.json"
    if not path.exists():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if found["inputs"] == inputs else None


def _inputs(work: Path, question: Args, part: str) -> str:
    """A hash of everything a piece reads: the partition, the question, and the results it builds on (by their own hashes)."""
    cut = work / "partition.json"
    fingerprint = _read(cut, cut.stat().st_mtime_ns)["fingerprint"]
    text = json.dumps([fingerprint, question["kind"], question["common"], question["parts"].get(part)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def run_piece(work: Path, stage: str, part: str) -> Args:
    """Does the piece unless it is done; returns its result. Raises RefusedPart."""
    question = asked(work, stage)
    inputs = _inputs(work, question, part)
    known = _known(work, stage, part, inputs)
    if known is not None:
        return known
    began, used = time.monotonic(), time.process_time()
    folder = work / "results" / stage
    folder.mkdir(parents=True, exist_ok=True)
    common, own, files = question["common"], question["parts"].get(part) or {}, _Files(work, stage, part)
    found = _KINDS[question["kind"]](files, common, own)
    found |= {
        "inputs": inputs,
        "seconds": round(time.monotonic() - began, 2),
        "cpu_seconds": round(time.process_time() - used, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    draft = folder / f"{part}.json.{os.getpid()}"
    draft.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    draft.replace(folder / f"{part}.json")
    return found


class _Files:
    """Where a piece keeps its arrays and lines beside its result."""

    def __init__(self, work: Path, stage: str, part: str):
        self.work, self.stage, self.part = work, stage, part

    def problem(self) -> Problem:
        """The county's own, as it was cut."""
        return read_problem(self.work / "parts" / self.part)

    def at(self, stage: str, ending: str) -> Path:
        return self.work / "results" / stage / f"{self.part}{ending}"

    def save(self, kind: str, **arrays: np.ndarray) -> None:
        draft = self.at(self.stage, f".{kind}.{os.getpid()}.npz")
        np.savez(draft, **arrays)
        draft.replace(self.at(self.stage, f".{kind}.npz"))

    def load(self, stage: str, kind: str, part: str | None = None) -> dict[str, np.ndarray]:
        """The arrays of one kind that this part, or another, kept in a stage."""
        with np.load(self.work / "results" / stage / f"{part or self.part}.{kind}.npz") as arrays:
            return {name: arrays[name] for name in arrays.files}

    def lines(self, ending: str, rows: list[Args]) -> None:
        draft = self.at(self.stage, f"{ending}.{os.getpid()}")
        with draft.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        draft.replace(self.at(self.stage, ending))


def with_shares(problem: Problem, shares: Args) -> Problem:
    """The problem with these amounts instead of the whole ones: {"offerings": id → [capacity, max_needs or None], "funds", "limits": id → fen}."""
    offerings, funds, limits = shares["offerings"], shares["funds"], shares["limits"]
    return replace(
        problem,
        offerings=tuple(
            replace(o, capacity=offerings[o.id][0], max_needs=offerings[o.id][1]) if o.id in offerings else o
            for o in problem.offerings
        ),
        funds=tuple(replace(f, amount_fen=funds[f.id]) if f.id in funds else f for f in problem.funds),
        limits=tuple(replace(k, max_fen=limits[k.id]) if k.id in limits else k for k in problem.limits),
    )


def _county(files: _Files, shared: Args) -> CountyPart:
    problem = files.problem()
    return CountyPart(problem, build_pairs(problem), *(set(shared[name]) for name in ("offerings", "funds", "limits")))


def _scout(files: _Files, common: Args, own: Args) -> Args:
    part = _county(files, common["shared"])
    found = part.scout(own["shares"], common["losses"])
    return {"prices": None if found is None else [asdict(prices) for prices in found]}


def _price(files: _Files, common: Args, own: Args) -> Args:
    part = _county(files, common["shared"])
    responses, known = {}, {}
    shares = own.get("shares")
    for tier, prices in common["prices"].items():
        known[int(tier)] = _named(files, common["earlier"], int(tier))
        answer = part.respond(
            int(tier), Prices(**prices), shares=shares, tighten=common["tighten"], start=known[int(tier)]
        )
        if answer is not None:
            responses[tier] = asdict(answer)
    if own["near"]:
        for tier in part.answered:
            files.save(f"near-{tier}", **part.near(tier, () if known[tier] is None else known[tier]))
    return {"responses": responses, "pairs": part.instance.size}


def _named(files: _Files, stage: str | None, tier: int) -> np.ndarray | None:
    """The columns that the county named as near the best in an earlier stage, None where it was not asked."""
    if stage is None or not files.at(stage, f".near-{tier}.npz").exists():
        return None
    return files.load(stage, f"near-{tier}")["column"]


def _clear(files: _Files, common: Args, own: Args) -> Args:
    """What the counties of a group do at once with the offerings that only they share."""
    near = {part: files.load(common["stage"], f"near-{own['tier']}", part) for part in own["answers"]}
    found = clear(near, own["capacity"])
    return {"cleared": None if found is None else asdict(found)}


def _plan(files: _Files, common: Args, own: Args) -> Args:
    given = with_shares(files.problem(), own["shares"])
    named = [_named(files, common["near"], tier) for tier in range(3)]
    near = None if any(one is None for one in named) else np.unique(np.concatenate(named))  # type: ignore[arg-type]
    instance, steps, record = county_part.plan_part(given, build_pairs(given), seconds=common["seconds"], near=near)
    use = county_part.use_of(instance, steps)
    files.save("steps", steps=steps)
    return {"use": use, "points": county_part.points_of(instance, steps), "work": record}


def _rest(files: _Files, common: Args, own: Args) -> Args:
    """What the county could still use, were all that is left over its own."""
    given = with_shares(files.problem(), own["rooms"])
    instance = county_part.build_instance(given, build_pairs(given))
    steps = _final_steps(files, common["planned"], own["taken"])
    funds = {fund.id: fund.amount_fen for fund in given.funds}
    return {"additions": county_part.additions(instance, steps), "own_funds": funds}


def _final_steps(files: _Files, planned: str, taken: list[list[int]]) -> np.ndarray:
    steps = files.load(planned, "steps")["steps"]
    for column, count in taken:
        steps[column] += count
    return steps


def _close(files: _Files, common: Args, own: Args) -> Args:
    """Charges, reasons and the judge's word on the county's part of the joint plan; the lines of the plan are written."""
    problem = files.problem()
    pairs = build_pairs(problem)
    instance = county_part.build_instance(problem, pairs)
    steps = _final_steps(files, common["planned"], own["taken"])
    allocations = county_part.charged(instance, steps, own["ledger"])
    served = {(a.need, a.offering): a.quantity for a in allocations}
    seen = with_shares(problem, own["rooms"])
    unmet = explain_unmet(seen, pairs, served)
    plan = part_plan(problem, allocations, unmet)
    found = violations(problem, plan)
    if found:
        raise RefusedPart("\n".join(map(str, found[:20])))
    files.lines(
        ".allocations.jsonl", [_allocation_row(a) for a in sorted(plan.allocations, key=lambda a: (a.need, a.offering))]
    )
    files.lines(".unmet.jsonl", [_unmet_row(u, own["others"]) for u in sorted(plan.unmet, key=lambda u: u.need)])
    return part_figures(problem, plan) | {"pairs": len(pairs)}


def _allocation_row(a: Any) -> Args:
    charges = [{"fund": c.fund, "fen": c.fen} for c in sorted(a.charges, key=lambda c: (c.fund, c.fen))]
    return {"need": a.need, "offering": a.offering, "quantity": a.quantity, "charges": charges}


def _unmet_row(u: Any, others: Args) -> Args:
    """The county saw shared rows less what other counties use; a proposed change is stated on the whole row."""
    detail = u.detail
    changes = detail.get("changes") if isinstance(detail, dict) else None
    if changes:
        detail = {**detail, "changes": [_on_whole_row(change, others) for change in changes]}
    return {"need": u.need, "missing": u.missing, "reason": u.reason, "detail": detail}


def _on_whole_row(change: Args, others: Args) -> Args:
    used = others.get(change["table"], {}).get(change.get("id"), {}).get(change.get("field"))
    if not used or type(change.get("from")) is not int:
        return change
    return {**change, "from": change["from"] + used, "to": change["to"] + used}


_KINDS = {"scout": _scout, "price": _price, "clear": _clear, "plan": _plan, "rest": _rest, "close": _close}


def main(arguments: list[str]) -> int:
    """``python -m matching.regional.pieces WORK STAGE PART``: one piece in a process of its own; exit 0 done, 1 with the reason."""
    work, stage, part = arguments
    try:
        run_piece(Path(work), stage, part)
    except Exception as error:
        sys.stderr.write(f"{stage} {part}: {type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
