"""Registering, changing and closing households against the real database."""

import uuid
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from households.accounts import join_account
from households.consents.operations import give_consent, withdraw_consent
from households.consents.rules import Giving
from households.indicators import IndicatorEntry
from households.models import Household, Member
from households.needs.operations import hold_many
from households.operations import (
    change_household,
    close_household,
    register_household,
    reopen_household,
    reveal,
    set_indicators,
    set_opt_out,
)
from households.queries import (
    find_by_resident_id,
    get_household,
    households_of,
    list_households,
    masked_view,
    who_looked,
)
from households.rules import MemberEntry
from kernel.audit import SYSTEM, AuditEntry
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotFound, OutsideScope
from tests.factories import COUNTY, NOW, OTHER_COUNTY, SIBLING_TOWNSHIP, TOWNSHIP, make_user, resident_id
from tests.factories_demand import a_head, a_household, make_household, make_need

TODAY = date(2027, 3, 5)
ON_SCREEN = Giving("screen")
WORKER = {"actor": SYSTEM, "scope": (COUNTY,), "now": NOW}


def test_a_registered_household_reads_back_masked(session) -> None:  # promise 20
    child = MemberEntry("周小明", "child", sex="male", born_on=date(2018, 1, 2), in_school=True, diagnosis="哮喘")
    household = make_household(session, a_head(), child, phone="138 1234 5678", address="岩坦村1号")
    session.commit()
    view = masked_view(session, get_household(session, household.id, scope=(TOWNSHIP,)))
    assert view.row.head_name == "周建国"
    assert view.phone_masked == "+86138******78"
    assert view.members[0].resident_id_masked == resident_id()[:6] + "*" * 11 + resident_id()[-1]
    assert (view.members[1].resident_id_masked, view.members[1].has_diagnosis) == (None, True)
    assert view.row.number >= 1


def test_a_wrong_entry_leaves_nothing(session) -> None:
    with pytest.raises(InvalidFields):
        register_household(session, entry=a_household(a_head(resident_id="1")), **WORKER)
    assert session.scalar(sa.select(sa.func.count()).select_from(Household)) == 0


def test_registering_outside_the_own_regions_is_refused(session) -> None:
    with pytest.raises(OutsideScope):
        register_household(session, entry=a_household(), actor=SYSTEM, scope=(SIBLING_TOWNSHIP,), now=NOW)


def test_an_unknown_region_is_named(session) -> None:
    with pytest.raises(NotFound, match="330324999"):
        register_household(session, entry=a_household(region_code="330324999"), **WORKER)


def test_a_person_in_two_households_is_refused_without_telling_of_one_outside_ones_regions(session) -> None:
    first = make_household(session, a_head(name="张三丰"), address="白泉村9号")
    session.commit()
    spouse = MemberEntry("李四", "head", sex="female", born_on=date(1980, 1, 1))
    again = MemberEntry("周建国", "spouse", resident_id=resident_id())
    with pytest.raises(Conflict) as caught:
        register_household(
            session,
            entry=a_household(spouse, again, region_code=SIBLING_TOWNSHIP),
            **{**WORKER, "scope": (SIBLING_TOWNSHIP,)},
        )
    assert caught.value.field == "members.1.resident_id"
    for told in ("张三丰", "白泉", TOWNSHIP, str(first.number), str(first.id), resident_id()):
        assert told not in caught.value.text


def test_the_database_refuses_a_person_twice_even_past_the_check(sessions) -> None:
    with sessions() as one, sessions() as two:
        make_household(one)
        one.commit()
        # The second writer checked before the first committed: only the unique index is left.
        entry = Member(
            household_id=one.scalar(sa.select(Household.id)), position=1, name="x", relation="other", sex="male",
            born_on=TODAY, resident_id_sealed=b"x", resident_id_index=one.scalar(sa.select(Member.resident_id_index)),
        )  # fmt: skip
        two.add(entry)
        with pytest.raises(sa.exc.IntegrityError, match="uq_members_resident_id_index"):
            two.flush()


