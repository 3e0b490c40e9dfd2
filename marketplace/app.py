"""The application: one factory, one transaction per request, closed unless a view says who may enter."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.exceptions import NotFound as NoSuchAddress

from kernel.crypto import open_vault
from kernel.database import make_engine, make_session_factory
from marketplace import errors, i18n, models
from marketplace.api import base as api_base
from marketplace.config import Settings
from marketplace.security import headers, once, sessions
from marketplace.security.access import enforce
from marketplace.security.rate_limits import PostgresStorage
from marketplace.serving import static_files
from marketplace.web import base as web_base

assert models.MODULES  # importing them lets foreign keys find their tables


@dataclass(frozen=True)
class Ground:
    """What the application stands on; lives in ``app.extensions["zhongfu"]``."""

    settings: Settings
    engine: sa.Engine
    sessions: sessionmaker[Session]


class Zhongfu(Flask):
    """A Flask whose requests are transactions: the reply is made, then committed, then sent."""

    def dispatch_request(self) -> ResponseReturnValue:  # type: ignore[override]
        """Checks the access rule, answers a repeated write with its kept reply, else runs the view and commits."""
        if request.routing_exception is not None:
            self.raise_routing_exception(request)
        endpoint = request.endpoint
        if endpoint is None:
            raise NoSuchAddress()
        if endpoint == "static" or endpoint.startswith(
            "api-docs"
        ):  # files, and the public OpenAPI document of the library
            return super().dispatch_request()
        view = self.view_functions[endpoint]
        enforce(view, request.method)
        response = once.replay_if_known()
        if response is None:
            response = self.make_response(super().dispatch_request())
            if "session" in g and response.status_code < 400:
                once.keep_reply(response)
                g.session.commit()
        return response

    def send_static_file(self, filename: str) -> Response:
        """Compressed where the browser takes it, and kept long where the address carries the content's mark."""
        return static_files.reply_with(self.static_folder or "", filename)


def create_app(settings: Settings, *, testing: bool = False) -> Flask:
    """The WSGI application over the database that `settings` names. Raises RuntimeError when none is named."""
    if settings.database_url is None:
        raise RuntimeError(
            "No DATABASE_URL: start with `zhongfu serve`, which brings its own database, or name a server"
        )
    app = Zhongfu(__name__.split(".")[0])
    app.config.update(
        SECRET_KEY=settings.secret_key,
        TESTING=testing,
        MAX_CONTENT_LENGTH=20 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        SESSION_COOKIE_NAME="zhongfu",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.production,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_SSL_STRICT=settings.production,
        RATELIMIT_HEADERS_ENABLED=False,
    )
    engine = make_engine(settings.database_url)
    factory = make_session_factory(engine, vault=open_vault(settings.keys_folder))
    app.extensions["zhongfu"] = Ground(settings, engine, factory)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]

    i18n.register(app)
    _register_limits(app)
    sessions.register(app)
    _register_csrf(app)
    headers.register(app)
    static_files.register(app)
    once.register(app)
    errors.register(app)
    web_base.register(app)
    api_base.register(app)

    @app.teardown_request
    def close_session(error: BaseException | None) -> None:
        session = g.pop("session", None)
        if session is not None:
            session.rollback()
            session.close()

    return app


def _register_csrf(app: Flask) -> None:
    """Forms and cookie-borne API calls need the token; a program with a bearer token has no cookie to abuse."""
    protection = CSRFProtect(app)

    @app.before_request
    def check_token() -> None:
        by_cookie = not g.get("by_token") and (g.get("person") is not None or not request.path.startswith("/api/"))
        if request.method in ("POST", "PUT", "PATCH", "DELETE") and by_cookie and request.endpoint:
            protection.protect()


def _register_limits(app: Flask) -> None:
    """Per address: sign-in is slowed, the rest is bounded far above what a person does."""
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri=f"{PostgresStorage.STORAGE_SCHEME[0]}://",
        storage_options={"engine": lambda: app.extensions["zhongfu"].engine},
        strategy="fixed-window",
    )
    app.extensions["zhongfu_limiter"] = limiter
