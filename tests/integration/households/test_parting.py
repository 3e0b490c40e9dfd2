"""Splits, joinings and accounts: what a household said no to, or has not said yes to, is not undone by who lives with whom."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.accounts import accounts_of, find_account, join_account, leave_account
from households.consents.operations import withdraw_consent
from households.history.operations import withdraw_value
from households.indicators import IndicatorEntry
from households.life.operations import move_household, record_birth, record_death
from households.life.rules import Place
from households.models import Household
from households.operations import change_household, set_indicators, set_opt_out
from households.plans.objections import object_to, take_back
from households.policy.operations import add_policy_set
from households.policy.packaged import demo_policy
from households.portrait.models import KeptPortrait
from households.queries import households_of
from households.rules import MemberEntry
from households.visits.models import CareVisit
from kernel.audit import AuditEntry
from kernel.errors import Conflict, NotFound
from tests import factories_plans as plans
from tests.factories import COUNTY, SIBLING_TOWNSHIP, TOWNSHIP, make_user, resident_id
from tests.factories_demand import a_head, a_household, make_household, make_need
from tests.integration.households.test_life import TODAY, WORKER, a_family, another_head, ids, join, moved, split


def an_other(session: Session, **values: Any) -> Household:
    return make_household(session, another_head(), **values)


# ---- objections, consent, opting out ------------------------------------------------------------------------------------------------


def test_a_household_with_an_open_objection_does_not_come_into_another(session: Session) -> None:  # promise 23
    family, other = a_family(session), an_other(session)
    need = make_need(session, other)
    objection = object_to(session, household_id=other.id, need_id=need.id, words="不要", **WORKER)
    with pytest.raises(Conflict, match="has an open objection; it is heard first"):
        join(session, family, other, {"王大海": "sibling"})
    take_back(session, objection_id=objection.id, **WORKER)
    join(session, family, other, {"王大海": "sibling"})
    assert need.household_id == family.id


def test_needs_without_consent_do_not_come_where_there_is_one(session: Session) -> None:  # promise 22
    family, other = a_family(session), an_other(session)
    need = make_need(session, other)
    withdraw_consent(session, household_id=other.id, **WORKER)
    with pytest.raises(Conflict, match="has not consented to matching") as refused:
        join(session, family, other, {"王大海": "sibling"})
    assert str(need.number) in refused.value.text and refused.value.field == "other"
    withdraw_consent(session, household_id=family.id, **WORKER)  # where no round sees the household either, they may
    join(session, family, other, {"王大海": "sibling"})
    assert need.household_id == family.id


def test_who_opted_out_stays_out_in_the_joined_household(session: Session) -> None:  # promise 23
    family, other = a_family(session), an_other(session)
    set_opt_out(session, household_id=other.id, opted_out=True, **WORKER)
    assert join(session, family, other, {"王大海": "sibling"}).opted_out


def test_a_need_that_is_objected_to_does_not_leave_in_a_split(session: Session) -> None:  # promise 23
    family = a_family(session)
    one, two = make_need(session, family), make_need(session, family, category_code="quilt")
    object_to(session, household_id=family.id, need_id=one.id, words="不要", **WORKER)
    with pytest.raises(Conflict, match="objects to need") as refused:
        split(session, family, ("周小明",), {"周小明": "head"}, needs_along=[one.id, two.id])
    assert str(one.number) in refused.value.text
    split(session, family, ("周小明",), {"周小明": "head"}, needs_along=[two.id])


# ---- accounts -----------------------------------------------------------------------------------------------------------------------


def an_account(session: Session, household: Household, login: str = "zhou") -> Any:
    user = make_user(session, login, ("household", TOWNSHIP))
    join_account(session, household_id=household.id, user_id=user.id, **WORKER)
    return user


def actions(session: Session) -> list[str]:
    session.commit()
    query = sa.select(AuditEntry.action).where(AuditEntry.action.like("household.account%")).order_by(AuditEntry.id)
    return list(session.scalars(query))


def test_an_account_is_joined_and_leaves_and_the_trail_says_so(session: Session) -> None:
    family = a_family(session)
    user = an_account(session, family)
    join_account(session, household_id=family.id, user_id=user.id, **WORKER)
    assert [one.login for one in accounts_of(session, family.id)] == ["zhou"]
    for _ in range(2):
        leave_account(session, household_id=family.id, user_id=user.id, **WORKER)
    assert households_of(session, user.id) == ()
    assert actions(session) == ["household.account_joined", "household.account_left"]
    with pytest.raises(NotFound):
        leave_account(session, household_id=family.id, user_id=user.id, **{**WORKER, "scope": (SIBLING_TOWNSHIP,)})


def test_only_a_household_account_of_the_place_is_found(session: Session) -> None:
    own = make_user(session, "zhou", ("household", TOWNSHIP))
    make_user(session, "afar", ("household", SIBLING_TOWNSHIP))
    make_user(session, "staff", ("worker", COUNTY))
    assert find_account(session, " zhou ", region_code=TOWNSHIP) == own.id
    for login in ("afar", "staff", "nobody", ""):
        with pytest.raises(NotFound, match="no household account"):
            find_account(session, login, region_code=TOWNSHIP)


def test_a_split_leaves_no_account_open(session: Session) -> None:  # promise 11
    family = a_family(session)
    user = an_account(session, family)
    made = split(session, family, ("周小明",), {"周小明": "head"})
    assert households_of(session, user.id) == () and accounts_of(session, made.id) == []
    assert actions(session) == ["household.account_joined", "household.account_left"]


def test_with_the_last_member_the_accounts_go_and_with_a_joining_they_come_along(session: Session) -> None:
    family, other = a_family(session), an_other(session)
    wang = an_account(session, other, "wang")
    join(session, family, other, {"王大海": "sibling"})
    assert family.id in households_of(session, wang.id)
    alone = make_household(session, a_head(name="李一", resident_id=resident_id(born="19510101")))
    user = an_account(session, alone, "li")
    record_death(session, household_id=alone.id, member_id=alone.members[0].id, died_on=TODAY, **WORKER)
    assert households_of(session, user.id) == ()


# ---- portrait and visits follow -----------------------------------------------------------------------------------------------------


def portrait(session: Session, household: Household) -> KeptPortrait:
    query = sa.select(KeptPortrait).where(
        KeptPortrait.household_id == household.id, KeptPortrait.superseded_at.is_(None)
    )
    return session.scalars(query).one()


def a_newborn() -> MemberEntry:
    return MemberEntry("周新生", "child", sex="female", born_on=TODAY)


def test_the_portrait_on_record_follows_births_deaths_splits_and_joinings(session: Session) -> None:
    plans.load_policy(session)
    family = plans.poor_household(session, a_head(), MemberEntry("周小明", "child", sex="male", born_on=TODAY))
    other = plans.poor_household(session, another_head())

    def members() -> int:
        return portrait(session, family).facts["members"]

    assert members() == 2
    record_birth(session, household_id=family.id, entry=a_newborn(), **WORKER)
    assert members() == 3
    record_death(session, household_id=family.id, member_id=ids(family)["周新生"], died_on=TODAY, **WORKER)
    assert members() == 2
    join(session, family, other, {"王大海": "sibling"})
    assert members() == 3
    split(session, family, ("王大海",), {"王大海": "head"})
    assert members() == 2


def test_a_value_taken_back_changes_the_portrait_on_record(session: Session) -> None:
    plans.load_policy(session)
    family = plans.poor_household(session)
    before = portrait(session, family).mark
    entry = IndicatorEntry("wages_year", 9_000_000, TODAY, "工资条")
    set_indicators(session, household_id=family.id, entries=(entry,), **WORKER)
    value_id = session.scalar(sa.text("SELECT id FROM indicator_values WHERE code = 'wages_year'"))
    assert portrait(session, family).mark != before
    withdraw_value(session, value_id=value_id, reason="弄错人", **WORKER)
    assert portrait(session, family).mark == before


def test_visits_and_portrait_follow_a_move_to_where_another_policy_holds(session: Session) -> None:
    plans.load_policy(session)
    visits = demo_policy()["visits"]
    nearer = {
        **demo_policy(), "id": "sibling-2027", "region": SIBLING_TOWNSHIP, "valid_from": TODAY.isoformat(),
        "visits": {**visits, "tiers": {tier: {"every_days": 7, "telephone_in_a_row": 0} for tier in visits["tiers"]}},
    }  # fmt: skip
    add_policy_set(session, document=nearer, **WORKER)
    family = plans.poor_household(session)

    def planned() -> int:
        query = sa.select(CareVisit.every_days).where(CareVisit.household_id == family.id)
        return session.scalars(query.where(CareVisit.status == "planned")).one()

    before = portrait(session, family).policy_set_id
    assert planned() == 60
    moved(session, family)
    assert planned() == 7 and portrait(session, family).policy_set_id != before


# ---- a move by the form -------------------------------------------------------------------------------------------------------------


def test_needs_go_to_the_new_point_in_a_changed_household_too(session: Session) -> None:
    family = make_household(session, lat=28.1, lon=120.6)
    home, elsewhere = make_need(session, family, lat=28.1, lon=120.6), make_need(session, family, lat=28.5, lon=120.9)
    before = a_household(MemberEntry("周建国", "head", id=family.members[0].id), region_code=SIBLING_TOWNSHIP)
    change_household(session, household_id=family.id, entry=before, version=family.version, **WORKER)
    session.expire_all()
    assert (home.region_code, home.lat, home.lon) == (SIBLING_TOWNSHIP, None, None)
    assert (elsewhere.region_code, elsewhere.lat) == (SIBLING_TOWNSHIP, 28.5)


def test_a_move_within_the_region_takes_the_point_along(session: Session) -> None:
    family = make_household(session, lat=28.1, lon=120.6)
    need = make_need(session, family, lat=28.1, lon=120.6)
    move_household(
        session, household_id=family.id, place=Place(TOWNSHIP, "新屋", 28.2, 120.7), happened_on=date(2027, 3, 1),
        in_rounds={}, **WORKER,
    )  # fmt: skip
    assert (need.lat, need.lon, family.lat) == (28.2, 120.7, 28.2)
