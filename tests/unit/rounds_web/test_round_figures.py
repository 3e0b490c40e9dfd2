"""Figures of a round's page from what the round stores."""

from datetime import timedelta
from typing import Any

from marketplace.web.round_figures import gap_text, group_figures, level_figures, tier_figures, township_map
from marketplace.web.round_progress import progress_figure
from matching.rounds.models import MatchRound
from matching.rounds.queries import level_views
from tests.factories import NOW


def row(group: str, **values: Any) -> dict[str, Any]:
    """A row of the stored coverage."""
    given = {"group": group, "needs": 10, "needs_reached": 5, "households": 4, "households_reached": 2, "points": 500_000,
             "possible": 1_000_000, "expected": 500_000, "ratio": 1.0, "flag": False}  # fmt: skip
    return {**given, **values}


def test_a_tier_without_needs_is_left_out_and_first_come_stands_beside() -> None:
    coverage = {
        "tiers": {
            "1": {"points": 60, "possible": 100, "rate": 0.6},
            "2": {"points": 0, "possible": 0, "rate": 0},
            "3": {"points": 5, "possible": 10, "rate": 0.5},
        }
    }
    side = {"tiers": {str(tier): {"needs": 4, "needs_reached": 3, "needs_met": 2, "points": 30} for tier in (1, 2, 3)}}
    first, third = tier_figures(coverage, {"plan": side, "first_come": side})
    assert (first.tier, first.share, first.first_come_share, first.needs_reached) == (1, 0.6, 0.3, 3)
    assert third.tier == 3 and tier_figures(coverage, None)[0].first_come_share is None


def test_levels_read_in_their_own_units() -> None:
    levels = level_views(
        [
            {"name": "tier1", "value": 1_673_000, "bound": 1_673_000, "proven": True, "achieved": 1_674_000},
            {"name": "tier3", "value": 950_000, "bound": 1_000_000, "proven": False},
            {"name": "cost", "value": 123_450, "bound": None, "proven": False},
            {"name": "distance", "value": 12_300, "bound": 12_300, "proven": True},
        ]
    )
    tier1, tier3, cost, distance = level_figures(levels, {"first_come": {"levels": {"cost": 200_000}}})
    assert (tier1.value, tier1.delivered, tier1.gap, tier1.proven) == ("1,673", "1,674", "0%", True)
    assert tier3.gap == "5.00%" and tier3.first_come is None
    assert (cost.value, cost.bound, cost.gap, cost.first_come) == ("¥1,234.50", "—", "no bound", "¥2,000.00")
    assert distance.value == "12.3 km"


def test_cost_and_distance_are_held_against_the_least_for_the_same_help() -> None:
    cost, distance = level_figures(
        level_views(
            [
                {"name": "cost", "value": 200_000, "bound": None, "bound_deliveries": 199_000, "proven": False},
                {"name": "distance", "value": 12_300, "bound": 12_300, "bound_deliveries": 12_000, "proven": True},
            ]
        ),
        None,
    )
    assert (cost.bound, cost.gap, cost.for_deliveries) == ("¥1,990.00", "0.50%", True)
    assert (distance.bound, distance.gap, distance.for_deliveries) == ("12.3 km", "0%", False)


def test_a_small_gap_never_reads_as_none() -> None:
    (level,) = level_views([{"name": "tier2", "value": 999_999, "bound": 1_000_000, "proven": False}])
    assert gap_text(level) == "<0.01%"


def test_what_townships_lack_is_no_share_of_nothing() -> None:
    lacking, none = level_views(
        [
            {"name": "fairness", "value": 4_942, "bound": 0, "proven": False},
            {"name": "fairness", "value": 0, "bound": 0, "proven": True},
        ]
    )
    assert (gap_text(lacking), gap_text(none)) == ("cannot be told", "0%")


def test_the_certified_gap_stands_beside_the_solvers_and_only_where_there_is_one() -> None:  # promise 24
    proven, uncertified = level_figures(
        level_views(
            [
                {"name": "tier1", "value": 990, "bound": 990, "proven": True, "certified_bound": 1_000},
                {"name": "tier2", "value": 5, "bound": 6, "proven": False},
            ]
        ),
        None,
    )
    assert (proven.gap, proven.certified_gap) == ("0%", "1.00%")
    assert uncertified.certified_gap is None


def test_groups_stand_in_the_order_people_know_and_unknown_comes_last() -> None:
    ages = group_figures("age", [row("18_59"), row("80_over"), row("unknown"), row("under_18")], {})
    assert [figure.code for figure in ages] == ["under_18", "18_59", "80_over", "unknown"]
    types = group_figures("type", [row("care"), row("subsistence", flag=True, ratio=0.5)], {})
    assert [(figure.code, figure.flag) for figure in types] == [("subsistence", True), ("care", False)]


def test_a_township_without_a_point_stands_in_the_table_only() -> None:
    figures = group_figures(
        "township", [row("330324110"), row("330324400")], {"330324110": "岩坦镇"}, {"330324110": 250_000}
    )
    drawn = township_map(figures, {"330324110": (28.4, 120.7)})
    assert drawn.levels == {"middle"} and len(drawn.rows) == 2
    assert figures[0].first_come_share == 0.25 and figures[1].first_come_share is None


def test_progress_tells_waiting_searching_and_checking() -> None:
    waiting = MatchRound(status="queued", time_limit_s=45, progress=None)
    assert progress_figure(waiting, now=NOW).waiting and progress_figure(waiting, now=NOW).percent == 0
    level = {"level": "tier2", "value": 900_000, "bound": 1_000_000, "gap": 0.1, "stage": "tier2"}
    told = {"stage": "searching", "elapsed_s": 9.0, "latest": level, "levels": [level], "started_at": NOW.isoformat()}
    running = MatchRound(status="solving", time_limit_s=45, progress=told)
    figure = progress_figure(running, now=NOW + timedelta(seconds=9))
    assert (figure.percent, figure.seconds, figure.stage) == (20.0, 9, "Searching: Urgent needs")
    assert (figure.levels[0].value, figure.levels[0].gap) == ("900", "10%")
    late = MatchRound(status="solving", time_limit_s=5, progress={**told, "elapsed_s": 7.0})
    assert progress_figure(late, now=NOW).percent == 99 and "Checking the plan" in progress_figure(late, now=NOW).stage
