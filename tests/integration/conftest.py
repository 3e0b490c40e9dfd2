"""The application under test: Flask's own client against a real database, signed in as people with real roles."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session, sessionmaker

from kernel.accounts.operations import issue_token
from kernel.crypto import open_vault
from kernel.database import make_session_factory
from marketplace.app import Ground, create_app
from marketplace.config import Settings
from tests import factories
from tests.databases import Databases


def settings_for(database_url: str, home: Path) -> Settings:
    """Settings of a test installation."""
    return Settings(
        home=home, port=8000, host="127.0.0.1", database_url=database_url, database_owner_url=None, broker_url=None,
        production=False, solver_threads=1, web_workers=1,
    )  # fmt: skip


@pytest.fixture(scope="session")
def built_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application, made once: half a second of routes and schemas that no test changes."""
    return create_app(settings_for("postgresql+psycopg://nobody@127.0.0.1:1/none", tmp_path_factory.mktemp("home")))


@pytest.fixture
def app(built_app: Flask, database_url: str, databases: Databases, tmp_path: Path) -> Iterator[Flask]:
    """The application over the test's own database."""
    settings = settings_for(database_url, tmp_path)
    engine = databases.engine(database_url, pool_size=8)
    sessions = make_session_factory(engine, vault=open_vault(settings.keys_folder))
    built_app.extensions["zhongfu"] = Ground(settings, engine, sessions)
    yield built_app
    engine.dispose()


@pytest.fixture
def app_sessions(app: Flask) -> sessionmaker[Session]:
    """Sessions that carry the application's own vault."""
    return app.extensions["zhongfu"].sessions


class ApiClient:
    """A program with a token: JSON in, JSON out, an Idempotency-Key with each write unless told otherwise."""

    def __init__(self, client: FlaskClient, token: str | None) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def _write(
        self,
        method: str,
        path: str,
        json: object = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **options: object,
    ):  # type: ignore[no-untyped-def]
        extra = {**self.headers, "Idempotency-Key": key or uuid.uuid4().hex, **(headers or {})}
        if json is not None:
            options["json"] = json
        return self.client.open(f"/api/v1{path}", method=method, headers=extra, **options)  # type: ignore[arg-type]

    def get(self, path: str, **query: object):  # type: ignore[no-untyped-def]
        """GET with a query."""
        return self.client.get(f"/api/v1{path}", query_string=query, headers=self.headers)  # type: ignore[arg-type]

    def post(self, path: str, json: object = None, **options: object):  # type: ignore[no-untyped-def]
        """POST."""
        return self._write("POST", path, json, **options)  # type: ignore[arg-type]

    def put(self, path: str, json: object = None, **options: object):  # type: ignore[no-untyped-def]
        """PUT."""
        return self._write("PUT", path, json, **options)  # type: ignore[arg-type]

    def patch(self, path: str, json: object = None, **options: object):  # type: ignore[no-untyped-def]
        """PATCH."""
        return self._write("PATCH", path, json, **options)  # type: ignore[arg-type]

    def delete(self, path: str, **options: object):  # type: ignore[no-untyped-def]
        """DELETE."""
        return self._write("DELETE", path, **options)  # type: ignore[arg-type]


@pytest.fixture
def api_as(app: Flask, app_sessions: sessionmaker[Session]) -> Callable[..., ApiClient]:
    """`api_as("coordinator")` or `api_as("worker", region=TOWNSHIP)`: a client of a fresh account with that role; `api_as(None)` has none."""

    def make(role: str | None, *, region: str = factories.COUNTY, login: str | None = None) -> ApiClient:
        if role is None:
            return ApiClient(app.test_client(), None)
        with app_sessions() as session:
            user = factories.make_user(
                session, login or f"{role.replace('_', '-')}-{uuid.uuid4().hex[:6]}", (role, region)
            )
            token = issue_token(session, user_id=user.id, name="test", now=factories.NOW)
            session.commit()
        client = ApiClient(app.test_client(), token)
        client.user_id = user.id  # type: ignore[attr-defined]
        return client

    return make
