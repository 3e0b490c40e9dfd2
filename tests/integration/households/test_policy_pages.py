"""The administrator's pages of policy sets: in words, edited, previewed, published; and the portraits on a household's page."""

import copy
import io
import json
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from households.policy.models import PolicyDraft, PolicySet
from households.policy.operations import add_policy_set
from households.portrait.models import PortraitRenewal
from kernel.audit import AuditEntry
from kernel.clock import day_of, utc_now
from tests.factories import COUNTY, TOWNSHIP, make_user
from tests.factories_demand import make_household
from tests.integration.households.test_policies import ADMIN, document, values
from tests.integration.rounds_web.conftest import Browser, browser_of

assert browser_of
Open = Callable[..., Browser]
TODAY = day_of(utc_now())


@pytest.fixture
def county(app_sessions: sessionmaker[Session]) -> str:
    """A set in force and one household on its line; the household's page."""
    with app_sessions.begin() as session:
        make_user(session, "admin", ("administrator", COUNTY))
        make_user(session, "auditor", ("auditor", COUNTY))
        make_user(session, "worker", ("worker", TOWNSHIP))
        add_policy_set(session, document=document("county-2026", start="2026-01-01"), **ADMIN)
        household = make_household(session)
        values(session, household, transfers_year=1_500_001, supporters=1)
        return f"/households/{household.id}"


@pytest.fixture
def admin(county: str, browser_of: Open) -> Browser:  # noqa: F811
    return browser_of("admin")


def typed(page: str) -> dict[str, str]:
    """The form as the page gives it out."""
    return {
        name: value
        for name, value in re.findall(
            r'<input class="form-control[^"]*" id="p-[^"]*" name="([^"]+)" value="([^"]*)"', page
        )
    }


def test_a_set_is_read_in_words_changed_previewed_and_published(
    admin: Browser, county: str, app_sessions: sessionmaker[Session]
) -> None:
    assert "county-2026" in admin.get("/policies")
    words = admin.get("/policies/sets/county-2026")
    for text in ("¥15,000", "¥27,120", "Severely ill members at least 1", "Line of relative low income", "In force"):
        assert text in words
    path = "/policies/sets/county-2026/edit"
    fields = typed(admin.get(path))
    assert fields["figures.subsistence_line"] == "15000"
    assert fields["rules[0].points"] == "80"
    assert (fields["id"], fields["valid_from"], fields["valid_to"]) == ("county-2026-v2", TODAY.isoformat(), "")
    made = admin.post(path, page=path, **fields | {"figures.subsistence_line": "15000.01", "valid_from": "2099-01-01"})
    draft = made.headers["Location"]
    page = admin.get(draft)
    assert "1 household would change" in page
    assert "out of 1 with facts" in page
    assert "周**" in page
    assert "周建国" not in page
    assert county not in page  # an administrator reads no households
    assert "Edge of the subsistence allowance" in page
    assert "Subsistence allowance" in page
    version = page.split('name="version" value="')[1].split('"')[0]
    admin.post(f"{draft}/publish", page=draft, status=409, version="7")
    published = admin.post(f"{draft}/publish", page=draft, version=version).headers["Location"]
    assert "To come" in admin.get(published)
    assert "2098" in admin.get("/policies")  # the one before ends the day before
    with app_sessions() as session:
        row = session.scalar(sa.select(PolicySet).where(PolicySet.code == "county-2026-v2"))
        assert row.document["figures"]["subsistence_line"] == 1_500_001
        unchanged = document("county-2026-v2", start="2099-01-01", subsistence_line=1_500_001)
        assert row.document == unchanged
        assert session.scalar(sa.select(sa.func.count()).select_from(PolicyDraft)) == 0
        actions = set(session.scalars(sa.select(AuditEntry.action).where(AuditEntry.actor == "admin")))
        assert {"policy.drafted", "policy.added"} <= actions
        planned = session.scalars(
            sa.select(PortraitRenewal.planned_on).order_by(PortraitRenewal.planned_on.desc())
        ).first()
        assert planned.isoformat() == "2099-01-01"


