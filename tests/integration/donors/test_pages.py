"""The pages of donors, offerings and funds: what a clerk sees, types, and is told."""

from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from donors.funds.queries import balances_of
from donors.models import Donor
from donors.offerings.models import Offering
from donors.offerings.stock import hold
from donors.operations import let_act_for
from donors.queries import list_donors, masked_resident_id_of
from kernel import clock
from kernel.audit import SYSTEM
from tests import factories
from tests.browsing import PageClient
from tests.factories import COUNTY, NOW, OTHER_COUNTY, TOWNSHIP, resident_id
from tests.factories_supply import make_enterprise, make_fund, make_offering, make_volunteer, organisation_code

SCOPE = (COUNTY,)


def signed_in(app: Flask, sessions: sessionmaker[Session], role: str, *, language: str = "zh_Hans_CN") -> PageClient:
    with sessions() as session:
        user = factories.make_user(session, role.replace("_", "-"), (role, COUNTY))
        user.locale = language
        session.commit()
    client = PageClient(app)
    assert client.sign_in(role.replace("_", "-")).status_code == 303
    client.user_id = user.id  # type: ignore[attr-defined]
    return client


@pytest.mark.parametrize("path", ["/donors", "/offerings", "/funds"])
@pytest.mark.parametrize("language", ["zh_Hans_CN", "en"])
def test_an_empty_list_says_what_to_do_first(
    app: Flask, app_sessions: sessionmaker[Session], path: str, language: str
) -> None:
    page = signed_in(app, app_sessions, "federation", language=language).get(path)
    assert page.status_code == 200
    assert "empty-state" in page.text
    assert "/new" in page.text


def test_lists_find_by_pinyin_keep_their_filters_and_page_by_key(
    app: Flask, app_sessions: sessionmaker[Session]
) -> None:
    with app_sessions.begin() as session:
        for number in range(52):
            make_enterprise(session, name=f"楠溪公司{number}")
        make_enterprise(session, name="岩头社", kind="social_organisation")
        make_enterprise(session, name="瑞安公司", region_code=OTHER_COUNTY)
    browser = signed_in(app, app_sessions, "coordinator")
    found = browser.get("/donors?search=yantou").text
    assert "岩头社" in found
    assert "楠溪公司" not in found
    first = unescape(browser.get("/donors?kind=enterprise").text)
    assert "瑞安公司" not in first
    next_url = first.split('class="btn btn-secondary" href="')[-1].split('"')[0]
    assert "kind=enterprise" in next_url
    second = browser.get(next_url).text
    assert "楠溪公司0" in second
    assert "岩头社" not in second
    for strange in ("after=x", "after=99999999999999999999", "kind=bank", "search=%01", "status='"):
        assert browser.get(f"/donors?{strange}").status_code == 200
    for unwritable in ("search=%00", "skill=%00"):
        assert browser.get(f"/donors?{unwritable}").status_code == 422


def test_a_wrong_form_shows_every_fault_and_loses_nothing(app: Flask, app_sessions: sessionmaker[Session]) -> None:
    browser = signed_in(app, app_sessions, "federation")
    wrong = {"name": "林", "resident_id": resident_id()[:17] + "0", "reach": "far", "region_code": "", "phone": "12"}
    page = browser.post("/donors/new?kind=volunteer", wrong, on="/donors/new?kind=volunteer")
    assert page.status_code == 422
    for said in ("身份证号末位校验码不符", "公里数格式不对", "请填写此项", "电话号码位数"):
        assert said in page.text
    assert 'value="far"' in page.text
    assert 'value="林"' in page.text


def test_a_volunteer_is_registered_and_changed_without_typing_the_sealed_numbers_again(
    app: Flask, app_sessions: sessionmaker[Session]
) -> None:
    browser = signed_in(app, app_sessions, "federation")
    typed = {
        "name": "林小溪", "resident_id": resident_id(), "region_code": TOWNSHIP, "phone": "13800000002",
        "skills": ["nursing"], "reach": "8.5", "max_households": "3",
    }  # fmt: skip
    made = browser.post("/donors/new?kind=volunteer", typed, on="/donors/new?kind=volunteer")
    assert made.status_code == 303
    detail = browser.get(made.location).text
    assert resident_id() not in detail
    assert "8.5 公里" in detail
    edit = f"{made.location}/edit"
    form = browser.get(edit).text
    assert "13800000002" not in form
    version = form.split('name="version"')[1].split('value="')[1].split('"')[0]
    changed = {**typed, "name": "林大溪", "resident_id": "", "phone": "", "version": version}
    assert browser.post(edit, changed, on=edit).status_code == 303
    assert browser.post(edit, changed, on=edit).status_code == 422  # the form is old by now
    with app_sessions() as session:
        (donor,) = list_donors(session, scope=SCOPE).rows
        assert (donor.name, donor.reach_m, donor.skills) == ("林大溪", 8_500, ["nursing"])
        assert masked_resident_id_of(session, donor)


