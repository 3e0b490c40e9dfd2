"""Each reason of the plan format as a sentence with its figures, and each change as what one could do."""

from typing import Any

import pytest

from kernel.catalogue.models import Category, Skill
from marketplace.web import round_reasons
from marketplace.web.round_reasons import is_tried, remedies, sentence, title
from matching.rounds.page_names import Names, OfferingName
from matching.solution import REASONS

RICE = Category(
    code="rice",
    kind="goods",
    name_zh="大米",
    name_en="Rice",
    unit_zh="袋",
    unit_en="bag",
    single_source=False,
    position=1,
)
NAMES = Names(
    offerings={"o1": OfferingName(12, "东北大米", "岩坦粮油", "rice")},
    funds={"f1": "慈善专项基金", "f2": "备用金"},
    regions={"330324110": "岩坦镇"},
    projects={"p1": "暖冬行动"},
    categories={"rice": RICE},
    skills={"nursing": Skill(code="nursing", name_zh="护理", name_en="Nursing", position=1)},
    limits={
        "limit-1": {"id": "limit-1", "max_fen": 100},
        "limit-2": {"id": "limit-2", "max_fen": 100, "government_bought": True},
    },
)
OFFERING = {"table": "offerings", "id": "o1", "category": "rice"}
FULL = {**OFFERING, "capacity": 20, "used": 20, "asked": 3}


def change(table: str, row: str, field: str, before: Any = None, to: Any = None, **more: Any) -> dict[str, Any]:
    """A change as the explanation states one."""
    return {"table": table, "id": row, "field": field, "from": before, "to": to, **more}


DETAILS: dict[str, tuple[dict[str, Any], str]] = {
    "no_offering": ({"binding": {"table": "needs", "id": "n", "category": "rice"}}, "大米"),
    "out_of_area": ({"binding": OFFERING}, "东北大米"),
    "skill": (
        {"binding": OFFERING, "changes": [{"table": "offerings", "id": "o1", "field": "provides", "add": ["nursing"]}]},
        "护理",
    ),
    "period": ({"binding": OFFERING}, "岩坦粮油"),
    "earmark": ({"binding": OFFERING}, "another project"),
    "forbidden": ({"binding": {"table": "pins", "need": "n", "offering": "o1", "quantity": 4}}, "at 4"),
    "too_large": ({"binding": {**OFFERING, "capacity": 20, "asked": 31}}, "31"),
    "capacity": ({"binding": FULL}, "0 of 20"),
    "fund": ({"binding": {"table": "funds", "id": "f1", "ids": ["f1", "f2"], "left_fen": 1_234, "asked_fen": 5_000}}, "¥12.34"),
    "limit": ({"binding": {"table": "limits", "id": "limit-1", "max_fen": 9_000, "spent_fen": 8_000, "asked_fen": 2_000}}, "¥10.00"),
    "household_cap": ({"binding": {"table": "households", "id": "h", "cap_fen": 300_000, "received_fen": 290_000}}, "¥2,900.00"),
    "max_needs": ({"binding": {**OFFERING, "max_needs": 3}}, "at most 3"),
    "outranked": ({"binding": FULL, "went_before_count": 7, "decided_by": "tier"}, "Needs that went before: 7"),
    "lottery": ({"binding": FULL, "went_before_count": 2, "decided_by": "lottery"}, "put 2 others first"),
}  # fmt: skip


def test_all_fourteen_reasons_are_told() -> None:
    assert set(DETAILS) == set(REASONS) == set(round_reasons.TITLES)


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_names_what_binds_with_its_figures(reason: str) -> None:  # promise 29
    detail, expected = DETAILS[reason]
    text = sentence(reason, detail, NAMES)
    assert expected in text and "None" not in text and "%(" not in text
    assert title(reason) != reason


