"""`zhongfu verify` and `problem`: the judge and the tools around problem files; neither needs the solver.

Exit codes: 0 as asked; 1 the plan is not valid, each violation named; 2 the problem, the plan or its certificate cannot be read,
every fault named.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import click

from marketplace.cli.problems import FAULTY, INVALID, PROBLEM, leave, problem_or_leave
from matching.bounds import TierClaim, tier_claims
from matching.certificate import FaultyCertificate, read_certificate
from matching.gap import NoGapFile, problem_from_gap
from matching.generator import SCALES, generate
from matching.pairs import build_pairs
from matching.problem import Problem
from matching.properties import count_reasons
from matching.regional.invention import REGIONAL_SCALES, write_region
from matching.rules import Rules
from matching.solution import FaultyPlan, Plan, UnreadablePlan, read_plan, result_sha256
from matching.validation import TIERS, violations


@click.command()
@click.argument("problem", type=PROBLEM)
@click.argument("plan", type=PROBLEM)
@click.option("--bounds", is_flag=True, help="Recompute each tier's bound from the certificate in the plan.")
@click.option(
    "--fairness", is_flag=True, help="Count idle units and needs passed over, each by the reason that justifies it."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object with everything found.")
def verify(problem: Path, plan: Path, bounds: bool, fairness: bool, as_json: bool) -> None:
    """Check PLAN against PROBLEM, without the solver: every constraint and every level.

    With --bounds also what no plan can pass in each tier, recomputed in whole numbers from the certificate in the plan: whoever checks
    it need not believe the solver. A search may prove more than the certificate does; both are shown.

    With --fairness also every idle unit beside an unmet need, and every need served before an unmet one of higher rank, counted by reason.
    One without a reason is waste or justified envy and contradicts what the plan claims to have proven.

    Exit 0: valid. Exit 1: every violation named. Exit 2: one of the files, or the certificate, cannot be read.
    """
    read = problem_or_leave(problem)
    try:
        stated = read_plan(plan)
    except FaultyPlan as error:
        _invalid(list(error.faults), as_json)
    except UnreadablePlan as error:
        leave(FAULTY, error.faults)
    found: list[object] = [*violations(read, stated)]
    if found:
        _invalid(found, as_json)
    claims = _claims(read, stated, plan, bounds)
    contradicted = [
        f"level {claim.name}: the certificate proves at most {claim.certified_bound}, given the values before it;"
        f" its value {claim.value} cannot be"
        for claim in claims
        if claim.contradicted
    ]
    if contradicted:
        _invalid([*contradicted], as_json)
    counted = count_reasons(read, stated) if fairness else None
    if counted is not None and counted.unjustified:
        _invalid([*counted.unjustified], as_json)
    tiers = {level.name: level.value for level in stated.levels if level.name in TIERS}
    levels = Rules(read).levels(stated.served(), [tiers[name] for name in TIERS])
    if as_json:
        answer = {"valid": True, "status": stated.status, "result_sha256": result_sha256(stated), "levels": levels}
        if bounds:
            answer["bounds"] = [{**asdict(claim), "certified_gap": claim.certified_gap} for claim in claims]
        if counted is not None:
            answer["fairness"] = {"idle": counted.idle, "envy": counted.envy}
        click.echo(json.dumps(answer))
        return
    click.echo("levels " + json.dumps(levels))
    for claim in claims if bounds else ():
        click.echo(_claim_text(claim))
    if counted is not None:
        click.echo("idle beside an unmet need " + json.dumps(counted.idle))
        click.echo("served before one of higher rank " + json.dumps(counted.envy))
    click.echo(f"valid {stated.status} {result_sha256(stated)}")


def _invalid(found: list[object], as_json: bool) -> NoReturn:
    lines = [str(one) for one in found]
    click.echo(json.dumps({"valid": False, "violations": lines}, ensure_ascii=False) if as_json else "\n".join(lines))
    leave(INVALID, [f"{len(found)} violations"])


def _claims(problem: Problem, stated: Plan, path: Path, bounds: bool) -> list[TierClaim]:
    """The tiers with their certified bounds where asked; a certificate that cannot be read is refused in any case."""
    try:
        if not bounds:
            if stated.certificate is not None:
                read_certificate(problem, stated.certificate, path.name)
            return []
        if stated.certificate is None:
            leave(
                FAULTY,
                [
                    f"{path.name}:top:certificate: is missing, so no bound can be recomputed; solve again, or leave --bounds out"
                ],
            )
        return tier_claims(problem, stated, path.name)
    except FaultyCertificate as error:
        leave(FAULTY, error.faults)


def _claim_text(claim: TierClaim) -> str:
    bound = "none" if claim.bound is None else str(claim.bound)
    text = f"{claim.name}: value {claim.value}, solver's bound {bound}, certified bound "
    if claim.certified_bound is None:
        return text + "none" + (", proven by search only" if claim.proven else "")
    if claim.certified_bound == claim.value:
        return f"{text}{claim.certified_bound}, proven by the certificate"
    gap = "no share of 0" if claim.certified_gap is None else f"{100 * claim.certified_gap:.4f} %"
    return f"{text}{claim.certified_bound}, " + ("proven by search, " if claim.proven else "") + f"certified gap {gap}"


@click.group()
def problem() -> None:
    """Generate and convert problem files."""


@problem.command("generate")
@click.option("--scale", type=click.Choice([*SCALES, *REGIONAL_SCALES]), default="village", show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write.")
def generate_problem(scale: str, seed: int, out: Path) -> None:
    """Write an invented problem as a folder: problem.json, needs.jsonl, offerings.jsonl (packed for prefecture and province)."""
    if scale in REGIONAL_SCALES:
        rows = write_region(scale, seed, out)
        click.echo(
            f"{out}: {rows['needs']} needs, {rows['offerings']} offerings, {rows['counties']} counties", err=True
        )
        return
    document = generate(scale, seed)
    out.mkdir(parents=True, exist_ok=True)
    for part in ("needs", "offerings"):
        rows = document.pop(part)
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (out / f"{part}.jsonl").write_text(lines, encoding="utf-8")
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    (out / "problem.json").write_text(text, encoding="utf-8")
    read = problem_or_leave(out)
    click.echo(
        f"{out}: {len(read.needs)} needs, {len(read.offerings)} offerings, {len(build_pairs(read))} pairs", err=True
    )


@problem.command("from-gap")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write (default: standard output)."
)
def convert_gap(file: Path, out: Path | None) -> None:
    """Convert a generalised-assignment FILE (OR-Library format) to a problem."""
    try:
        document = problem_from_gap(file.read_text(encoding="utf-8"), file.name)
    except (NoGapFile, UnicodeDecodeError) as error:
        leave(FAULTY, [error])
    text = json.dumps(document, ensure_ascii=False) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


commands: list[click.Command] = [verify, problem]
