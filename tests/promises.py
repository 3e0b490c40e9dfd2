"""Which test proves which promise, read from the tests themselves. ``python -m tests.promises`` writes docs/promises.md."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "promises.md"
_COMMENT = re.compile(r"# promises? ([\d, and]+)")

TEXTS = {
    1: "Stock, hours, places and money are never over-allocated, whoever races for them; the database refuses by itself.",
    2: "Double entry in whole fen, append-only, each thing booked once; every yuan is traced; earmarks hold.",
    3: "A killed worker breaks nothing; the round resumes to the same result.",
    4: "A crashed database keeps every acknowledged write, none doubled.",
    5: "A lost broker loses nothing; a task delivered three times acts once.",
    6: "A write sent again with the same key gives one effect and the same reply.",
    7: "Random operations keep the invariants of stock, allocations and money.",
    8: "Balances can be rebuilt from entries; a fen too many is found.",
    9: "Backup and restore give equal tables and a whole audit chain.",
    10: "Migrations go up and down, one runner at a time, with a lock timeout.",
    11: "Nobody reads or writes outside the own role and regions; a route without a rule stays closed.",
    12: "The application's role owns nothing; row-level security is a second wall.",
    13: "Signing in tells nothing and slows guessing; sessions end at the next request; no inline script.",
    14: "What matters needs two or three different people.",
    15: "A malformed workbook crashes nothing and each bad row is named.",
    16: "Exports carry no live formula and come back to the same values.",
    17: "The API keeps to its own document.",
    18: "The audit trail is chained, append-only, and tampering is found.",
    19: "Resident IDs, phones and diagnoses are sealed, in every table and log.",
    20: "Personal numbers are masked; revealing asks a purpose and is logged.",
    21: "No public figure lets a household be worked out.",
    22: "Consent per purpose, and it can be withdrawn.",
    23: "A person decides, with a reason; a household may stay out.",
    24: "A result carries all that is needed to repeat it, and repeats.",
    25: "A validator without a solver checks every plan.",
    26: "What is left equal is decided by a public draw, whatever the order of rows.",
    27: "No waste and no justified envy.",
    28: "Waiting raises priority, within a stated bound.",
    29: "Each unmet need says why and what would help.",
    30: "Coverage is shown by group, with a flag where one falls behind.",
}


def proofs() -> dict[int, list[str]]:
    """Promise number → the tests that name it, as ``path::test``."""
    found: dict[int, set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            match = _COMMENT.search(line)
            if match is None:
                continue
            test = _test_of(lines, number)
            for promise in re.findall(r"\d+", match[1]):
                found.setdefault(int(promise), set()).add(f"{path.relative_to(ROOT)}::{test}")
    return {promise: sorted(tests) for promise, tests in sorted(found.items())}


def _test_of(lines: list[str], number: int) -> str:
    """The test a comment stands on, before or in: the signature it closes or lies under, else the next one."""
    alone = lines[number].startswith("#")
    order = range(number, len(lines)) if alone else range(number, -1, -1)
    for at in order:
        if match := re.match(r"\s*def (test_\w+)", lines[at]):
            return match[1]
    return "?"


def page() -> str:
    """The text of docs/promises.md."""
    found = proofs()
    parts = [
        "# Promises and the tests that name them",
        "Written by `python -m tests.promises` from the tests; a repository test keeps it current.",
    ]
    for promise, text in TEXTS.items():
        tests = found.get(promise, [])
        parts.append(f"**{promise}. {text}**")
        parts.append("\n".join(f"- `{test}`" for test in tests) or "Not yet proved by a test.")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
