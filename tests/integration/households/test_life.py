"""The life of households: births, deaths, moves, splits and joinings, with their border cases and what is promised to them."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.indicators import IndicatorEntry
from households.life.models import HouseholdChange
from households.life.operations import move_household, record_birth, record_death
from households.life.parting import join_households, split_household
from households.life.queries import life_of
from households.life.rules import Place
from households.models import Household, HouseholdEvent, Indicator, Member
from households.needs.models import Need
from households.needs.operations import hold_many
from households.operations import record_event, register_household, reopen_household, reveal, set_indicators
from households.queries import find_by_resident_id, get_household
from households.rules import MemberEntry
from kernel.audit import SYSTEM, AuditEntry
from kernel.clock import day_of
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotFound, OutsideScope
from tests.factories import COUNTY, NOW, OTHER_COUNTY, SIBLING_TOWNSHIP, TOWNSHIP, resident_id
from tests.factories_demand import a_head, a_household, make_household, make_need

WORKER: dict[str, Any] = {"actor": SYSTEM, "scope": (COUNTY,), "now": NOW}
OLD_WORKER = {**WORKER, "scope": (TOWNSHIP,)}
TODAY = day_of(NOW)
CHILD_ID = resident_id(born="20100303")


def a_family(session: Session) -> Household:
    return make_household(
        session,
        a_head(diagnosis="某种病"),
        MemberEntry("李秀英", "spouse", sex="female", born_on=date(1962, 5, 1)),
        MemberEntry("周小明", "child", resident_id=CHILD_ID),
        phone="13812345678",
    )


def ids(household: Household) -> dict[str, uuid.UUID]:
    return {member.name: member.id for member in household.members}


def relations(household: Household) -> dict[str, str]:
    return {member.name: member.relation for member in household.members}


def another_head() -> MemberEntry:
    return a_head(name="王大海", resident_id=resident_id(born="19700202"))


# ---- births and deaths --------------------------------------------------------------------------------------------------------------


def test_a_newborn_joins_without_a_number(session: Session) -> None:
    family = a_family(session)
    entry = MemberEntry("周新生", "grandchild", sex="female", born_on=TODAY)
    record_birth(session, household_id=family.id, entry=entry, **WORKER)
    assert relations(get_household(session, family.id, scope=(COUNTY,)))["周新生"] == "grandchild"
    (change,) = life_of(session, family.id, scope=(COUNTY,))
    assert (change.row.kind, change.row.happened_on, change.row.person_name) == ("born", TODAY, "周新生")


@pytest.mark.parametrize(
    "entry",
    [
        MemberEntry("周新生", "child", sex="female", born_on=TODAY + timedelta(days=1)),
        MemberEntry("周新生", "head", sex="female", born_on=TODAY),
        MemberEntry("", "child", sex="female", born_on=TODAY),
        MemberEntry("周新生", "child", born_on=TODAY),
    ],
)
def test_a_birth_that_cannot_be_is_refused(session: Session, entry: MemberEntry) -> None:
    with pytest.raises(InvalidFields):
        record_birth(session, household_id=a_family(session).id, entry=entry, **WORKER)


def test_a_member_dies_and_the_others_stay(session: Session) -> None:
    family = a_family(session)
    record_death(session, household_id=family.id, member_id=ids(family)["周小明"], died_on=TODAY, **WORKER)
    assert relations(get_household(session, family.id, scope=(COUNTY,))) == {"周建国": "head", "李秀英": "spouse"}
    assert find_by_resident_id(session, CHILD_ID, scope=(COUNTY,), today=TODAY) is None


def test_when_the_head_dies_another_is_named(session: Session) -> None:
    family = a_family(session)
    people = ids(family)
    dead: dict[str, Any] = {"household_id": family.id, "member_id": people["周建国"], "died_on": TODAY, **WORKER}
    with pytest.raises(InvalidInput, match="Name the head"):
        record_death(session, **dead)
    with pytest.raises(InvalidInput, match="would have 2"):
        record_death(session, **dead, relations={people["李秀英"]: "head", people["周小明"]: "head"})
    record_death(session, **dead, relations={people["李秀英"]: "head"}, was_earner=True)
    family = get_household(session, family.id, scope=(COUNTY,))
    assert relations(family) == {"李秀英": "head", "周小明": "child"}
    assert (family.head_name, family.pinyin, family.initials) == ("李秀英", "lixiuying", "lxy")
    assert [(event.kind, event.happened_on) for event in family.events] == [("death_of_earner", TODAY)]


def test_with_the_last_member_the_household_closes_and_opens_only_with_people(session: Session) -> None:
    household = make_household(session)
    need = make_need(session, household)
    record_death(session, household_id=household.id, member_id=household.members[0].id, died_on=TODAY, **WORKER)
    assert (household.status, need.status, household.members) == ("closed", "withdrawn", [])
    assert life_of(session, household.id, scope=(COUNTY,))[0].row.person_name == "周建国"
    with pytest.raises(Conflict, match="Nobody is left"):
        reopen_household(session, household_id=household.id, **WORKER)
    with pytest.raises(Conflict, match="closed"):
        record_birth(
            session, household_id=household.id, entry=MemberEntry("周", "child", sex="male", born_on=TODAY), **WORKER
        )


def test_the_last_member_with_help_under_way_is_named(session: Session) -> None:
    household = make_household(session)
    need = make_need(session, household)
    hold_many(session, [(need.id, 2)], NOW)
    with pytest.raises(Conflict) as refused:
        record_death(session, household_id=household.id, member_id=household.members[0].id, died_on=TODAY, **WORKER)
    assert str(need.number) in refused.value.text


@pytest.mark.parametrize("day", [None, TODAY + timedelta(days=1), date(1950, 1, 1)])
def test_a_day_of_death_that_cannot_be_is_refused(session: Session, day: date | None) -> None:
    family = a_family(session)
    with pytest.raises(InvalidInput) as refused:
        record_death(session, household_id=family.id, member_id=ids(family)["周小明"], died_on=day, **WORKER)
    assert refused.value.field == "died_on"


# ---- moves --------------------------------------------------------------------------------------------------------------------------


def moved(session: Session, household: Household, to: str = SIBLING_TOWNSHIP, **more: Any) -> Any:
    asked = {"place": Place(to, "新址 1 号"), "happened_on": TODAY, "in_rounds": {}, **OLD_WORKER, **more}
    return move_household(session, household_id=household.id, **asked)


def test_rights_follow_a_move_at_once_and_so_do_open_needs(session: Session) -> None:
    family = a_family(session)
    open_need, promised = make_need(session, family), make_need(session, family, category_code="quilt")
    hold_many(session, [(promised.id, 1)], NOW)
    done = moved(session, family)
    assert set(done.needs) == {open_need.number, promised.number}
    assert (done.promised, done.in_rounds) == ((promised.number,), {})
    session.expire_all()
    assert {need.region_code for need in session.scalars(sa.select(Need))} == {SIBLING_TOWNSHIP}
    with pytest.raises(NotFound):
        get_household(session, family.id, scope=(TOWNSHIP,))
    seen = get_household(session, family.id, scope=(SIBLING_TOWNSHIP,))
    assert seen.address == "新址 1 号"
    (change,) = life_of(session, family.id, scope=(SIBLING_TOWNSHIP,))
    assert (change.row.from_region, change.row.to_region) == (TOWNSHIP, SIBLING_TOWNSHIP)


def test_a_move_names_the_needs_of_a_round_under_way(session: Session) -> None:
    family = a_family(session)
    need = make_need(session, family)
    assert moved(session, family, in_rounds={need.id: 7}).in_rounds == {need.number: 7}


def test_a_move_out_of_the_county_takes_a_right_in_both(session: Session) -> None:
    family = a_family(session)
    away = session.scalar(
        sa.text("SELECT code FROM regions WHERE code LIKE '330381%' AND level = 4 ORDER BY code LIMIT 1")
    )
    with pytest.raises(OutsideScope, match="another county"):
        moved(session, family, away)
    moved(session, family, away, scope=(COUNTY, OTHER_COUNTY))
    assert family.region_code == away


@pytest.mark.parametrize("code", [COUNTY, "33032411", "330324999"])
def test_a_place_that_is_none_is_refused(session: Session, code: str) -> None:
    with pytest.raises((InvalidFields, NotFound)):
        moved(session, a_family(session), code)


# ---- splits -------------------------------------------------------------------------------------------------------------------------


def split(
    session: Session, family: Household, leaving: tuple[str, ...], said: dict[str, str], **more: Any
) -> Household:
    people = ids(family)
    asked: dict[str, Any] = {
        "leaving": [people[name] for name in leaving],
        "relations": {people[name]: relation for name, relation in said.items()},
        "place": Place(TOWNSHIP, "新屋"),
        "happened_on": TODAY,
        "in_rounds": {},
        **WORKER,
        **more,
    }
    return split_household(session, household_id=family.id, **asked)


def test_a_part_leaves_with_its_people_and_chosen_needs_and_the_past_stays(session: Session) -> None:
    family = a_family(session)
    set_indicators(
        session, household_id=family.id, entries=(IndicatorEntry("savings", 5, TODAY, "入户"),), **WORKER
    )  # fmt: skip
    along, stays = make_need(session, family), make_need(session, family, category_code="quilt")
    made = split(session, family, ("周小明",), {"周小明": "head"}, needs_along=[along.id])
    family = get_household(session, family.id, scope=(COUNTY,))
    assert relations(family) == {"周建国": "head", "李秀英": "spouse"}
    assert relations(made) == {"周小明": "head"}
    assert (made.head_name, made.pinyin, made.consented_at) == ("周小明", "zhouxiaoming", None)
    assert (along.household_id, stays.household_id) == (made.id, family.id)
    assert session.scalars(sa.select(Indicator.household_id)).all() == [family.id]
    # what was sealed to the member opens in the new household
    opened = reveal(session, household_id=made.id, purpose="核对身份", **WORKER)
    assert opened.members[0].resident_id == CHILD_ID
    assert [(view.row.kind, view.other_number) for view in life_of(session, made.id, scope=(COUNTY,))] == [
        ("split_from", family.number)
    ]
    assert life_of(session, family.id, scope=(COUNTY,))[0].row.other_id == made.id


def test_the_head_may_leave_when_both_parts_have_one(session: Session) -> None:
    family = a_family(session)
    with pytest.raises(InvalidInput) as refused:
        split(session, family, ("周建国",), {})
    assert refused.value.field == "relations_staying"
    made = split(session, family, ("周建国",), {"李秀英": "head"})
    assert relations(made) == {"周建国": "head"}
    assert get_household(session, family.id, scope=(COUNTY,)).head_name == "李秀英"


@pytest.mark.parametrize("leaving", [(), ("周建国", "李秀英", "周小明")])
def test_nobody_or_everybody_does_not_split(session: Session, leaving: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match="at least one member"):
        split(session, a_family(session), leaving, {"周小明": "head"})


def test_a_need_that_is_bound_stays_and_is_named(session: Session) -> None:
    family = a_family(session)
    promised, matched = make_need(session, family), make_need(session, family, category_code="quilt")
    hold_many(session, [(promised.id, 1)], NOW)
    for need, told in ((promised, "not delivered"), (matched, "match round no. 9")):
        with pytest.raises(Conflict) as refused:
            split(session, family, ("周小明",), {"周小明": "head"}, needs_along=[need.id], in_rounds={matched.id: 9})
        assert told in refused.value.text and str(need.number) in refused.value.text


# ---- joining ------------------------------------------------------------------------------------------------------------------------


def join(session: Session, family: Household, other: Household, said: dict[str, str], **more: Any) -> Household:
    people = ids(other)
    asked: dict[str, Any] = {"happened_on": TODAY, "in_rounds": {}, **WORKER, **more}
    return join_households(
        session,
        household_id=family.id,
        other_id=other.id,
        relations={people[name]: relation for name, relation in said.items()},
        **asked,
    )


def test_two_households_become_one_with_needs_and_events(session: Session) -> None:
    family, other = a_family(session), make_household(session, another_head(), region_code=SIBLING_TOWNSHIP)
    need = make_need(session, other)
    record_event(session, household_id=other.id, kind="fire", happened_on=TODAY, source="镇里", **WORKER)
    with pytest.raises(InvalidInput, match="would have 2"):
        join(session, family, other, {})
    joined = join(session, family, other, {"王大海": "sibling"})
    assert relations(joined)["王大海"] == "sibling" and len(joined.members) == 4
    assert (need.household_id, need.region_code) == (family.id, TOWNSHIP)
    assert session.scalars(sa.select(HouseholdEvent.household_id)).all() == [family.id]
    assert (other.status, other.members) == ("closed", [])
    kinds = set(session.scalars(sa.select(HouseholdChange.kind)))
    assert kinds == {"joined", "joined_into"}


def test_a_joining_waits_for_help_under_way(session: Session) -> None:
    family, other = a_family(session), make_household(session, another_head())
    need = make_need(session, other)
    with pytest.raises(Conflict, match="match round no. 3"):
        join(session, family, other, {"王大海": "sibling"}, in_rounds={need.id: 3})
    hold_many(session, [(need.id, 1)], NOW)
    with pytest.raises(Conflict, match="not delivered"):
        join(session, family, other, {"王大海": "sibling"})
    with pytest.raises(InvalidInput, match="another household"):
        join(session, family, family, {})


# ---- one person, one household ------------------------------------------------------------------------------------------------------


def test_a_person_of_two_households_is_refused_and_the_place_is_named_within_ones_regions(session: Session) -> None:
    family = a_family(session)
    entry = a_household(another_head(), MemberEntry("周小明", "child", resident_id=CHILD_ID))
    with pytest.raises(Conflict) as refused:
        register_household(session, entry=entry, **WORKER)
    assert refused.value.field == "members.1.resident_id"
    assert f"no. {family.number} (周建国)" in refused.value.text
    from_afar = a_household(*entry.members, region_code=SIBLING_TOWNSHIP)
    with pytest.raises(Conflict) as refused:
        register_household(session, entry=from_afar, **{**WORKER, "scope": (SIBLING_TOWNSHIP,)})
    assert "周建国" not in refused.value.text and str(family.number) not in refused.value.text


def test_one_member_and_twelve_members_live_the_same_life(session: Session) -> None:
    large = make_household(
        session,
        a_head(),
        *(MemberEntry(f"周{n}", "child", sex="male", born_on=date(1990 + n, 1, 1)) for n in range(11)),
    )
    assert len(large.members) == 12
    made = split(session, large, tuple(f"周{n}" for n in range(6)), {"周0": "head"})
    assert [member.position for member in made.members] == list(range(6))
    assert len(get_household(session, large.id, scope=(COUNTY,)).members) == 6
    alone = make_household(session, another_head())
    moved(session, alone)
    assert session.scalar(sa.select(sa.func.count()).select_from(Member)) == 13


def test_the_trail_says_what_happened_and_names_nobody(session: Session) -> None:
    family = a_family(session)
    record_death(session, household_id=family.id, member_id=ids(family)["周小明"], died_on=TODAY, **WORKER)
    session.commit()
    entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "household.died")).one()
    assert entry.detail == {"day": TODAY.isoformat()}


@pytest.mark.parametrize("statement", ["UPDATE household_changes SET kind = 'born'", "DELETE FROM household_changes"])
def test_the_record_of_a_life_is_append_only(session: Session, statement: str) -> None:
    moved(session, a_family(session))
    with pytest.raises(sa.exc.DBAPIError, match="append-only|permission denied"):
        session.execute(sa.text(statement))
