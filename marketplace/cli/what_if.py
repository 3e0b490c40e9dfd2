"""`zhongfu whatif`: a plan under other amounts of money, another floor, or with a pair pinned or forbidden.

Exit codes: 0 answered; 2 the problem, the plan or the change is faulty, every fault named; 3 pins contradict the constraints; 4 the solver
returned a plan that the validator refuses: nothing is written.
"""

import json
import re
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from kernel.errors import DomainError, InvalidFields
from marketplace.cli.problems import (
    CONTRADICTING_PINS,
    FAULTY,
    INTERNAL,
    PROBLEM,
    leave,
    plan_or_leave,
    problem_or_leave,
)
from marketplace.cli.searching import as_json_lines, search_options
from matching.alternatives import Change, budget_of, change_from, changed_problem, checked_change
from matching.problem import Forbid, Pin, Problem, problem_sha256
from matching.solution import Plan, write_plan
from matching.solver.engine import ContradictingPins
from matching.solver.engine import solve as find_plan
from matching.solver.warm import prices_from_bytes, prices_to_bytes
from matching.validation import violations
from matching.whatif import Answer, Prepared, counted, differences, estimate, fewest

FILE = click.Path(dir_okay=False, path_type=Path)
AMOUNT = re.compile(r"[+-]?[0-9]{1,15}%?")