def test_a_duplicate_is_named_on_the_form(app: Flask, app_sessions: sessionmaker[Session]) -> None:
    code = organisation_code()
    with app_sessions.begin() as session:
        make_enterprise(session, uscc=code, name="楠溪江食品")
    browser = signed_in(app, app_sessions, "coordinator")
    on = "/donors/new?kind=enterprise"
    page = browser.post(on, {"name": "又一家", "uscc": code, "region_code": TOWNSHIP}, on=on)
    assert page.status_code == 422
    assert "已登记为第" in page.text


def test_suspending_needs_a_reason(app: Flask, app_sessions: sessionmaker[Session]) -> None:
    with app_sessions.begin() as session:
        donor_id = make_volunteer(session).id
    browser = signed_in(app, app_sessions, "coordinator")
    on = f"/donors/{donor_id}"
    assert browser.post(f"{on}/suspend", {"reason": ""}, on=on).status_code == 422
    assert browser.post(f"{on}/suspend", {"reason": "核查"}, on=on).status_code == 303
    with app_sessions() as session:
        assert session.get_one(Donor, donor_id).status == "suspended"


def test_an_enterprise_keeps_its_own_offerings_on_its_own_pages(
    app: Flask, app_sessions: sessionmaker[Session]
) -> None:
    browser = signed_in(app, app_sessions, "enterprise")
    with app_sessions.begin() as session:
        donor = make_enterprise(session)
        let_act_for(session, donor_id=donor.id, user_id=browser.user_id, actor=SYSTEM, now=NOW)  # type: ignore[attr-defined]
        foreign = make_offering(session, donor=make_enterprise(session)).id
    on = "/offerings/mine/new"
    typed = {"category_code": "rice", "title": "东北大米", "quantity": "20", "region_code": TOWNSHIP, "radius": "12"}
    wrong = browser.post(on, {**typed, "quantity": "-5"}, on=on)
    assert wrong.status_code == 422
    made = browser.post(on, typed, on=on)
    assert made.status_code == 303
    assert "东北大米" in browser.get("/offerings/mine").text
    assert browser.post(f"{made.location}/pause", on=made.location).status_code == 303
    assert browser.get(f"/offerings/{foreign}").status_code == 404
    assert browser.get("/offerings").status_code == 403
    assert browser.post(f"/offerings/{foreign}/withdraw", on=made.location).status_code == 404


def test_promised_units_keep_an_offering_from_being_withdrawn_and_the_page_says_so(
    app: Flask, app_sessions: sessionmaker[Session]
) -> None:
    with app_sessions.begin() as session:
        offering = make_offering(session)
        hold(session, offering_id=offering.id, quantity=4, reference="a", now=NOW)
    browser = signed_in(app, app_sessions, "coordinator")
    on = f"/offerings/{offering.id}"
    said = browser.post(f"{on}/withdraw", on=on, follow_redirects=True).text
    assert "仍有 4 个单位已承诺" in said
    with app_sessions() as session:
        assert session.get_one(Offering, offering.id).status == "open"


def test_a_donation_is_booked_once_although_the_button_is_pressed_twice(
    app: Flask, app_sessions: sessionmaker[Session]
) -> None:  # promises 2 and 6
    with app_sessions.begin() as session:
        fund_id, donor = make_fund(session).id, make_enterprise(session)
    browser = signed_in(app, app_sessions, "federation")
    on = f"/funds/{fund_id}"
    day = clock.day_of(clock.utc_now())
    typed = {
        "amount": "1,234.50", "received_on": day.isoformat(), "donor_number": str(donor.number), "form_key": "one-tap",
    }  # fmt: skip
    for _ in range(2):
        assert browser.post(f"{on}/donations", typed, on=on).status_code == 303
    with app_sessions() as session:
        assert balances_of(session, [fund_id])[fund_id].available_fen == 123_450
    assert "¥1,234.50" in browser.get(on).text
    late = {**typed, "received_on": (day + timedelta(days=1)).isoformat(), "amount": "-3", "form_key": "another"}
    refused = browser.post(f"{on}/donations", late, on=on)
    assert refused.status_code == 422
    assert "尚未到账" in refused.text
    assert "这不是以元为单位的金额" in refused.text


def test_money_is_not_shown_to_those_who_may_not_see_it(app: Flask, app_sessions: sessionmaker[Session]) -> None:
    with app_sessions.begin() as session:
        fund_id = make_fund(session).id
    browser = signed_in(app, app_sessions, "worker")
    for path in ("/funds", f"/funds/{fund_id}", "/funds/new"):
        assert browser.get(path).status_code == 403
