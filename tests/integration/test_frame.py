"""The application's frame: closed unless opened, one transaction per request, errors as documents, writes that act once."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from kernel.accounts.models import ApiToken, User
from kernel.accounts.operations import FREE_ATTEMPTS, WrongLogin, end_sessions, sign_in
from kernel.audit import SYSTEM
from kernel.database import make_session_factory
from marketplace.security.access import PUBLIC, rule_of
from marketplace.security.permissions import PERMISSIONS
from tests import factories

ANYBODY = {"static", "api-docs.openapi_json"}


def test_every_route_names_its_permission_or_is_public(app: Flask) -> None:  # promise 11
    unruled = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint in ANYBODY:
            continue
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            found = rule_of(app.view_functions[rule.endpoint], method)
            if found != PUBLIC and found not in PERMISSIONS:
                unruled.append((method, rule.rule, found))
    assert unruled == []


def test_the_health_page_tells_the_schema(app: Flask) -> None:
    reply = app.test_client().get("/healthz")
    assert reply.status_code == 200 and reply.json["status"] == "ok"


def test_the_openapi_document_is_public_and_of_version_3_1(app: Flask) -> None:
    document = app.test_client().get("/api/v1/openapi.json").json
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/session/tokens" in document["paths"]


def test_a_token_is_had_for_the_right_password_only(app: Flask, app_sessions: sessionmaker[Session]) -> None:
    with app_sessions() as session:
        factories.make_user(session, "li.na", ("coordinator", factories.COUNTY))
        session.commit()
    client = app.test_client()
    wrong = client.post("/api/v1/session/tokens", json={"login": "li.na", "password": "not this one"})
    nobody = client.post("/api/v1/session/tokens", json={"login": "no.body", "password": "not this one"})
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.json == nobody.json  # promise 13: the reply does not tell whether the login exists
    right = client.post("/api/v1/session/tokens", json={"login": "li.na", "password": factories.PASSWORD})
    assert right.status_code == 201
    who = client.get("/api/v1/session", headers={"Authorization": f"Bearer {right.json['token']}"})
    assert who.json["login"] == "li.na" and who.json["grants"] == [
        {"role": "coordinator", "region_code": factories.COUNTY}
    ]
    with app_sessions() as session:
        digest = hashlib.sha256(right.json["token"].encode()).digest()
        assert session.scalar(sa.select(sa.func.count()).select_from(ApiToken).where(ApiToken.digest == digest)) == 1


def test_an_account_rests_after_several_misses_longer_and_longer(session: Session) -> None:  # promise 13
    factories.make_user(session, "li.na", ("coordinator", factories.COUNTY))
    now, rests = factories.NOW, []
    for miss in range(8):
        with pytest.raises(WrongLogin):
            sign_in(session, login="li.na", password="wrong wrong", now=now)
        locked = session.scalar(sa.select(User.locked_until).where(User.login == "li.na"))
        if miss >= FREE_ATTEMPTS - 1:
            rests.append((locked - now).total_seconds())
            with pytest.raises(WrongLogin):  # the right password does not help before the rest is over
                sign_in(session, login="li.na", password=factories.PASSWORD, now=locked - timedelta(milliseconds=1))
            now = locked
        else:
            assert locked is None
    assert rests == [1, 2, 4, 8]
    assert sign_in(session, login="li.na", password=factories.PASSWORD, now=now).failed_logins == 0


def test_without_a_token_the_api_asks_for_one(api_as: Callable) -> None:
    reply = api_as(None).get("/session")
    assert (
        reply.status_code == 401
        and reply.headers["WWW-Authenticate"] == "Bearer"
        and reply.json["code"] == "sign_in_needed"
    )


def test_an_unknown_address_and_a_wrong_method_are_named(api_as: Callable) -> None:
    assert api_as("coordinator").get("/nothing").status_code == 404
    wrong = api_as("coordinator").post("/session", {})
    assert wrong.status_code == 405 and "GET" in wrong.headers["Allow"]


def test_bad_json_is_named_by_field(app: Flask) -> None:
    reply = app.test_client().post("/api/v1/session/tokens", json={"login": 5, "surprise": 1})
    assert reply.status_code == 422
    assert {fault["field"] for fault in reply.json["faults"]} == {"login", "password", "surprise"}


def test_ended_sessions_stop_at_the_next_request(app: Flask, app_sessions: sessionmaker[Session]) -> None:  # promise 13
    with app_sessions() as session:
        user = factories.make_user(session, "li.na", ("coordinator", factories.COUNTY))
        session.commit()
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie.update(user=str(user.id), epoch=user.session_epoch, since=2_000_000_000)
    assert client.get("/api/v1/session").status_code == 200
    with app_sessions() as session:
        end_sessions(session, user_id=user.id, actor=SYSTEM, now=factories.NOW)
        session.commit()
    assert client.get("/api/v1/session").status_code == 401


def test_a_write_by_cookie_needs_the_form_token(app: Flask, app_sessions: sessionmaker[Session]) -> None:
    with app_sessions() as session:
        user = factories.make_user(session, "li.na", ("coordinator", factories.COUNTY))
        session.commit()
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie.update(user=str(user.id), epoch=user.session_epoch, since=2_000_000_000)
    reply = client.delete("/api/v1/session/tokens/00000000-0000-0000-0000-000000000000")
    assert reply.status_code == 400 and reply.json["code"] == "csrf"


def test_every_reply_forbids_foreign_and_inline_content(app: Flask) -> None:
    reply = app.test_client().get("/healthz")
    assert (
        "default-src 'self'" in reply.headers["Content-Security-Policy"]
        and "unsafe" not in reply.headers["Content-Security-Policy"]
    )
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_where_every_connection_is_in_use_people_are_told_to_try_again(app: Flask, database_url: str) -> None:
    ground = app.extensions["zhongfu"]
    narrow = sa.create_engine(database_url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    try:
        app.extensions["zhongfu"] = replace(ground, engine=narrow, sessions=make_session_factory(narrow))
        with narrow.connect():
            reply = app.test_client().get("/api/v1/needs", headers={"Authorization": "Bearer zf_none"})
        assert (reply.status_code, reply.json["code"]) == (503, "unavailable")
        assert reply.headers["Retry-After"]
    finally:
        narrow.dispose()
