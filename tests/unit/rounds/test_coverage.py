"""Whom a plan reaches, conditional on urgency; and what of it may be published."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.problem import Problem, parse_problem
from matching.rounds.coverage import HouseholdGroups, age_group, coverage, for_the_public, groups_of
from matching.rules import Served
from matching.snapshot import MemberTraits


def household(sex: str = "female", age: str = "18_59") -> HouseholdGroups:
    return HouseholdGroups((sex,), (sex,), (age,), ("not_disabled",))


def case(*asked: tuple[str, int, int, int]) -> tuple[Problem, Served, dict[str, HouseholdGroups]]:
    """(group, tier, households, of them served) → a problem of one need of one unit per household, all of one weight."""
    needs, served, groups = [], {}, {}
    for group, tier, households, reached in asked:
        for number in range(households):
            name = f"{group}-{tier}-{number}"
            needs.append(
                {
                    "id": name, "household": f"h-{name}", "region": "330324110", "category": "rice", "quantity": 1,
                    "tier": tier, "weight": 100, "type": "care",
                }
            )  # fmt: skip
            groups[f"h-{name}"] = household(group)
            if number < reached:
                served[name, "o"] = 1
    problem = parse_problem(
        {
            "format": "zhongfu-problem/1",
            "regions": [{"code": "330324", "parent": ""}, {"code": "330324110", "parent": "330324"}],
            "needs": needs,
            "offerings": [{"id": "o", "donor": "d", "category": "rice", "capacity": 100_000}],
        }
    )
    return problem, served, groups


def rows_of(found: dict, dimension: str) -> dict[str, dict]:
    return {row["group"]: row for row in found["dimensions"][dimension]}


def test_a_group_that_is_reached_less_than_its_urgency_explains_is_flagged() -> None:  # promise 30
    found = coverage(*case(("female", 2, 10, 9), ("male", 2, 10, 3)))
    rows = rows_of(found, "sex")
    assert rows["male"]["ratio"] == 0.5 and rows["male"]["flag"] and rows["male"]["tiers"]["2"]["flag"]
    assert rows["female"]["ratio"] == 1.5 and not rows["female"]["flag"]
    assert (rows["male"]["standardised"], rows["male"]["standard"]) == (0.3, 0.6)


def test_a_group_whose_needs_are_less_urgent_is_not_flagged_for_it() -> None:  # promise 30
    found = coverage(*case(("female", 1, 40, 40), ("female", 3, 10, 2), ("male", 1, 10, 10), ("male", 3, 40, 8)))
    rows = rows_of(found, "head")
    assert rows["male"]["needs_reached"] == 18 < rows["female"]["needs_reached"] == 42
    assert rows["male"]["ratio"] == rows["female"]["ratio"] == 1.0
    assert rows["male"]["standardised"] == rows["female"]["standardised"] == 0.6
    assert found["flags"] == found["tier_flags"] == 0


def test_one_tier_can_be_flagged_where_the_others_make_up_for_it() -> None:  # promise 30
    found = coverage(*case(("female", 1, 20, 20), ("female", 2, 20, 20), ("male", 1, 80, 80), ("male", 2, 20, 10)))
    male = rows_of(found, "sex")["male"]
    assert not male["flag"] and male["tiers"]["2"]["flag"] and male["tiers"]["2"]["ratio"] == 0.6667
    assert found["flags"] == 0 and found["tier_flags"] >= 1


def test_just_under_four_fifths_is_flagged_and_four_fifths_is_not() -> None:  # promise 30
    on_the_line = coverage(*case(("female", 2, 30, 30), ("male", 2, 10, 7)))
    assert rows_of(on_the_line, "sex")["male"]["ratio"] == 0.7568
    assert rows_of(on_the_line, "sex")["male"]["flag"]
    at_the_line = coverage(*case(("female", 2, 60, 54), ("male", 2, 40, 28)))
    assert rows_of(at_the_line, "sex")["male"]["ratio"] == 0.8537
    exactly = coverage(*case(("female", 2, 50, 30), ("male", 2, 50, 20)))
    assert rows_of(exactly, "sex")["male"]["ratio"] == 0.8 and not rows_of(exactly, "sex")["male"]["flag"]


def test_fewer_than_ten_households_are_shown_but_never_flagged() -> None:  # promise 30
    found = coverage(*case(("female", 2, 90, 90), ("male", 2, 9, 0)))
    male = rows_of(found, "sex")["male"]
    assert male["small"] and male["ratio"] == 0.0 and not male["flag"] and not male["tiers"]["2"]["flag"]
    assert found["flags"] == 0


@given(
    st.lists(
        st.tuples(st.sampled_from(["female", "male"]), st.integers(1, 3), st.integers(1, 25), st.integers(0, 25)),
        min_size=1,
        max_size=6,
        unique_by=lambda one: one[:2],
    )
)
def test_over_groups_that_do_not_overlap_what_was_expected_adds_up_to_what_was_given(
    asked: Sequence[tuple[str, int, int, int]],
) -> None:  # promise 30
    found = coverage(*case(*((group, tier, size, min(size, got)) for group, tier, size, got in asked)))
    rows = found["dimensions"]["head"]
    given_points = sum(row["points"] for row in rows)
    assert given_points == sum(tier["points"] for tier in found["tiers"].values())
    assert abs(sum(row["expected"] for row in rows) - given_points) <= len(rows)
    for row in rows:
        assert row["needs"] == sum(cell["needs"] for cell in row["tiers"].values())
        assert 0 <= row["standardised"] <= 1
        flagged = row["ratio"] is not None and row["ratio"] < 0.8 and row["households"] >= 10
        assert row["flag"] == flagged


@pytest.mark.parametrize(
    ("age", "group"),
    [(0, "under_18"), (17, "under_18"), (18, "18_59"), (59, "18_59"), (60, "60_79"), (79, "60_79"), (80, "80_over")],
)
def test_age_groups_meet_without_gap(age: int, group: str) -> None:
    assert age_group(age) == group


def test_a_household_counts_in_every_group_it_has_a_member_of() -> None:  # promise 30
    groups = groups_of(
        [MemberTraits("female", 72, None, True), MemberTraits("male", 12, 2, False), MemberTraits("male", 40, 4, False)]
    )
    assert groups.sex == ("female", "male") and groups.head == ("female",)
    assert set(groups.age) == {"60_79", "under_18", "18_59"}
    assert groups.disability == ("disabled", "severely_disabled")
    widow = groups_of([MemberTraits("female", 83, None, True)])
    assert widow == HouseholdGroups(
        ("female", "only_female"), ("female",), ("80_over", "only_60_over"), ("not_disabled",)
    )
    assert groups_of([]).age == ("unknown",)


def test_what_is_published_names_no_small_group_and_lets_none_be_worked_out() -> None:  # promises 21, 30
    found = coverage(*case(("female", 2, 40, 20), ("male", 2, 9, 9)))
    public = for_the_public(found)
    assert public["head"] == []
    found = coverage(*case(("female", 2, 40, 20), ("male", 2, 30, 9), ("unknown", 1, 3, 3)))
    assert [row["group"] for row in for_the_public(found)["head"]] == ["female"]
    shown = [row for rows in for_the_public(found).values() for row in rows]
    assert shown and all(row["households"] >= 10 for row in shown)
    assert not any("reached" in name or name in ("points", "tiers") for row in shown for name in row)
