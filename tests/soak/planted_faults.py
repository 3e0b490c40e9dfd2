"""For each kind of promise a fault that, planted in a copy of the code, must make the named test fail: a test that cannot fail proves nothing.

.venv/bin/pytest -q -s tests/soak/planted_faults.py
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class Fault:
    """`old` becomes `new` in `file`; then `test` must fail."""

    promise: int
    file: str
    old: str
    new: str
    test: str


FAULTS = (
    Fault(
        1,
        "donors/offerings/stock.py",
        # leaving the guard out alone is not enough: the database's own check still refuses the 101st
        '{"reserved": Offering.reserved + sa.column("units")},',
        '{"reserved": Offering.reserved},',
        "tests/integration/donors/test_stock.py::test_sixteen_threads_reserving_against_100_units_are_granted_exactly_100",
    ),
    Fault(
        1,
        "migrations/versions/0001_tables.py",
        '"reserved + delivered <= quantity"',
        '"reserved + delivered >= 0"',
        "tests/integration/donors/test_stock.py::test_the_database_refuses_too_when_the_applications_check_is_taken_out",
    ),
    Fault(
        2,
        "donors/funds/rules.py",
        "if earmarks.types is not None and purpose.type not in earmarks.types:",
        "if False:",
        "tests/unit/donors/test_ledger.py::test_earmarks_hold_in_5000_random_pairs",
    ),
    Fault(
        2,
        "migrations/versions/0002_guards.py",
        "WHERE transaction_id = NEW.transaction_id) <> 0 THEN",
        "WHERE transaction_id = NEW.transaction_id) > 1000000 THEN",
        "tests/integration/donors/test_funds.py::test_the_database_refuses_an_overdraft_and_a_sum_other_than_zero_by_itself",
    ),
    Fault(
        3,
        "matching/rounds/solving.py",
        '.where(MatchRound.id == round_id, MatchRound.status == "solving", MatchRound.fencing_token == token)\n        .with_for_update()',
        '.where(MatchRound.id == round_id, MatchRound.status == "solving")\n        .with_for_update()',
        "tests/integration/rounds/test_solving.py::test_a_stale_token_writes_nothing",
    ),
    Fault(
        5,
        "kernel/outbox.py",
        ".where(OutboxItem.id == item_id, OutboxItem.done_at.is_(None))\n        .values(done_at",
        ".where(OutboxItem.id == item_id)\n        .values(done_at",
        "tests/integration/kernel/test_outbox_and_idempotency.py::test_an_item_is_closed_once",
    ),
    Fault(
        6,
        "kernel/idempotency.py",
        "if record.fingerprint != fingerprint:",
        "if False:",
        "tests/integration/kernel/test_outbox_and_idempotency.py::test_fifty_equal_posts_at_once_give_one_effect_and_equal_replies",
    ),
    Fault(
        11,
        "marketplace/web/health.py",
        "@public\n",
        "",
        "tests/integration/test_frame.py::test_every_route_names_its_permission_or_is_public",
    ),
    Fault(
        13,
        "marketplace/security/sessions.py",
        "or user.session_epoch != epoch",
        "or False",
        "tests/integration/test_frame.py::test_ended_sessions_stop_at_the_next_request",
    ),
    Fault(
        14,
        "migrations/versions/0001_tables.py",
        "reviewer_id <> creator_id AND ",
        "",
        "tests/integration/rounds/test_operations.py::test_the_database_itself_refuses_that_two_of_the_three_are_one",
    ),
    Fault(
        16,
        "marketplace/imports/workbooks.py",
        'return "\'" + text if _DANGEROUS.match(text) else text',
        "return text",
        "tests/unit/imports/test_workbooks.py::test_formulas_are_made_harmless_and_come_back",
    ),
    Fault(
        18,
        "kernel/audit.py",
        "if entry.previous_hash != previous:",
        "if False:",
        "tests/integration/kernel/test_audit.py::test_even_the_owner_cannot_tamper_unseen",
    ),
    Fault(
        19,
        "kernel/crypto.py",
        'f"{table}|{row}|{column}".encode())\n        return bytes([1, number])',
        'b"")\n        return bytes([1, number])',
        "tests/unit/kernel/test_money_and_crypto.py::test_a_sealed_text_opens_in_its_place",
    ),
    Fault(
        20,
        "kernel/identity.py",
        'return text[:head] + "*" * (len(text) - head - tail)',
        "return text[:head] + text[head : len(text) - tail]",
        "tests/unit/kernel/test_identity.py::test_a_mask_shows_neither_birth_nor_sequence",
    ),
    Fault(
        21,
        "marketplace/reports/public_figures.py",
        "SMALLEST_CELL = 10",
        "SMALLEST_CELL = 1",
        "tests/integration/face/test_day_pages.py::test_the_public_page_shows_no_small_cell",
    ),
    Fault(
        25,
        "matching/validation.py",
        "if load[offering_id] > offering.capacity:",
        "if load[offering_id] > offering.capacity + 1:",
        "tests/unit/matching/test_validation.py",
    ),
    Fault(
        26,
        "matching/pairs.py",
        "order = np.argsort(names.keys(need, offering))",
        "order = np.arange(len(need))",
        "tests/unit/matching/test_pairs.py",
    ),
    Fault(
        27,
        "matching/solver/exact.py",
        "rows.points_of_tiers(COVERAGE_WEIGHTS)",
        "rows.points_of_tiers((10000, 100, 0))",
        "tests/unit/matching/test_properties.py::test_no_further_unit_fits_anywhere_in_an_exact_plan",
    ),
    Fault(
        27,
        "matching/solver/exact.py",
        "shift = result.value - least\n",
        "shift = result.value - least + 1\n",
        "tests/unit/matching/test_exactness.py::test_tiers_are_kept_rounded_up_and_floors_rounded_down",
    ),
    Fault(
        24,
        "matching/solver/pattern_search.py",
        "return work.recorded(stage) is not None if work.replaying else yes",
        "return yes",
        "tests/unit/matching/solver/test_patterns.py::test_a_search_by_patterns_repeats_after_a_replay",
    ),
    # no promise of its own, but of the contract: a bound is valid, and levels four to eight keep what everybody has
    Fault(
        25,
        "matching/solver/patterns.py",
        "net = profit[c] - needs[p.need[c]] - self._group_prices(groups)[c]",
        "net = profit[c] - needs[p.need[c]] - 2 * self._group_prices(groups)[c]",
        "tests/unit/matching/solver/test_patterns.py::test_no_assignment_passes_the_bound_and_a_dive_keeps_every_row",
    ),
    Fault(
        25,
        "matching/solver/pattern_bounds.py",
        "((i.fill[i.need] != SINGLE) | (i.low > 0))",
        "(i.low > 0)",
        "tests/unit/matching/solver/test_pattern_bounds.py::test_a_pinned_need_and_an_offering_that_serves_goods_too_leave_no_group",
    ),
    Fault(
        25,
        "matching/solver/pattern_search.py",
        "if problem.everyone and (found[chosen >= 0] < 0).any():",
        "if False:",
        "tests/unit/matching/solver/test_hours.py::test_nobody_is_left_out_for_the_many_metres_it_would_save_others",
    ),
    Fault(
        25,
        "matching/solver/nearer.py",
        "if bound is not None and alone.all():",
        "if bound is not None:",
        "tests/unit/matching/solver/test_hours.py::test_the_bound_in_metres_is_passed_by_no_plan_where_two_categories_share_an_offering",
    ),
    Fault(
        25,
        "matching/solver/clearing.py",
        "offerings += int((~common).sum())",
        "offerings += 0",
        "tests/unit/matching/solver/test_clearing.py::test_counties_own_offerings_stay_their_own",
    ),
    Fault(
        25,
        "matching/regional/sharing.py",
        "left = capacity - sum(kept.values())",
        "left = capacity",
        "tests/unit/matching/regional/test_sharing.py::test_hours_are_shared_in_whole_needs_and_the_rest_goes_to_one_county",
    ),
    Fault(
        25,
        "matching/solver/levels.py",
        "often = max(0.0, missing[tier])",
        "often = missing[tier]",
        "tests/unit/matching/solver/test_coverage_bound.py::test_no_points_within_the_rows_pass_the_bound",
    ),
    Fault(
        25,
        "matching/solver/pattern_programme.py",
        "self.shares[k].SetUb(self.solver.infinity() if now[k] else 0.0)",
        "self.shares[k].SetUb(self.solver.infinity())",
        "tests/unit/matching/solver/test_pattern_programme.py::test_a_programme_that_grows_and_shrinks_is_worth_what_one_begun_anew_is",
    ),
    Fault(
        25,
        "matching/solver/prices.py",
        "known = earlier if len(self.tasks) == tier else None",
        "known = None",
        "tests/unit/matching/solver/test_pattern_bounds.py::test_tier_3_is_priced_at_what_the_tiers_before_reached",
    ),
    Fault(
        25,
        "matching/solver/stages.py",
        "fill(room, search.steps, order=order[np.isin(order, needs)])",
        "np.where(x := (i.fill == SINGLE)[i.need], fill(room, search.steps * x, order=order[i.fill[order] == SINGLE]), search.steps)",
        "tests/unit/matching/solver/test_large_search.py::test_single_needs_that_cost_money_wait_until_the_goods_have_spent_theirs",
    ),
    Fault(
        25,
        "matching/solver/stages.py",
        "    if tier == 2 and free:",
        "    if tier == 2:",
        "tests/unit/matching/solver/test_large_search.py::test_plans_are_valid_and_no_bound_is_passed_on_random_problems",
    ),
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tracked files in a folder of their own."""
    target = tmp_path_factory.mktemp("planted")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in names.strip("\0").split("\0"):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)
    return target


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"promise-{fault.promise}-{Path(fault.file).stem}")
def test_the_planted_fault_is_found(fault: Fault, copy: Path) -> None:
    path = copy / fault.file
    whole = path.read_text(encoding="utf-8")
    assert whole.count(fault.old) >= 1, f"{fault.file} no longer holds the line that the fault replaces"
    path.write_text(whole.replace(fault.old, fault.new), encoding="utf-8")
    try:
        result = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", fault.test],
            cwd=copy,
            capture_output=True,
            text=True,
            timeout=500,
        )
    finally:
        path.write_text(whole, encoding="utf-8")
    assert result.returncode == 1, result.stdout[-1_500:] + result.stderr[-500:]
