"""The pages of a household's history, life and pictures, without script, and the same over the API."""

import io
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from sqlalchemy.orm import Session, sessionmaker

from households.history.queries import history_of
from households.indicators import IndicatorEntry
from households.needs.operations import hold_many
from households.operations import set_indicators
from households.policy.operations import add_policy_set
from households.policy.packaged import demo_policy
from households.rules import MemberEntry
from kernel.audit import SYSTEM
from kernel.clock import day_of, utc_now
from kernel.database import new_id
from matching.rounds.models import MatchRound
from tests.factories import COUNTY, NOW, SIBLING_TOWNSHIP, TOWNSHIP, make_user
from tests.factories_demand import a_head, make_household, make_need
from tests.integration.rounds_web.conftest import Browser, browser_of

assert browser_of
Open = Callable[..., Browser]
TODAY = day_of(utc_now()).isoformat()


def picture(colour: str = "red") -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(body, "JPEG")
    return body.getvalue()


@pytest.fixture
def home(app_sessions: sessionmaker[Session]) -> dict[str, Any]:
    """A family of three in Yantan with two needs and some indicators; ids by name."""
    with app_sessions.begin() as session:
        make_user(session, "worker.li", ("worker", TOWNSHIP))
        make_user(session, "worker.wu", ("worker", SIBLING_TOWNSHIP))
        make_user(session, "auditor.he", ("auditor", COUNTY))
        add_policy_set(session, document=demo_policy(), actor=SYSTEM, scope=(COUNTY,), now=NOW)
        family = make_household(
            session,
            a_head(),
            MemberEntry("李秀英", "spouse", sex="female", born_on=day_of(NOW).replace(year=1962)),
            MemberEntry("周小明", "child", sex="male", born_on=day_of(NOW).replace(year=2004)),
        )
        entries = tuple(
            IndicatorEntry(code, value, day_of(utc_now()).replace(day=1), "入户", "visit")
            for code, value in (("wages_year", 3_600_000), ("medical_year", 500_000), ("employed", 1))
        )
        writing = {"actor": SYSTEM, "scope": (COUNTY,), "now": utc_now()}
        set_indicators(session, household_id=family.id, entries=entries, **writing)
        needs = [make_need(session, family), make_need(session, family, category_code="quilt")]
        return {
            "path": f"/households/{family.id}",
            "id": family.id,
            "people": {member.name: str(member.id) for member in family.members},
            "needs": [need.id for need in needs],
            "numbers": [need.number for need in needs],
            "number": family.number,
        }


def test_the_history_stands_on_the_page_and_a_correction_joins_it(home: dict[str, Any], browser_of: Open) -> None:  # noqa: F811
    worker = browser_of("worker.li")
    page = worker.get(home["path"])
    assert "¥36,000.00" in page and "Home visit" in page
    assert "1 in work × 12 months × 30 % of the minimum wage" in page
    assert "÷ Members" in page
    correct = re.search(r'href="([^"]+/correct)"', page)
    assert correct
    worker.post(correct[1], page=correct[1], status=422, value="viel", as_of=TODAY, source="x", evidence="bill")
    worker.post(correct[1], page=correct[1], status=422, value="-5", as_of=TODAY, source="x", evidence="bill")
    worker.post(correct[1], page=correct[1], value="2", as_of=TODAY, source="看错了", evidence="bill")
    page = worker.get(home["path"])
    assert "corrected" in page and "看错了" in page and "recorded by worker.li" in page
    worker.get(correct[1], status=404)
    again = re.findall(r'href="([^"]+/correct)"', page)
    worker.post(again[0], page=again[0], status=422, value="", as_of=TODAY, source="", evidence="none")
    worker.post(again[0], page=again[0], value="", as_of=TODAY, source="录错了户", evidence="none")
    assert "taken back" in worker.get(home["path"])


def test_a_birth_a_death_and_a_new_head(home: dict[str, Any], browser_of: Open) -> None:  # noqa: F811
    worker, path, people = browser_of("worker.li"), home["path"], home["people"]
    assert f"{path}/life/birth" in worker.get(f"{path}/life")
    birth, death = f"{path}/life/birth", f"{path}/life/death"
    wrong = worker.post(birth, page=birth, status=422, name="周新生", relation="child", sex="", born_on=TODAY)
    assert "周新生" in wrong.text
    worker.post(birth, page=birth, name="周新生", relation="grandchild", sex="female", born_on=TODAY)
    assert "Birth: 周新生" in worker.get(path)
    worker.post(death, page=death, status=422, member_id="", died_on=TODAY)
    headless = worker.post(death, page=death, status=422, member_id=people["周建国"], died_on=TODAY)
    assert "Name the head" in headless.text
    said = {f"relation-{people['李秀英']}": "head", f"relation-{people['周小明']}": "child"}
    worker.post(death, page=death, member_id=people["周建国"], died_on=TODAY, was_earner="y", **said)
    page = worker.get(path)
    assert "<h1>李秀英</h1>" in page and "Death: 周建国" in page


