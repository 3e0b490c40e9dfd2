"""The drawn map: every place is accounted for, nothing leaves the sheet, and colour follows coverage."""

from marketplace.web.figures import PHONE, SCREEN, Place, level_of, place_points

TOWNS = [
    Place("岩坦镇", 28.45, 120.72, 400, 0.9),
    Place("沙头镇", 28.22, 120.77, 100, 0.6),
    Place("瓯北街道", 28.05, 120.66, 900, 0.2),
    Place("云岭乡", None, None, 30, None),
]


def test_places_without_a_point_stand_in_the_table_only() -> None:
    drawn = place_points(TOWNS)
    assert [row.name for row in drawn.rows] == [town.name for town in TOWNS]
    assert {point.name for point in drawn.screen.points} == {"岩坦镇", "沙头镇", "瓯北街道"}


def test_nothing_leaves_the_sheet() -> None:
    drawn = place_points(TOWNS)
    for drawing, sheet in ((drawn.screen, SCREEN), (drawn.phone, PHONE)):
        assert drawing.height <= sheet.tallest + 1
        for point in drawing.points:
            assert point.radius <= point.x <= drawing.width - point.radius
            assert point.radius <= point.y <= drawing.height - point.radius


def test_north_is_up_and_twice_the_number_is_twice_the_area() -> None:
    points = {point.name: point for point in place_points(TOWNS).screen.points}
    assert points["岩坦镇"].y < points["沙头镇"].y < points["瓯北街道"].y
    ratio = (points["瓯北街道"].radius / points["岩坦镇"].radius) ** 2
    assert abs(ratio - 900 / 400) < 0.1


def test_colour_follows_coverage() -> None:
    assert [level_of(share) for share in (None, 0.0, 0.49, 0.5, 0.79, 0.8, 1.0)] == [
        "none", "low", "low", "middle", "middle", "high", "high",
    ]  # fmt: skip


def test_a_single_place_and_no_place_are_drawn_too() -> None:
    assert len(place_points(TOWNS[:1]).screen.points) == 1
    assert place_points([]).screen.points == []
    assert place_points([TOWNS[3]]).phone.points == []


def test_a_crowd_keeps_its_points_and_gives_up_names() -> None:
    crowd = [
        Place(f"深固坑老村委会{number}", 28 + number % 7 / 500, 120 + number % 5 / 500, 10, 0.5) for number in range(60)
    ]
    drawing = place_points(crowd).phone
    assert len(drawing.points) == 60
    assert 0 < sum(point.named for point in drawing.points) < 60
