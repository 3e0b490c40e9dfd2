"""Finding a household: by a part of the name, pinyin, initials, number or resident ID, in one's regions alone, each by an index."""

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from households.models import Household
from households.queries import at_level, list_households, matches_head
from tests.factories import COUNTY, SIBLING_TOWNSHIP, TOWNSHIP, resident_id
from tests.factories_demand import a_head, make_household


@pytest.fixture
def homes(session: Session) -> dict[str, Household]:
    """Three households in two townships."""
    return {
        name: make_household(
            session, a_head(name=name, resident_id=resident_id(born=f"1960010{at}")), region_code=township
        )
        for at, (name, township) in enumerate(
            (("周建国", TOWNSHIP), ("周国建", SIBLING_TOWNSHIP), ("Anna", TOWNSHIP)), start=1
        )
    }


@pytest.mark.parametrize(
    ("text", "scope", "names"),
    [
        ("周建国", COUNTY, ["周建国"]),
        ("建国", COUNTY, ["周建国"]),  # the same two characters the other way round are another name
        ("周", COUNTY, ["周建国", "周国建"]),
        (" 周 ", TOWNSHIP, ["周建国"]),
        ("zhou", COUNTY, ["周建国", "周国建"]),
        ("ZhouJ", COUNTY, ["周建国"]),
        ("zgj", COUNTY, ["周国建"]),
        ("anna", COUNTY, ["Anna"]),
        ("国国", COUNTY, []),
        ("%", COUNTY, []),
        ("_", COUNTY, []),
    ],
)
def test_what_is_typed_says_what_is_meant(
    session: Session, homes: dict[str, Household], text: str, scope: str, names: list[str]
) -> None:
    rows = list_households(session, scope=(scope,), text=text).rows
    assert [row.head_name for row in rows] == names


def test_digits_are_a_number(session: Session, homes: dict[str, Household]) -> None:
    wanted = homes["Anna"]
    assert list_households(session, scope=(COUNTY,), text=str(wanted.number)).rows == [wanted]
    assert list_households(session, scope=(SIBLING_TOWNSHIP,), text=str(wanted.number)).rows == []


@pytest.mark.parametrize(
    "scope", [("33",), ("3303",), (COUNTY,), (TOWNSHIP,), (TOWNSHIP + "001",), (TOWNSHIP, SIBLING_TOWNSHIP), ()]
)
def test_a_scope_means_the_same_whichever_index_it_is_written_for(
    session: Session, homes: dict[str, Household], scope: tuple[str, ...]
) -> None:
    found = set(session.scalars(sa.select(Household.head_name).where(at_level(scope))))
    wanted = {name for name, row in homes.items() if row.region_code.startswith(scope)} if scope else set()
    assert found == wanted


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        (matches_head("建国", Household.number), "ix_households_name_characters"),
        (matches_head("zhouj", Household.number), "ix_households_pinyin"),
        (matches_head("zjg", Household.number), "ix_households_initials"),
        (matches_head("12", Household.number), "Index Cond: (number = 12)"),  # more than one index has it
        (at_level((COUNTY,)), "ix_households_at_6"),
        (at_level((TOWNSHIP,)), "ix_households_at_9"),
        (at_level(("3303",)), "ix_households_at_4"),
    ],
)
def test_each_search_can_be_a_walk_of_its_index(session: Session, condition: object, index: str) -> None:
    query = sa.select(Household.id).where(condition)  # type: ignore[arg-type]
    text = query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    plan = "\n".join(session.scalars(sa.text(f"EXPLAIN {text}".replace(":", "\\:"))))
    assert index in plan, plan
