"""Signing in and out by the page, the language of pages, and errors that show a way on."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from kernel.accounts.models import User
from kernel.clock import utc_now
from marketplace.web.account import safe_target
from tests import factories
from tests.browsing import PageClient


@pytest.fixture
def person(app: Flask, app_sessions: sessionmaker[Session]) -> str:
    """The login of a coordinator."""
    with app_sessions() as session:
        factories.make_user(session, "li.na", ("coordinator", factories.COUNTY))
        session.commit()
    return "li.na"


@pytest.fixture
def browser(app: Flask) -> PageClient:
    """A fresh browser."""
    return PageClient(app)


def test_the_right_password_leads_to_where_one_wanted_to_go(browser: PageClient, person: str) -> None:
    reply = browser.sign_in(person, next="/rounds")
    assert (reply.status_code, reply.location) == (303, "/rounds")
    assert browser.get("/").status_code == 200


def test_a_wrong_password_says_what_to_do_and_keeps_the_login(browser: PageClient, person: str) -> None:
    reply = browser.sign_in(person, "not this one")
    assert reply.status_code == 401
    assert "登录名或密码不正确" in reply.text and f'value="{person}"' in reply.text
    assert "not this one" not in reply.text
    assert browser.sign_in("no.body", "not this one").text.count("登录名或密码不正确") == reply.text.count(
        "登录名或密码不正确"
    )


def test_a_miss_is_counted_although_the_page_is_refused(
    browser: PageClient, person: str, app_sessions: sessionmaker[Session]
) -> None:  # promise 13
    for _ in range(6):
        browser.sign_in(person, "not this one")
    with app_sessions() as session:
        user = session.query(User).filter_by(login=person).one()
        assert user.failed_logins >= 5 and user.locked_until is not None
        user.locked_until = utc_now() + timedelta(minutes=1)
        session.commit()
    assert browser.sign_in(person).status_code == 401


def test_an_empty_form_names_each_field(app: Flask) -> None:
    reply = PageClient(app, language="en").post("/sign-in")
    assert reply.status_code == 422
    assert "Enter your login" in reply.text and "Enter your password" in reply.text
    assert 'href="#login"' in reply.text and 'aria-invalid="true"' in reply.text


def test_signing_out_ends_the_session_here(browser: PageClient, person: str) -> None:
    browser.sign_in(person)
    assert browser.post("/sign-out", on="/").status_code == 303
    assert browser.get("/").location == "/public"


def test_a_link_leads_nobody_elsewhere(app: Flask) -> None:  # promise 13
    with app.test_request_context():
        for bad in ("https://example.org/", "//example.org", "/\\example.org", "example", "", None, "/a\r\nb"):
            assert safe_target(bad) == "/"
        assert safe_target("/rounds?status=open") == "/rounds?status=open"


def test_the_language_is_kept_in_the_session_and_with_the_account(
    browser: PageClient, person: str, app_sessions: sessionmaker[Session]
) -> None:
    assert 'lang="zh-Hans-CN"' in browser.get("/sign-in").text
    reply = browser.post("/language", {"locale": "en", "back": "/public"})
    assert (reply.status_code, reply.location) == (303, "/public")
    assert '<html lang="en"' in browser.get("/sign-in").text
    browser.sign_in(person)
    assert '<html lang="zh-Hans-CN"' in browser.get("/").text  # the account's own counts once signed in
    browser.post("/language", {"locale": "en"}, on="/")
    assert '<html lang="en"' in browser.get("/").text
    with app_sessions() as session:
        assert session.query(User).filter_by(login=person).one().locale == "en"


def test_an_unknown_language_is_refused_in_words(browser: PageClient, person: str) -> None:
    reply = browser.post("/language", {"locale": "xx"})
    assert reply.status_code == 422 and "请选择中文或英文" in reply.text


def test_a_page_that_is_not_there_shows_a_way_on(app: Flask) -> None:
    reply = PageClient(app, language="en").get("/no-such-page")
    assert reply.status_code == 404
    assert "There is nothing here" in reply.text and "/public" in reply.text and "Traceback" not in reply.text


def test_a_page_of_another_role_says_so(browser: PageClient, app: Flask, app_sessions: sessionmaker[Session]) -> None:
    with app_sessions() as session:
        factories.make_user(session, "wang.wu", ("household", factories.COUNTY))
        session.commit()
    browser.sign_in("wang.wu")
    reply = browser.get("/rounds")
    assert reply.status_code == 403 and "您无权查看此页" in reply.text


def test_the_menu_holds_only_what_one_may_open(
    app: Flask, app_sessions: sessionmaker[Session], person: str, make_browser: Callable[[str], PageClient]
) -> None:
    assert "匹配轮次" in make_browser("coordinator").get("/").text
    assert "匹配轮次</a>" not in make_browser("household").get("/").text


@pytest.fixture
def make_browser(app: Flask, app_sessions: sessionmaker[Session]) -> Callable[[str], PageClient]:
    """`make_browser(role)`: a browser in which somebody with that role is signed in."""

    def make(role: str) -> PageClient:
        with app_sessions() as session:
            factories.make_user(session, f"one.{role}", (role, factories.COUNTY))
            session.commit()
        browser = PageClient(app)
        assert browser.sign_in(f"one.{role}").status_code == 303
        return browser

    return make