def a_round_under_way(session: Session, creator: uuid.UUID) -> int:
    made = MatchRound(
        id=new_id(), name="春季", region_code=COUNTY, status="frozen", creator_id=creator, created_at=utc_now(),
        frozen_at=NOW, pool_sha256="0" * 64,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made.number


def test_a_move_hands_the_household_over(
    home: dict[str, Any],
    browser_of: Open,
    app_sessions: sessionmaker[Session],  # noqa: F811
) -> None:
    old, new, path = browser_of("worker.li"), browser_of("worker.wu"), home["path"]
    with app_sessions.begin() as session:
        hold_many(session, [(home["needs"][0], 1)], NOW)
    new.get(path, status=404)
    move = f"{path}/life/move"
    old.post(move, page=move, status=422, region_code="火星", address="新址", happened_on=TODAY)
    reply = old.post(move, page=move, region_code=SIBLING_TOWNSHIP, address="新址 1 号", happened_on=TODAY)
    assert reply.headers["Location"] == "/households"
    listed = old.get("/households")
    assert "you do not any more" in listed and f"need no. {home['numbers'][0]} is promised" in listed
    old.get(path, status=404)
    assert "新址 1 号" in new.get(path)
    assert "周建国" in new.get("/needs") and "周建国" not in old.get("/needs")


def test_a_split_takes_free_needs_alone(
    home: dict[str, Any],
    browser_of: Open,
    app_sessions: sessionmaker[Session],  # noqa: F811
) -> None:
    worker, split, people = browser_of("worker.li"), f"{home['path']}/life/split", home["people"]
    place = {"region_code": TOWNSHIP, "address": "新屋", "happened_on": TODAY}
    son = {"leaving": people["周小明"], f"relation-{people['周小明']}": "head"}
    worker.post(split, page=split, status=422, **place)
    with app_sessions.begin() as session:
        number = a_round_under_way(session, make_user(session, "round.creator", ("coordinator", COUNTY)).id)
    assert f"match round no. {number} is not finished" in worker.get(split)
    bound = worker.post(split, page=split, status=409, needs_along=str(home["needs"][0]), **son, **place)
    assert f"match round no. {number}" in bound.text and "checked" in bound.text
    made = worker.post(split, page=split, **son, **place)
    assert "<h1>周小明</h1>" in worker.get(made.headers["Location"])
    assert "A part left" in worker.get(home["path"])


def test_a_joining_finds_the_other_first(
    home: dict[str, Any],
    browser_of: Open,
    app_sessions: sessionmaker[Session],  # noqa: F811
) -> None:
    worker, join = browser_of("worker.li"), f"{home['path']}/life/join"
    with app_sessions.begin() as session:
        other = make_household(
            session, MemberEntry("王大海", "head", sex="male", born_on=day_of(NOW).replace(year=1950))
        )
        wang, number = other.members[0].id, other.number
    worker.post(join, page=join, status=422, other="999999", happened_on=TODAY, more="1")
    found = worker.post(join, page=join, status=200, other=str(number), happened_on=TODAY, more="1")
    assert f"relation-{wang}" in found.text
    heads = worker.post(join, page=join, status=422, other=str(number), happened_on=TODAY)
    assert "exactly one member" in heads.text
    worker.post(join, page=join, other=str(number), happened_on=TODAY, **{f"relation-{wang}": "parent"})
    page = worker.get(home["path"])
    assert "王大海" in page and "Another household came in" in page


def test_a_picture_is_kept_opened_and_removed(home: dict[str, Any], browser_of: Open) -> None:  # noqa: F811  # promise 20
    worker, path = browser_of("worker.li"), f"{home['path']}/attachments"
    name = "张三身份证330324196001010007.jpg"

    def send(content: bytes, **more: str) -> Any:
        form = worker.form(path, subject="medical", proves="", note="发票", file=(io.BytesIO(content), name), **more)
        return worker.client.post(f"{path}/new", data=form, content_type="multipart/form-data")

    refused = send(b"MZ" + b"\0" * 60)
    assert refused.status_code == 422 and "program or an archive" in refused.text
    assert send(picture()).status_code == 303
    page = worker.get(path)
    assert "Medical paper" in page and "张三" not in page and "发票" not in page
    (key,) = set(re.findall(r'name="attachment" value="([0-9a-f-]{36})"', page))
    for step, field in (("open", "purpose"), ("remove", "reason")):
        typed = worker.post(f"{path}/{step}", page=path, status=422, attachment=key, **{field: "看看"})
        assert 'value="看看"' in typed.text  # nothing typed is lost
    for _ in range(2):
        shown = worker.post(f"{path}/open", page=path, status=200, attachment=key, purpose="核对医疗费用")
        assert shown.data.startswith(b"\xff\xd8\xff")
    heads = shown.headers
    assert heads["Content-Disposition"].startswith("attachment;") and name not in str(heads)
    assert heads["X-Content-Type-Options"] == "nosniff" and heads["Content-Type"] == "image/jpeg"
    assert heads["Content-Security-Policy"] == "default-src 'none'; sandbox" and heads["Cache-Control"] == "no-store"
    assert "核对医疗费用" in worker.get(home["path"])
    auditor = browser_of("auditor.he")
    assert "Add a picture" not in auditor.get(path)
    assert auditor.client.post(f"{path}/open", data=auditor.form(path, attachment=key)).status_code in (400, 403)
    worker.post(f"{path}/remove", page=path, status=422, attachment=key, reason="")
    worker.post(f"{path}/remove", page=path, attachment=key, reason="照错了人")
    worker.post(f"{path}/open", page=home["path"], status=404, attachment=key, purpose="核对医疗费用")
    browser_of("worker.wu").get(path, status=404)


@pytest.mark.parametrize("count", [1, 12])
def test_one_member_and_twelve_look_right(
    count: int,
    home: dict[str, Any],
    browser_of: Open,
    app_sessions: sessionmaker[Session],  # noqa: F811
) -> None:
    with app_sessions.begin() as session:
        others = [MemberEntry(f"王{n}", "child", sex="male", born_on=day_of(NOW)) for n in range(count - 1)]
        head = MemberEntry("王大海", "head", sex="male", born_on=day_of(NOW).replace(year=1950))
        family = make_household(session, head, *others)
    worker = browser_of("worker.li")
    page = worker.get(f"/households/{family.id}")
    assert page.count("<span>Child</span>") == count - 1
    death = worker.get(f"/households/{family.id}/life/death")
    assert ("This is the last member" in death) == (count == 1)


def test_the_same_over_the_api(home: dict[str, Any], api_as: Callable, app_sessions: sessionmaker[Session]) -> None:
    worker, path = api_as("worker", region=TOWNSHIP), home["path"]
    with app_sessions() as session:
        value = next(row for row in history_of(session, home["id"]) if row.code == "wages_year")
    entry = {"code": "wages_year", "value": "5", "as_of": TODAY, "source": "工资单", "evidence": "bank_record"}
    assert worker.put(f"{path}/indicators", {"indicators": [{**entry, "corrects": str(value.id)}]}).status_code == 200
    rows = worker.get(f"{path}/history").json["items"]
    latest = next(row for row in rows if row["corrects"] == str(value.id))
    assert latest["value"] == "5.00"
    assert worker.post(f"/households/history/{latest['id']}/withdraw", {"reason": "不对"}).status_code == 200
    assert worker.post(f"/households/history/{latest['id']}/withdraw", {"reason": "不对"}).status_code == 409
    people = home["people"]
    newborn = {"name": "周新生", "relation": "child", "sex": "female", "born_on": TODAY}
    assert worker.post(f"{path}/births", newborn).status_code == 201
    dead = {"member_id": people["周建国"], "died_on": TODAY}
    assert worker.post(f"{path}/deaths", dead).status_code == 422
    head = [{"member_id": people["李秀英"], "relation": "head"}]
    assert worker.post(f"{path}/deaths", {**dead, "relations": head}).status_code == 201
    son = {"leaving": [people["周小明"]], "relations": [{"member_id": people["周小明"], "relation": "head"}]}
    place = {"region_code": TOWNSHIP, "happened_on": TODAY}
    made = worker.post(f"{path}/splits", {**son, **place})
    assert made.status_code == 201, made.json
    joined = worker.post(
        f"{path}/joinings",
        {
            "other_id": made.json["id"],
            "happened_on": TODAY,
            "relations": [{**son["relations"][0], "relation": "child"}],
        },
    )
    assert joined.status_code == 201, joined.json
    file = {"subject": "house", "file": (io.BytesIO(picture()), "x.jpg")}
    kept = worker.post(f"{path}/attachments", data=file, content_type="multipart/form-data")
    assert kept.status_code == 201, kept.json
    key = kept.json["id"]
    assert [one["id"] for one in worker.get(f"{path}/attachments").json["items"]] == [key]
    assert worker.post(f"/attachments/{key}/open", {"purpose": "核对房屋"}).data.startswith(b"\xff\xd8\xff")
    assert worker.post(f"/attachments/{key}/remove", {"reason": "照错了人"}).status_code == 204
    moved = worker.post(f"{path}/moves", {"region_code": SIBLING_TOWNSHIP, "happened_on": TODAY})
    assert moved.status_code == 201 and set(moved.json["needs"]) == set(home["numbers"])
    assert worker.get(f"{path}/life").status_code == 404
    kinds = [one["kind"] for one in api_as("worker", region=SIBLING_TOWNSHIP).get(f"{path}/life").json["items"]]
    assert set(kinds) == {"moved", "joined", "split_off", "died", "born"}
