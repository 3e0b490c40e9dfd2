"""The pages of projects and shifts: a federation lists, everybody reads, a volunteer signs up."""

from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from donors.operations import let_act_for
from kernel.audit import SYSTEM
from kernel.clock import SHANGHAI
from tests import factories
from tests.browsing import PageClient
from tests.factories import COUNTY, NOW, TOWNSHIP
from tests.factories_supply import make_fund, make_volunteer

SOON = datetime.now(UTC).astimezone(SHANGHAI).replace(hour=9, minute=0) + timedelta(days=3)


def signed_in(app: Flask, sessions: sessionmaker[Session], role: str) -> PageClient:
    with sessions() as session:
        user = factories.make_user(session, role, (role, COUNTY))
        if role == "volunteer":
            donor = make_volunteer(session)
            let_act_for(session, donor_id=donor.id, user_id=user.id, actor=SYSTEM, now=NOW)
        session.commit()
    client = PageClient(app)
    assert client.sign_in(role).status_code == 303
    return client


PROJECT = {
    "name": "夕阳红陪伴行动", "summary": "每周探访独居老人。", "organiser": "永嘉县慈善总会", "region_code": COUNTY,
    "budget": "50000", "beneficiaries_wanted": "60", "starts_on": SOON.date().isoformat(),
    "ends_on": (SOON.date() + timedelta(days=60)).isoformat(), "categories": ["companionship_hours"],
}  # fmt: skip
SHIFT = {
    "title": "探访老人", "place": "岩坦镇文化礼堂", "region_code": TOWNSHIP, "capacity": "1",
    "starts_at": f"{SOON:%Y-%m-%dT%H:%M}", "ends_at": f"{SOON + timedelta(hours=2):%Y-%m-%dT%H:%M}",
}  # fmt: skip


def test_a_federation_lists_a_project_and_a_volunteer_takes_and_gives_back_the_place(
    app: Flask, app_sessions: sessionmaker[Session]
) -> None:
    federation, anybody = signed_in(app, app_sessions, "federation"), PageClient(app)
    assert "empty-state" in anybody.get("/projects").text
    on = "/federation/projects/new"
    wrong = federation.post(on, {"name": "x", "budget": "1e5"}, on=on)
    assert wrong.status_code == 422
    assert wrong.text.count('class="field-error"') == 7
    made = federation.post(on, PROJECT, on=on)
    assert made.status_code == 303
    home = made.location
    public = home.replace("/federation", "")
    assert anybody.get(public).status_code == 404
    on = f"{home}/shifts/new"
    backwards = federation.post(on, {**SHIFT, "ends_at": SHIFT["starts_at"]}, on=on)
    assert "结束时间早于开始时间" in backwards.text
    assert federation.post(on, SHIFT, on=on).status_code == 303
    assert federation.post(f"{home}/list", on=home).status_code == 303
    assert "夕阳红陪伴行动" in anybody.get("/projects?search=xiyang").text
    page = anybody.get(public).text
    assert f"{SOON.month}月{SOON.day}日 09:00" in page
    shift = "/shifts/" + page.split("/shifts/")[1].split('"')[0]
    assert "/sign-in" in anybody.get(shift).text

    volunteer = signed_in(app, app_sessions, "volunteer")
    assert shift in volunteer.get("/volunteering").text
    assert "报名成功" in volunteer.post(f"{shift}/sign-up", on=shift, follow_redirects=True).text
    assert "已满" in anybody.get(public).text
    assert "林小溪" in federation.get(f"/federation{shift}").text
    assert federation.get(shift).status_code == 200
    refused = federation.post(f"{home}/close", on=home, follow_redirects=True)
    assert "请先取消" in refused.text
    assert "已取消报名" in volunteer.post(f"{shift}/give-back", on=shift, follow_redirects=True).text
    assert federation.post(f"/federation{shift}/cancel", on=f"/federation{shift}").status_code == 303
    assert "该班次已取消" in anybody.get(shift).text
    assert "项目已关闭" in federation.post(f"{home}/close", on=home, follow_redirects=True).text


def test_a_fund_is_tied_on_the_projects_page(app: Flask, app_sessions: sessionmaker[Session]) -> None:
    with app_sessions.begin() as session:
        fund_id = make_fund(session, name="银龄守望基金").id
    federation = signed_in(app, app_sessions, "federation")
    made = federation.post("/federation/projects/new", PROJECT, on="/federation/projects/new").location
    assert federation.post(f"{made}/funds", {"fund_id": ""}, on=made).status_code == 422
    assert federation.post(f"{made}/funds", {"fund_id": str(fund_id)}, on=made).status_code == 303
    assert f"/funds/{fund_id}" in federation.get(made).text


def test_volunteers_and_strangers_do_not_reach_the_federations_pages(
    app: Flask, app_sessions: sessionmaker[Session]
) -> None:
    volunteer = signed_in(app, app_sessions, "volunteer")
    for path in ("/federation/projects", "/federation/projects/new"):
        assert volunteer.get(path).status_code == 403
        assert PageClient(app).get(path).status_code == 302
    assert volunteer.post("/shifts/00000000-0000-0000-0000-000000000000/sign-up", on="/").status_code == 404
