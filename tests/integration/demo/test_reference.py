"""Reference data: the whole tree once, quickly; nothing the second time."""

import time

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.catalogue.models import Category
from kernel.regions.models import Region
from marketplace.demo.reference import load_reference


def test_the_tree_is_loaded_once_and_set_right_where_a_name_differs(session: Session):
    started = time.process_time()
    assert load_reference(session) == 27_036
    first = time.process_time() - started
    assert session.scalar(sa.select(sa.func.count()).select_from(Region)) == 27_036
    assert session.scalar(sa.select(sa.func.count()).select_from(Category)) == 33
    county, seat = session.get_one(Region, "330324"), session.get_one(Region, "330324001")
    assert (county.lat, county.lon) == (seat.lat, seat.lon) and "seat" in (county.point_source or "")

    started = time.process_time()
    assert load_reference(session) == 0
    assert time.process_time() - started < 0.5 * first

    session.execute(sa.update(Region).where(Region.code == "330324110").values(name="旧名", full_name="旧名"))
    assert load_reference(session) == 27_036
    assert session.get_one(Region, "330324110").name == "岩坦镇"
