"""No cell under ten households, and none that the others give away (promise 21)."""

from hypothesis import given
from hypothesis import strategies as st

from marketplace.reports.public_figures import SMALLEST_CELL, suppressed

COUNTS = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.integers(0, 300), max_size=12)


def test_large_cells_are_shown_as_they_are() -> None:
    column = suppressed({"a": 12, "b": 40})
    assert column.cells == {"a": 12, "b": 40} and column.total == 52


def test_a_small_cell_takes_the_smallest_of_the_rest_with_it() -> None:
    column = suppressed({"a": 3, "b": 40, "c": 25})
    assert column.cells == {"a": None, "b": 40, "c": None}
    assert column.total == 68


def test_where_only_small_cells_are_there_the_total_is_hidden() -> None:
    assert suppressed({"a": 3, "b": 9}).total is None
    assert suppressed({"a": 3, "b": 9}).cells == {"a": None, "b": None}


@given(COUNTS)
def test_no_small_cell_is_shown_and_what_is_hidden_is_never_worked_out(counts: dict[str, int]) -> None:  # promise 21
    column = suppressed(counts)
    hidden = [place for place, shown in column.cells.items() if shown is None]
    assert all(shown is None or shown >= SMALLEST_CELL for shown in column.cells.values())
    if hidden and column.total is not None:
        rest = column.total - sum(shown for shown in column.cells.values() if shown is not None)
        assert len(hidden) >= 2  # the difference is a sum of several
        assert rest >= SMALLEST_CELL
        assert any(counts[place] >= SMALLEST_CELL for place in hidden)  # no bound by ten on each of them