def test_every_fault_stands_at_its_field_and_nothing_typed_is_lost(admin: Browser) -> None:
    path = "/policies/sets/county-2026/edit"
    fields = typed(admin.get(path))
    wrong = fields | {
        "figures.savings_limit": "much", "rules[3].points": "101", "rules[6].per.every": "9.99", "secondary_from": "40.5",
        "figures.edge_factor": "1e999999", "figures.employment_cost": "1e99999", "rules[6].all[0].at_least": "NaN",
        "id": "county-2026", "valid_from": "", "measures[0].tier": "9",
    }  # fmt: skip
    text = admin.client.post(path, data=admin.form(path, **wrong))
    assert text.status_code == 422
    page = text.text
    for place in (
        "figures.savings_limit",
        "rules[3].points",
        "rules[6].per.every",
        "secondary_from",
        "figures.edge_factor",
        "figures.employment_cost",
        "rules[6].all[0].at_least",
        "valid_from",
        "measures[0].tier",
    ):
        assert f'<code class="small">{place}</code>' in page, place
    for value in ("much", "101", "9.99", "40.5", "1e999999", "1e99999", "NaN"):
        assert f'value="{value}"' in page
    taken = admin.client.post(path, data=admin.form(path, **fields | {"id": "county-2026"}))
    assert taken.status_code == 409
    assert "id of its own" in taken.text


def test_a_document_is_uploaded_whole_or_every_fault_is_named(
    admin: Browser, app_sessions: sessionmaker[Session]
) -> None:
    def send(content: bytes, status: int) -> str:
        data = admin.form("/policies/upload", file=(io.BytesIO(content), "set.json"))
        reply = admin.client.post("/policies/upload", data=data, content_type="multipart/form-data")
        assert reply.status_code == status, reply.text[:3_000]
        return reply.headers["Location"] if status == 303 else reply.text

    faulty = copy.deepcopy(document("next", start="2099-01-01"))
    faulty["rules"][3]["all"][0]["fact"] = "roof"
    faulty["measures"][2]["category"] = "castles"
    assert "rules[3].all[0].fact" in send(json.dumps(faulty).encode(), 422)
    faulty["rules"][3]["all"][0]["fact"] = "debt"
    assert "castles" in send(json.dumps(faulty).encode(), 422)
    assert "no JSON text" in send(b"[1,", 422)
    assert "no JSON text" in send(b"\xff\xfe\x00", 422)
    draft = send(json.dumps(document("next", start="2099-01-01")).encode(), 303)
    back = json.loads(admin.client.get(f"{draft}/document.json").text)
    assert back == document("next", start="2099-01-01")
    edit = f"{draft}/edit"
    fields = typed(admin.get(edit))
    version = admin.get(edit).split('name="version" value="')[1].split('"')[0]
    admin.post(edit, page=edit, version=version, **fields | {"rules[0].points": "81"})
    admin.post(edit, page=edit, status=409, version=version, **fields)
    admin.post(f"{draft}/discard", page=draft)
    admin.get(draft, status=404)


def test_who_may_not_write_reads_and_no_more(county: str, browser_of: Open) -> None:  # noqa: F811  # promise 11
    auditor = browser_of("auditor")
    assert "Upload" not in auditor.get("/policies")
    assert "New version" not in auditor.get("/policies/sets/county-2026")
    assert json.loads(auditor.client.get("/policies/sets/county-2026/document.json").text)["id"] == "county-2026"
    for path in ("/policies/sets/county-2026/edit", "/policies/upload"):
        auditor.get(path, status=403)
    browser_of("worker").get("/policies", status=403)


def test_a_household_shows_its_portraits_and_each_explains_itself(
    county: str,
    browser_of: Open,
    app_sessions: sessionmaker[Session],  # noqa: F811
) -> None:
    worker = browser_of("worker", locale="zh_Hans_CN")
    page = worker.get(county)
    assert "历次画像" in page
    assert "未登记、按 0 计算的指标：" in page and "机动车数量为未登记（按 0 计算）" in page
    link = page.split(f'href="{county}/portraits/')[1].split('"')[0]
    kept = worker.get(f"{county}/portraits/{link}")
    assert "county-2026" in kept
    assert "¥15,000.01" in kept
    worker.get(f"{county}/portraits/{'0' * 8}-0000-7000-8000-{'0' * 12}", status=404)


def test_portraits_are_made_anew_when_an_administrator_asks(
    admin: Browser, app_sessions: sessionmaker[Session]
) -> None:
    for _ in range(2):
        admin.post("/policies/renew", page="/policies", region_code=COUNTY)
    admin.post("/policies/renew", page="/policies", status=403, region_code="330381")
    with app_sessions() as session:
        asked = session.scalars(sa.select(PortraitRenewal).where(PortraitRenewal.reason == "asked")).all()
        assert [one.status for one in asked] == ["waiting"]
    assert "Waiting" in admin.get("/policies")
