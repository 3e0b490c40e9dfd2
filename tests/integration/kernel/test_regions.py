"""The administrative tree: all 27,036 divisions, found by code, name, pinyin and initials, subtrees by one index range."""

import time

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.database import subtree_range
from kernel.errors import NotFound
from kernel.regions import queries
from kernel.regions.models import Region
from kernel.regions.operations import load_divisions, read_divisions
from migrations.runner import analyse
from tests.factories import COUNTY, TOWNSHIP


@pytest.fixture
def whole_province(session: Session, owner_url: str) -> Session:
    """All divisions, committed, and looked at by the planner as after a set-up."""
    load_divisions(session, read_divisions())
    session.commit()
    analyse(owner_url)
    return session


def test_all_divisions_of_the_province_load_and_load_again(whole_province: Session) -> None:
    count = sa.select(sa.func.count()).select_from(Region)
    assert whole_province.scalar(count) == 27_036
    load_divisions(whole_province, read_divisions())
    assert whole_province.scalar(count) == 27_036


def test_a_subtree_is_the_same_by_prefix_and_by_parents(whole_province: Session) -> None:
    by_prefix = [region.code for region in queries.subtree_of(whole_province, COUNTY)]
    walk = sa.text("""
        WITH RECURSIVE below AS (
            SELECT code FROM regions WHERE code = :code UNION ALL SELECT r.code FROM regions r JOIN below ON r.parent_code = below.code
        ) SELECT code FROM below ORDER BY code
    """)
    assert by_prefix == list(whole_province.scalars(walk, {"code": COUNTY}))
    assert len([code for code in by_prefix if len(code) == 9]) == 25


def test_a_subtree_is_read_by_the_primary_key_not_by_scanning(whole_province: Session) -> None:
    low, high = subtree_range(COUNTY)
    query = sa.text("EXPLAIN SELECT * FROM regions WHERE code >= :low AND code < :high")
    plan = " ".join(whole_province.execute(query, {"low": low, "high": high}).scalars())
    assert "pk_regions" in plan
    started = time.perf_counter()
    for _ in range(20):
        queries.subtree_of(whole_province, COUNTY)
    print(f"subtree of a county: {(time.perf_counter() - started) * 50:.1f} ms")


def test_a_township_is_found_by_name_pinyin_initials_and_code(session: Session) -> None:
    for text in ("岩坦", "yantan", "ytz", TOWNSHIP):
        assert TOWNSHIP in [region.code for region in queries.search_regions(session, text)], text


def test_search_stays_within_a_scope_and_takes_its_text_literally(session: Session) -> None:
    assert {region.code[:6] for region in queries.search_regions(session, "社区", scope=(COUNTY,), limit=200)} == {
        COUNTY
    }
    assert queries.search_regions(session, "%") == [] and queries.search_regions(session, "__") == []
    assert queries.search_regions(session, "岩坦", scope=()) == []


def test_a_place_without_a_point_uses_the_nearest_ancestor_that_has_one(session: Session) -> None:
    regions = {region.code: region for region in queries.with_ancestors(session, {"330324110001", "330324006"})}
    assert set(regions) >= {"33", "3303", "330324", "330324006"}
    without = regions["330324006"]
    assert without.lat is None
    regions["330324"].lat, regions["330324"].lon = 28.15, 120.69
    assert queries.point_of(without, regions) == (28.15, 120.69)
    session.rollback()


def test_an_unknown_code_is_told(session: Session) -> None:
    with pytest.raises(NotFound, match="no region with code 999999"):
        queries.get_region(session, "999999")
