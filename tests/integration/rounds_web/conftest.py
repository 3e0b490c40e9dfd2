"""Browsers without a browser: signed-in clients that send forms as the pages give them out."""

import html
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask import session as cookie
from flask.testing import FlaskClient
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from kernel.accounts.models import User
from marketplace.security.sessions import begin_session
from tests import factories

_HIDDEN = re.compile(r'name="(csrf_token|form_key)" value="([^"]+)"')


class Browser:
    """One signed-in person. `post` first reads the page that holds the form, for its token and its one-time key."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, status: int = 200) -> str:
        """The page's text."""
        response = self.client.get(path)
        assert response.status_code == status, response.text[:2_000]
        return html.unescape(response.text)

    def form(self, page: str, **fields: object) -> dict[str, object]:
        """The fields with the hidden values of the page."""
        hidden = dict(_HIDDEN.findall(self.client.get(page).text))
        return {**hidden, **fields}

    def post(self, path: str, *, page: str, status: int = 303, **fields: object) -> TestResponse:
        """Sends a form that stands on `page`."""
        response = self.client.post(path, data=self.form(page, **fields))
        assert response.status_code == status, html.unescape(response.text)[:3_000]
        return response


@pytest.fixture
def browser_of(app: Flask, app_sessions: sessionmaker[Session]) -> Callable[[str], Browser]:
    """`browser_of("round.creator")`: a browser in which that login is signed in; English unless told otherwise."""

    def sign_in(login: str, *, locale: str = "en") -> Browser:
        client = app.test_client()
        with app_sessions() as session:
            user = session.query(User).filter_by(login=login).one()
            user.locale = locale
            session.commit()
            with app.test_request_context():
                begin_session(user)
                content = dict(cookie)
        with client.session_transaction() as kept:
            kept.update(content)
            kept.permanent = True
        return Browser(client)

    return sign_in


@pytest.fixture
def worker_login(app_sessions: sessionmaker[Session]) -> str:
    """A township worker of the township where the pool's first households live."""
    with app_sessions() as session:
        factories.make_user(session, "round.worker", ("worker", factories.TOWNSHIP))
        session.commit()
    return "round.worker"
