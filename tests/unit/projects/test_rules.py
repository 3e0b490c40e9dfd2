"""What makes the entry of a project or a shift right, and distances."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from kernel.errors import InvalidFields, InvalidInput
from projects.rules import ProjectEntry, checked_project, require_listable
from projects.volunteering.rules import ShiftEntry, checked_shift, distance_m, missing_skills

NOW = datetime(2027, 3, 5, 2, tzinfo=UTC)
START = NOW + timedelta(days=2)


def shift(**changes: object) -> ShiftEntry:
    given = {
        "project_id": uuid.uuid4(), "title": "探访", "place": "礼堂", "region_code": "330324", "starts_at": START,
        "ends_at": START + timedelta(hours=2), "capacity": 5,
    }  # fmt: skip
    return ShiftEntry(**{**given, **changes})  # type: ignore[arg-type]


def test_a_project_names_all_its_faults() -> None:
    with pytest.raises(InvalidFields) as error:
        checked_project(
            ProjectEntry(
                name="", summary=" ", organiser="总会", region_code="330324", budget_fen=-1, beneficiaries_wanted=0,
                starts_on=date(2027, 5, 1), ends_on=date(2027, 4, 1),
            )
        )  # fmt: skip
    assert {fault.field for fault in error.value.faults} == {
        "name", "summary", "budget_fen", "beneficiaries_wanted", "ends_on",
    }  # fmt: skip


def test_a_project_that_is_over_is_not_listed() -> None:
    require_listable(date(2027, 3, 5), today=date(2027, 3, 5))
    with pytest.raises(InvalidInput):
        require_listable(date(2027, 3, 4), today=date(2027, 3, 5))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ends_at": START}, "ends_at"),
        ({"ends_at": START + timedelta(hours=25)}, "ends_at"),
        ({"starts_at": NOW, "ends_at": NOW + timedelta(hours=1)}, "starts_at"),
        ({"starts_at": datetime(2027, 4, 1)}, "starts_at"),  # noqa: DTZ001
        ({"capacity": 0}, "capacity"),
        ({"place": ""}, "place"),
    ],
)
def test_a_shift_names_its_fault(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidFields) as error:
        checked_shift(shift(**changes), now=NOW)
    assert [fault.field for fault in error.value.faults] == [field]


def test_missing_skills_keep_the_order_they_are_asked_in() -> None:
    assert missing_skills(("nursing", "driving", "first_aid"), ("driving",)) == ("nursing", "first_aid")


def test_distance_is_in_whole_metres_and_unknown_without_a_point() -> None:
    assert distance_m((28.0, 120.0), (29.0, 120.0)) == 111_195
    assert distance_m((0.0, 0.0), (0.0, 180.0)) == 20_015_114
    assert distance_m(None, (28.0, 120.0)) is None
