"""The table and the charts of the benchmark, from results made by hand."""

from xml.etree.ElementTree import fromstring

from bench import county
from bench.charts import bars, steps
from bench.tables import gap_text, table


def result(method: str, *tiers: int, bounds: tuple[int, int, int] = (100, 200, 50)) -> county.Result:
    levels = [
        {"name": name, "value": value, "bound": bound, "bound_deliveries": None, "seconds": 1.0}
        for name, value, bound in zip(
            ("tier1", "tier2", "tier3", "fairness", "coverage", "cost", "distance", "lottery"),
            (*tiers, 0, 9, 40, 7, 1),
            (*bounds, 0, 9, None, None, None),
            strict=True,
        )
    ]
    trace = [
        {"s": 1.0, "level": "tier1", "value": 90, "bound": 100},
        {"s": 2.5, "level": "tier1", "value": 100, "bound": 100},
        {"s": 3.0, "level": "tier2", "value": 150, "bound": 200},
    ]
    return {
        "method": method, "seed": 1, "seconds": 60.0, "limit": 60.0, "peak_mb": 900.0, "pairs": 10, "pairs_s": 0.1, "model_s": 0.2,
        "values": dict(zip(("tier1", "tier2", "tier3"), tiers, strict=True)), "levels": levels, "trace": trace,
    }  # fmt: skip


RUN = [result("zhongfu", 100, 190, 40), result("greedy", 100, 180, 45), result("first-come", 60, 150, 90)]


def test_everybody_is_held_against_our_bound_and_placed_by_the_first_tier_that_differs() -> None:
    assert county.placed(RUN) == [1, 2, 3]
    shares = county.shares_of(RUN[2], county.bounds_of(RUN[0]))
    assert shares == {
        "tier1": 0.6,
        "tier2": 0.75,
        "tier3": 1.8,
        "weighted": (600_000 + 15_000 + 90) / (1_000_000 + 20_000 + 50),
    }
    text = county.beside_peers([RUN])
    assert "| 1 | first come, nearest | 3 | 60 | 150 | 90 | 60.00 % | 75.00 % | 180.00 % |" in text


def test_our_gaps_say_what_is_proven_and_what_has_no_bound() -> None:
    text = county.own_gaps([RUN[0]])
    assert (
        "| 1 | 10 | 0.30 | 60 | 2.5 | proven | 5.26 % | 25.00 % | 6.06 % | proven | proven | no bound | no bound | 900 |"
        in text
    )
    assert gap_text(110, 100) == "9.09 %"


def test_charts_are_sound_pictures_that_say_their_figures_in_words() -> None:
    drawn = fromstring(county.share_chart([RUN]))
    assert "tier 3: Zhongfu 80.0 %" in (drawn.find("{*}desc").text or "")  # type: ignore[union-attr]
    assert len(drawn.findall("{*}rect")) == 1 + 3 + 4 * 3
    line = fromstring(county.gap_chart(RUN[0]))
    assert "tier 1: 11.11 % at 1 s, 0.00 % at 2 s" in (line.find("{*}desc").text or "")  # type: ignore[union-attr]
    assert fromstring(bars("<&>", {})) is not None and fromstring(steps("empty", {})) is not None


def test_columns_of_figures_stand_to_the_right() -> None:
    assert table(["name", "points"], [["a", "1,000"], ["b", "—"]]).splitlines()[1] == "| --- | ---: |"
