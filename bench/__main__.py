"""`make bench`: measures everything in one run and writes docs/benchmarks.md with its charts.

    python -m bench                                     all of it, and the page
    python -m bench --long                              besides, one county for ten minutes
    python -m bench --seed 1 --peer greedy              the page from fewer counties and peers, for a short run
    python -m bench county --seed 1 --no-peers          one part, printed only
    python -m bench samples | gap | pages

Figures belong to the machine they were taken on; compare ratios.
"""

import argparse
import statistics
import sys
from importlib.metadata import version
from pathlib import Path

from bench import county, gap, pages, samples
from bench.tables import machine, table

DOCS = Path(__file__).resolve().parents[1] / "docs"
SEEDS = (1, 2, 3)
LIMIT_S, PEER_LIMIT_S, EIGHT_LEVELS_S, LONG_S = 60.0, 120.0, 120.0, 600.0


def _machine() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("ortools", "numpy", "scipy", "SQLAlchemy", "Flask"))
    return f"{machine()} {libraries}; HiGHS and CP-SAT are those inside OR-Tools."


def samples_part() -> str:
    """The twelve samples."""
    proven, count, seconds = samples.measure()
    return f"## Samples\n\n{proven} of {count} samples proven at all eight levels, at the values known; {seconds:.2f} s each (median)."


def gap_part() -> str:
    """Public generalised-assignment files."""
    return "\n\n".join(
        (
            "## Generalised assignment, public files",
            "25 s and one thread each; costs are minimised once every need is served.",
            table(gap.HEAD, gap.table(gap.measure())),
        )
    )


def _p95(times: list[float]) -> float:
    """The 95th percentile, never beyond the worst."""
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


def pages_part() -> str:
    """The pages of the demo county."""
    ready, timed = pages.measure()
    every = [one for *_, times in timed for one in times]
    p95 = _p95(every)
    rows = [
        [login, page, f"{statistics.median(times):.0f}", f"{_p95(times):.0f}", f"{max(times):.0f}"]
        for login, page, times in timed
    ]  # fmt: skip
    return "\n\n".join(
        (
            "## Pages, demo county",
            f"`zhongfu serve --demo` answers {ready:.1f} s after its start with an empty data folder. "
            f"**{p95:.0f} ms at the 95th percentile of all {len(every):,} page requests**, median {statistics.median(every):.0f} ms.",
            table(["login", "page", "median ms", "95 % ms", "worst ms"], rows),
        )
    )


def county_part(
    seeds: tuple[int, ...],
    *,
    seconds: float,
    peers: tuple[str, ...],
    peer_seconds: float,
    eight: bool,
    long: bool,
    scale: str = "county",
) -> tuple[str, dict[str, str]]:
    """Our solver on the counties and the peers beside it: the text, and the charts by file name."""
    runs = county.run_all(seeds, seconds=seconds, peers=peers, peer_seconds=peer_seconds, scale=scale)
    ours = [results[0] for results in runs]
    further = [county.run(county.OURS, seeds[0], EIGHT_LEVELS_S, scale=scale)] if eight else []
    further += [county.run(county.OURS, seeds[0], LONG_S, scale=scale)] if long else []
    size = f"{ours[0]['needs']:,} needs × {ours[0]['offerings']:,} offerings"
    parts = [
        f"## {scale.title()}",
        f"Generated problems of {size} (`zhongfu problem generate --scale {scale} --seed N`), scarce in money and hours. "
        "Gap: |bound − value| / value; joint: Σ (bound − value) / Σ value over the tiers. A bound of a tier holds given the tiers before it; "
        "cost and distance are held against the bound for the amounts delivered. Every plan passes the validator, which knows no solver.",
        "### Our solver",
        county.own_gaps([*ours, *further]),
        "![Gap of each tier while it is searched](images/bench-gap.svg)",
    ]
    charts = {"bench-gap.svg": county.gap_chart(ours[0])}
    if peers:
        whole = (
            "The whole models in CP-SAT and HiGHS are the contract's, handed over in bulk with presolve, "
            f"{peer_seconds:.0f} s in all, tier after tier, each started from the best plan before and the first from greedy's. "
            if {"cp-sat", "highs"} & set(peers)
            else ""
        )
        parts += [
            "### Beside what a county could use instead",
            "Everybody on the same problem, held against the same bounds: those of our run. Place: the order of (tier 1, tier 2, tier 3), "
            "tier 1 deciding first. Who serves the urgent badly has more left for tier 3, and may pass its bound, which holds only for those "
            "who keep our tiers 1 and 2; weighted: all tiers by the weights of the contract's coverage, 10000 : 100 : 1. "
            f"{whole}Seconds count from the parsed problem to the quantities, memory is the peak of the method's own process.",
            county.beside_peers(runs),
            "![Points delivered as shares of the same bound](images/bench-shares.svg)",
        ]
        charts["bench-shares.svg"] = county.share_chart(runs)
    return "\n\n".join(parts), charts


def write_page(seeds: tuple[int, ...], peers: tuple[str, ...], *, long: bool) -> None:
    """Runs every part on the counties `seeds` beside `peers`, and writes the page and its charts."""
    text, charts = county_part(seeds, seconds=LIMIT_S, peers=peers, peer_seconds=PEER_LIMIT_S, eight=True, long=long)
    parts = ["# Benchmarks", f"Written by `make bench`; do not edit. {_machine()}", text]
    parts += [samples_part(), gap_part(), pages_part()]
    for name, drawn in charts.items():
        (DOCS / "images" / name).write_text(drawn, encoding="utf-8")
    page = "\n\n".join(parts) + "\n"
    (DOCS / "benchmarks.md").write_text(page, encoding="utf-8")
    sys.stdout.write(page)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the optimiser and the pages.")
    parser.add_argument("part", nargs="?", choices=("all", "county", "samples", "gap", "pages"), default="all")
    parser.add_argument("--seed", type=int, action="append", help="county: only this seed (may be repeated)")
    parser.add_argument("--scale", default="county", help="county: another size of the generator, to try things out")
    parser.add_argument("--seconds", type=float, default=LIMIT_S, help="county: our time limit")
    parser.add_argument("--peer-seconds", type=float, default=PEER_LIMIT_S, help="county: the peers' time limit")
    parser.add_argument("--peer", action="append", choices=county.PEERS, help="county: only this peer (repeatable)")
    parser.add_argument("--no-peers", action="store_true", help="county: ours alone")
    parser.add_argument("--long", action="store_true", help="besides, ten minutes on one county")
    given = parser.parse_args()
    seeds, peers = tuple(given.seed or SEEDS), () if given.no_peers else tuple(given.peer or county.PEERS)
    if given.part == "all":
        write_page(seeds, peers, long=given.long)
    elif given.part == "county":
        text, charts = county_part(
            seeds,
            seconds=given.seconds,
            peers=peers,
            peer_seconds=given.peer_seconds,
            eight=False,
            long=given.long,
            scale=given.scale,
        )
        for name, drawn in charts.items():
            (county.RESULTS / name).write_text(drawn, encoding="utf-8")
        sys.stdout.write(f"{text}\n\nCharts in {county.RESULTS}\n")
    else:
        part = {"samples": samples_part, "gap": gap_part, "pages": pages_part}[given.part]
        sys.stdout.write(part() + "\n")


if __name__ == "__main__":
    main()