def test_a_search_that_ended_early_says_so_and_what_to_do() -> None:
    detail = {"binding": FULL, "idle": True, "changes": [], "verified": "nothing_to_change"}
    assert "the search ended before" in sentence("capacity", detail, NAMES)
    assert remedies(detail, NAMES) == ["Run the round again with more time: the help is there."]


@pytest.mark.parametrize("decided_by", sorted(round_reasons.DECIDED_BY))
def test_who_went_before_is_told_by_what_decided(decided_by: str) -> None:
    text = sentence("outranked", {"binding": FULL, "went_before_count": 1, "decided_by": decided_by}, NAMES)
    assert str(round_reasons.DECIDED_BY[decided_by]) in text


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (change("offerings", "o1", "capacity", 20, 23), "3 袋 more"),
        (change("offerings", "o1", "max_needs", 3, 4), "4 needs instead of 3"),
        (change("offerings", "o1", "radius_m", 3_000, 4_500), "4.5 km instead of 3.0 km"),
        (change("offerings", "o1", "until", "2027-03-01", "2027-04-01"), "2027年4月1日"),
        (change("offerings", "o1", "from", "2027-05-01", "2027-04-01"), "2027年4月1日"),
        (change("offerings", "o1", "projects", ["p1"], None), "outside its project"),
        ({"table": "offerings", "id": "o1", "field": "areas", "add": ["330324110"]}, "岩坦镇"),
        ({"table": "offerings", "id": "o1", "field": "provides", "add": ["nursing"]}, "护理"),
        ({"table": "offerings", "id": "o1", "field": "types", "add": ["care"]}, "Care"),
        ({"table": "offerings", "id": "o1", "field": "projects", "add": ["p1"]}, "暖冬行动"),
        ({"table": "offerings", "id": "o1", "field": "funds", "add": ["f1"]}, "慈善专项基金"),
        (change("funds", "f1", "amount_fen", 100, 600), "¥5.00 more"),
        ({"table": "funds", "id": "f1", "field": "categories", "add": ["rice"]}, "大米"),
        ({"table": "funds", "id": "f1", "field": "types", "add": ["care"]}, "Care"),
        ({"table": "funds", "id": "f1", "field": "regions", "add": ["330324110"]}, "岩坦镇"),
        (change("funds", "f1", "projects", ["p1"], None), "outside its project"),
        ({"table": "funds", "id": "f1", "field": "projects", "add": ["p1"]}, "暖冬行动"),
        (change("limits", "limit-1", "max_fen", 100, 250), "“Budget of the round” from ¥1.00 to ¥2.50"),
        (change("limits", "limit-2", "max_fen", 100, 250), "Government-bought services"),
        (change("households", "h", "cap_fen", 300_000, 310_000), "¥3,100.00"),
        ({"table": "pins", "need": "n", "offering": "o1", "remove": True}, "Lift the decision"),
        ({"table": "forbids", "need": "n", "offering": "o1", "remove": True}, "Lift the exclusion"),
        ({"table": "offerings", "add_row": {"id": "new", "category": "rice", "capacity": 9}}, "9 袋 of 大米"),
        ({"table": "funds", "add_row": {"id": "new", "amount_fen": 900}}, "¥9.00"),
    ],
)
def test_a_change_says_what_one_could_do(one: dict[str, Any], expected: str) -> None:
    texts = remedies({"changes": [one], "verified": "rest_of_plan_fixed"}, NAMES)
    assert len(texts) == 1 and expected in texts[0] and "None" not in texts[0]


def test_a_row_that_nobody_knows_is_shown_by_its_id() -> None:
    assert "o-unknown" in sentence("period", {"binding": {"table": "offerings", "id": "o-unknown"}}, NAMES)
    assert remedies({"changes": [change("pairs", "x", "load", 1, 2)]}, NAMES) == ["pairs x: load → 2"]


def test_only_what_was_tried_counts_as_tried() -> None:
    assert is_tried({"verified": "rest_of_plan_fixed"}) and not is_tried({"verified": "not_verified"})