def amount(text: str, now: int | None, what: str) -> int:
    """Fen: ``5000`` is the amount, ``+5000`` and ``-5000`` are added to what is, ``+10%`` and ``-10%`` are a share of it."""
    if not AMOUNT.fullmatch(text) or (text.endswith("%") and text[0] not in "+-"):
        leave(FAULTY, [f"{what}: {text!r} is no amount; write fen as 5000, +5000, -5000, +10% or -10%"])
    if text[0] not in "+-":
        return int(text)
    if now is None:
        leave(
            FAULTY, [f"{what}: {text!r} adds to an amount, but there is none in the problem; write the amount itself"]
        )
    step = int(text.rstrip("%"))
    return now + (now * step // 100 if text.endswith("%") else step)


@click.command()
@click.argument("problem", type=PROBLEM)
@click.argument("plan", type=PROBLEM)
@click.option("--budget", help="Fen that all help together may cost: 5000, +5000, -5000, +10%, -10%.")
@click.option("--fund", "funds", multiple=True, help="ID=AMOUNT, the amount as for --budget; repeatable.")
@click.option("--floor", type=int, help="Floor of townships, percent.")
@click.option("--tolerance", type=int, help="What tiers may give up for fairness, per mille.")
@click.option("--pin", "pins", nargs=3, type=(str, str, int), multiple=True, help="NEED OFFERING QUANTITY; repeatable.")
@click.option("--forbid", "forbids", nargs=2, type=(str, str), multiple=True, help="NEED OFFERING; repeatable.")
@click.option("--change", "change_file", type=FILE, help="The change as a JSON file instead.")
@click.option("--resolve", is_flag=True, help="Solve anew; with pins or forbids: the fewest changes to PLAN.")
@click.option(
    "--loss",
    type=click.IntRange(0, 1000),
    help="Per mille each tier may lose for a pin or forbid (default: tolerance).",
)
@click.option("--out", type=FILE, help="File for the new plan (with --resolve).")
@click.option(
    "--changed-problem", "problem_out", type=FILE, help="File for the changed problem, to verify the new plan by."
)
@click.option("--prices", type=FILE, help="Prices for bounds: read when the file is there, else computed and written.")
@click.option("--found", type=FILE, help="File for what the search says of itself, as JSON.")
@search_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def whatif(
    problem: Path, plan: Path, budget: str | None, funds: tuple[str, ...], floor: int | None, tolerance: int | None,
    pins: tuple[tuple[str, str, int], ...], forbids: tuple[tuple[str, str], ...], change_file: Path | None, resolve: bool,
    loss: int | None, out: Path | None, problem_out: Path | None, prices: Path | None, found: Path | None,
    time_limit: float, threads: int, progress_json: bool, as_json: bool,
) -> None:  # fmt: skip
    """What PLAN would become under a change of PROBLEM: an estimate with its bound at once, or, with --resolve, a new plan."""
    read, before = problem_or_leave(problem), plan_or_leave(plan)
    if before.problem_sha256 != problem_sha256(read):
        leave(FAULTY, [f"{plan}:top:problem_sha256: belongs to another problem"])
    wrong = violations(read, before)
    if wrong:
        leave(FAULTY, wrong)
    if change_file is not None:
        change = change_from(json.loads(change_file.read_text(encoding="utf-8")))
    else:
        change = _change(read, budget, funds, floor, tolerance, pins, forbids)
    asked = change.of_amounts or change.of_pairs
    try:
        if asked:
            checked_change(read, change)
        if asked and (resolve or change.of_pairs):
            _resolve(read, before, change, loss, time_limit, threads, progress_json, out, problem_out, found, as_json)
        else:
            _estimate(read, before, change if asked else None, prices, progress_json, as_json)
    except InvalidFields as error:
        leave(FAULTY, [f"{fault.field}: {fault.text}" for fault in error.faults])
    except ContradictingPins as error:
        leave(CONTRADICTING_PINS, [error])
    except DomainError as error:
        leave(FAULTY, [error.text])


def _change(
    problem: Problem, budget: str | None, funds: tuple[str, ...], floor: int | None, tolerance: int | None,
    pins: tuple[tuple[str, str, int], ...], forbids: tuple[tuple[str, str], ...],
) -> Change:  # fmt: skip
    amounts = {}
    standing = {fund.id: fund.amount_fen for fund in problem.funds}
    for given in funds:
        code, _, text = given.rpartition("=")
        if code not in standing:
            leave(FAULTY, [f"--fund {given!r}: write ID=AMOUNT; the funds are {', '.join(sorted(standing)) or 'none'}"])
        amounts[code] = amount(text, standing[code], f"--fund {code}")
    return Change(
        budget_fen=None if budget is None else amount(budget, budget_of(problem), "--budget"),
        funds=amounts or None,
        floor_percent=floor,
        tolerance_permille=tolerance,
        pins=tuple(Pin(*row) for row in pins),
        forbids=tuple(Forbid(*row) for row in forbids),
    )


def _estimate(
    problem: Problem, plan: Plan, change: Change | None, prices: Path | None, progress_json: bool, as_json: bool
) -> None:
    began = time.monotonic()
    prepared = Prepared(problem, plan)
    ready = time.monotonic()
    if prices is not None and prices.exists():
        prepared.with_prices(prices_from_bytes(prices.read_bytes()))
    else:

        def say(done: int, of: int) -> None:
            if progress_json:
                click.echo(json.dumps({"stage": "prices", "percent": 100 * done // of}), err=True)

        taken = prepared.warm.take_prices(on_share=say)
        prepared.with_prices(taken)
        if prices is not None:
            prices.write_bytes(prices_to_bytes(taken))
    priced = time.monotonic()
    if change is None:
        return
    answer = estimate(prepared, change)
    seconds = {"read": ready - began, "prices": priced - ready, "answer": time.monotonic() - priced}
    if as_json:
        click.echo(json.dumps({**asdict(answer), "seconds": {k: round(v, 3) for k, v in seconds.items()}}))
        return
    click.echo(
        "\n".join(
            [
                *_told(answer),
                f"read {seconds['read']:.1f} s, prices {seconds['prices']:.1f} s, answer {seconds['answer']:.2f} s",
            ]
        )
    )


def _told(answer: Answer) -> list[str]:
    rows = [f"{'points':<8}{'now':>14}{'at least':>14}{'likely':>14}{'at most':>14}"]
    rows += [
        f"tier {row.tier}  {row.before:>14}{row.at_least:>14}{row.likely:>14}{row.at_most:>14}" for row in answer.tiers
    ]
    return [
        *rows,
        f"a plan at hand: {answer.needs_gaining} needs gain, {answer.needs_losing} lose; "
        f"cost {answer.cost_before_fen} → {answer.cost_fen} fen",
        f"below the floors: {answer.shortfall_before} → {answer.shortfall} points, never under {answer.shortfall_least}",
    ]


def _resolve(
    problem: Problem, before: Plan, change: Change, loss: int | None, time_limit: float, threads: int, progress_json: bool,
    out: Path | None, problem_out: Path | None, found_out: Path | None, as_json: bool,
) -> None:  # fmt: skip
    if change.of_pairs:
        settled = fewest(problem, before, change, loss_permille=loss)
        changed, after = settled.problem, settled.plan
        said: dict[str, Any] = {"changed": settled.changed, "proven": settled.proven, "lost": list(settled.lost)}
    else:
        changed, said = changed_problem(problem, change), {}
        after = find_plan(
            changed, time_limit=time_limit, threads=threads, progress=as_json_lines if progress_json else None
        )
    wrong = violations(changed, after)
    if wrong:
        leave(INTERNAL, [*wrong, f"internal error: the new plan has {len(wrong)} violations and was not written"])
    if problem_out is not None:
        problem_out.write_text(json.dumps(changed.document, ensure_ascii=False), encoding="utf-8")
    if out is not None:
        write_plan(after, out)
    if found_out is not None:
        found_out.write_text(json.dumps(said), encoding="utf-8")
    rows = differences(problem, before.served(), after.served())
    counts = counted(rows)
    if as_json:
        click.echo(
            json.dumps(
                {**said, "counts": asdict(counts), "differences": [asdict(row) for row in rows]}, ensure_ascii=False
            )
        )
        return
    was = {level.name: level for level in before.levels}
    for level in after.levels:
        click.echo(f"{level.name:<9} {was[level.name].value:>16} → {level.value:>16}")
    click.echo(
        f"{counts.pairs} pairs differ; {counts.needs_gaining} needs gain, {counts.needs_losing} lose, {counts.needs_moved} get the same from elsewhere"
    )
    for row in rows if change.of_pairs else rows[:20]:
        click.echo(
            f"need {row.need} (household {row.household}, tier {row.tier}): {row.before} → {row.after}, {_sources(row.offerings_before)} → {_sources(row.offerings_after)}"
        )


def _sources(offerings: Any) -> str:
    return ", ".join(f"{quantity} from {code}" for code, quantity in offerings.items()) or "nothing"


commands: list[click.Command] = [whatif]