def test_a_change_keeps_what_is_not_said_and_swaps_the_head(session) -> None:
    household = make_household(
        session, a_head(), MemberEntry("王芳", "spouse", resident_id=resident_id(born="19620202")), phone="13812345678"
    )
    session.commit()
    old_head, spouse = household.members
    entry = a_household(
        MemberEntry("王芳", "head", id=spouse.id),
        MemberEntry("周建国", "spouse", id=old_head.id),
        MemberEntry("周小明", "child", sex="male", born_on=date(2018, 1, 2)),
        address="新村2号",
    )
    changed = change_household(session, household_id=household.id, entry=entry, version=household.version, **WORKER)
    session.commit()
    assert (changed.head_name, changed.pinyin, changed.address) == ("王芳", "wangfang", "新村2号")
    opened = reveal(session, household_id=household.id, purpose="核对身份", **WORKER)
    assert opened.phone == "+8613812345678"
    assert [member.resident_id for member in opened.members] == [resident_id(born="19620202"), resident_id(), None]


def test_a_member_replaced_by_another_entry_of_the_same_person_holds(session) -> None:
    household = make_household(session)
    session.commit()
    change_household(
        session,
        household_id=household.id,
        entry=a_household(a_head(name="周建业")),
        version=household.version,
        **WORKER,
    )
    assert household.head_name == "周建业"


def test_a_stale_change_is_refused(session) -> None:
    household = make_household(session)
    session.commit()
    with pytest.raises(Conflict, match="meanwhile"):
        change_household(
            session, household_id=household.id, entry=a_household(), version=household.version + 1, **WORKER
        )


def test_a_member_of_another_household_cannot_be_named(session) -> None:
    one = make_household(session)
    other = make_household(session, a_head(resident_id=resident_id(born="19700101")))
    entry = a_household(MemberEntry("x", "head", id=other.members[0].id))
    with pytest.raises(InvalidInput, match="not of this household"):
        change_household(session, household_id=one.id, entry=entry, version=one.version, **WORKER)


def test_open_needs_move_with_the_household(session) -> None:
    household = make_household(session)
    need = make_need(session, household)
    session.commit()
    entry = a_household(MemberEntry("周建国", "head", id=household.members[0].id), region_code=SIBLING_TOWNSHIP)
    change_household(session, household_id=household.id, entry=entry, version=household.version, **WORKER)
    session.refresh(need)
    assert need.region_code == SIBLING_TOWNSHIP


def test_indicators_are_set_one_by_one_and_keep_their_source(session) -> None:
    household = make_household(session)
    set_indicators(
        session,
        household_id=household.id,
        entries=(IndicatorEntry("wages_year", 900_000, TODAY, "入户核查"),),
        **WORKER,
    )
    set_indicators(
        session,
        household_id=household.id,
        entries=(
            IndicatorEntry("wages_year", 800_000, TODAY, "民政数据"),
            IndicatorEntry("housing_area", "62.5", TODAY, "入户核查"),
        ),
        **WORKER,
    )
    session.commit()
    rows = {row.code: (float(row.value), row.source) for row in household.indicators}
    assert rows == {"wages_year": (800_000.0, "民政数据"), "housing_area": (62.5, "入户核查")}


def test_consent_is_given_and_taken_back_and_stands_on_the_trail(session) -> None:  # promise 22
    household = make_household(session, consented=False)
    assert household.consented_at is None
    give_consent(session, household_id=household.id, purpose="match", giving=ON_SCREEN, **WORKER)
    assert household.consented_at == NOW
    later = {"actor": SYSTEM, "scope": (COUNTY,), "now": NOW + timedelta(days=1)}
    give_consent(session, household_id=household.id, purpose="match", giving=ON_SCREEN, **later)
    assert household.consented_at == NOW
    withdraw_consent(session, household_id=household.id, **WORKER)
    assert household.consented_at is None
    session.commit()
    actions = session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["household.registered", "household.consented", "household.consent_withdrawn"]


def test_opting_out_keeps_the_needs(session) -> None:  # promise 23
    household = make_household(session)
    need = make_need(session, household)
    set_opt_out(session, household_id=household.id, opted_out=True, **WORKER)
    assert (household.opted_out, need.status) == (True, "open")


