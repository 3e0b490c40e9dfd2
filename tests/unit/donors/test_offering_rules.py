"""What makes the entry of an offering right."""

import uuid
from datetime import date

import pytest

from donors.offerings.rules import OfferingEntry, OfferingsShort, ShortOffering, checked_offering
from kernel.errors import InvalidFields

RIGHT = {
    "donor_id": uuid.uuid4(),
    "category_code": "rice",
    "title": "大米",
    "quantity": 10,
    "region_code": "330324",
}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity": -1}, "quantity"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": 10**12}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"unit_cost_fen": -5}, "unit_cost_fen"),
        ({"radius_m": 0}, "radius_m"),
        ({"max_needs": 0}, "max_needs"),
        ({"areas": ()}, "areas"),
        ({"types": ("rich",)}, "types"),
        ({"lat": 28.1}, "lon"),
        ({"lat": float("nan"), "lon": 120.0}, "lat"),
        ({"starts_on": date(2027, 5, 2), "ends_on": date(2027, 5, 1)}, "ends_on"),
        ({"fund_ids": (uuid.uuid4(),)}, "fund_ids"),
        ({"government_bought": True}, "unit_cost_fen"),
    ],
)
def test_each_fault_is_named_at_its_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidFields) as error:
        checked_offering(OfferingEntry(**{**RIGHT, **changes}))  # type: ignore[arg-type]
    assert [fault.field for fault in error.value.faults] == [field]


def test_the_quantity_may_not_fall_below_what_is_promised() -> None:
    with pytest.raises(InvalidFields) as error:
        checked_offering(OfferingEntry(**RIGHT), least_quantity=11)  # type: ignore[arg-type]
    assert "11" in error.value.faults[0].text


def test_a_shortage_names_what_is_left() -> None:
    one = ShortOffering(uuid.uuid4(), 7, "大米", 5, 3, "stock")
    assert OfferingsShort((one,)).text == "Only 3 of 大米 (no. 7) are left; 5 were asked for"
    two = OfferingsShort((one, ShortOffering(uuid.uuid4(), 8, "油", 2, 0, "stock")))
    assert "大米 3/5" in two.text
    assert "油 0/2" in two.text