def test_closing_withdraws_needs_and_waits_for_what_is_promised(session) -> None:
    household = make_household(session)
    need = make_need(session, household)
    hold_many(session, [(need.id, 4)], NOW)
    with pytest.raises(Conflict, match="promised"):
        close_household(session, household_id=household.id, reason="迁出", **WORKER)
    with pytest.raises(InvalidInput):
        close_household(session, household_id=household.id, reason=" ", **WORKER)
    other = make_household(session, a_head(resident_id=resident_id(born="19700101")))
    waiting = make_need(session, other)
    close_household(session, household_id=other.id, reason="迁出", **WORKER)
    assert (other.status, waiting.status) == ("closed", "withdrawn")
    with pytest.raises(Conflict, match="closed"):
        give_consent(session, household_id=other.id, purpose="match", giving=ON_SCREEN, **WORKER)
    assert reopen_household(session, household_id=other.id, **WORKER).status == "active"


def test_revealing_asks_a_purpose_and_shows_who_looked(session) -> None:  # promise 20
    household = make_household(session, a_head(diagnosis="高血压"), phone="13812345678")
    with pytest.raises(InvalidInput):
        reveal(session, household_id=household.id, purpose="", **WORKER)
    with pytest.raises(NotFound):
        reveal(session, household_id=household.id, purpose="核对身份", actor=SYSTEM, scope=(OTHER_COUNTY,), now=NOW)
    opened = reveal(session, household_id=household.id, purpose="核对身份", **WORKER)
    assert (opened.phone, opened.members[0].resident_id) == ("+8613812345678", resident_id())
    assert opened.members[0].diagnosis == "高血压"
    session.commit()
    [look] = who_looked(session, household.id)
    assert (look.actor, look.purpose, look.at) == ("system", "核对身份", NOW)


def test_a_household_is_found_by_number_name_pinyin_and_person_within_scope(session) -> None:  # promise 11
    household = make_household(session)
    make_household(session, a_head(name="李强", resident_id=resident_id(born="19700101")), region_code=SIBLING_TOWNSHIP)
    for text in ("建国", "zhoujian", "zjg", str(household.number)):
        assert [row.id for row in list_households(session, scope=(COUNTY,), text=text).rows] == [household.id], text
    assert list_households(session, scope=(SIBLING_TOWNSHIP,), text="建国").rows == []
    assert list_households(session, scope=()).rows == []
    assert find_by_resident_id(session, resident_id(), scope=(COUNTY,), today=TODAY).id == household.id
    assert find_by_resident_id(session, resident_id(), scope=(SIBLING_TOWNSHIP,), today=TODAY) is None
    with pytest.raises(NotFound):
        get_household(session, household.id, scope=(SIBLING_TOWNSHIP,))


def test_lists_filter_and_page_by_key(session) -> None:
    for day in range(1, 8):
        make_household(
            session,
            a_head(resident_id=resident_id(born=f"196001{day:02d}")),
            main_type="care" if day % 2 else "emergency",
            consented=day > 2,
        )
    page = list_households(session, scope=(COUNTY,), limit=3)
    more = list_households(session, scope=(COUNTY,), limit=3, after=page.next_after)
    last = list_households(session, scope=(COUNTY,), limit=3, after=more.next_after)
    assert [len(one.rows) for one in (page, more, last)] == [3, 3, 1]
    assert last.next_after is None
    assert len({row.id for one in (page, more, last) for row in one.rows}) == 7
    assert len(list_households(session, scope=(COUNTY,), main_type="care").rows) == 4
    assert len(list_households(session, scope=(COUNTY,), consented=False).rows) == 2
    with pytest.raises(InvalidInput):
        list_households(session, scope=(COUNTY,), after="1; drop")


def test_an_account_is_joined_to_its_household(session) -> None:
    household = make_household(session)
    user = make_user(session, "zhou", ("household", TOWNSHIP))
    for _ in range(2):
        join_account(session, household_id=household.id, user_id=user.id, **WORKER)
    assert households_of(session, user.id) == (household.id,)
    assert households_of(session, uuid.uuid4()) == ()


def test_a_new_phone_replaces_and_an_empty_one_removes(session) -> None:
    household = make_household(session, phone="13812345678")
    member = MemberEntry("周建国", "head", id=household.members[0].id)
    for phone, expected in (("13900001111", "+8613900001111"), (None, "+8613900001111"), ("", None)):
        change_household(
            session,
            household_id=household.id,
            entry=replace(a_household(member), phone=phone),
            version=household.version,
            **WORKER,
        )
        assert reveal(session, household_id=household.id, purpose="核对身份", **WORKER).phone == expected
