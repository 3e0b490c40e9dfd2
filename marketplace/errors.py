"""Errors of the domain and of HTTP turned into replies, in one place: JSON for the API, a page for people."""

import logging
import secrets
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from kernel.accounts.operations import WrongLogin
from kernel.database import constraint_of
from kernel.errors import Conflict, DomainError, InvalidFields, InvalidInput, NotAllowed, NotFound
from marketplace.security.access import SignInNeeded
from marketplace.security.throttle import TooManyTries

logger = logging.getLogger(__name__)

STATUSES: tuple[tuple[type[DomainError], int], ...] = (
    (SignInNeeded, 401),
    (WrongLogin, 401),
    (TooManyTries, 429),
    (NotAllowed, 403),
    (NotFound, 404),
    (Conflict, 409),
    (InvalidFields, 422),
    (InvalidInput, 422),
)


def status_of(error: DomainError) -> int:
    """The HTTP status of a domain error; 422 where no kind says otherwise."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 422)


def translated(error: DomainError) -> str:
    """The error's sentence in the reader's language."""
    return gettext(error.message, **error.values) if error.values else gettext(error.message)


def as_document(error: DomainError) -> dict[str, Any]:
    """The JSON form: code, message, field, and every fault where there are several."""
    faults = (
        [{"field": fault.field, "message": translated(fault)} for fault in error.faults]
        if isinstance(error, InvalidFields)
        else []
    )
    return {"code": error.code, "message": translated(error), "field": error.field, "faults": faults}


def _wants_json() -> bool:
    return request.path.startswith("/api/") or request.path == "/healthz"


def _reply(status: int, code: str, message: str, *, document: dict[str, Any] | None = None) -> Response:
    if _wants_json():
        response = jsonify(document or {"code": code, "message": message, "field": None, "faults": []})
    else:
        response = Response(
            render_template("errors/error.html", status=status, message=message),
            content_type="text/html; charset=utf-8",
        )
    response.status_code = status
    return response


def register(app: Flask) -> None:
    """Registers the handlers."""

    @app.errorhandler(SignInNeeded)
    def sign_in(error: SignInNeeded) -> Response:
        if _wants_json():
            reply = _reply(401, error.code, translated(error), document=as_document(error))
            reply.headers["WWW-Authenticate"] = "Bearer"
            return reply
        target = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("account.sign_in", next=target))  # type: ignore[return-value]

    @app.errorhandler(DomainError)
    def refuse(error: DomainError) -> Response:
        return _reply(status_of(error), error.code, translated(error), document=as_document(error))

    @app.errorhandler(StaleDataError)
    def stale(error: StaleDataError) -> Response:
        message = gettext("Somebody else changed this meanwhile; open it again and repeat your change")
        return _reply(409, "changed_meanwhile", message)

    @app.errorhandler(sa.exc.IntegrityError)
    def integrity(error: sa.exc.IntegrityError) -> Response:
        # Operations name the constraints they expect; one that arrives here is a rule the database alone held.
        name = constraint_of(error) or "unknown"
        logger.warning("refused by the database constraint %s", name)
        return _reply(
            409,
            "conflict",
            gettext("The database refused this (rule %(name)s); reload the page and check the values", name=name),
        )

    @app.errorhandler(sa.exc.DataError)
    def unstorable(error: sa.exc.DataError) -> Response:
        # What a view forgot to check: a NUL in a text, a number beyond the column. The values are not logged.
        logger.warning("a value that the database cannot hold at %s: %s", request.endpoint, type(error.orig).__name__)
        return _reply(
            422, "invalid", gettext("A value holds characters or a size that cannot be kept; check what you typed")
        )

    @app.errorhandler(sa.exc.TimeoutError)  # every connection of the process was in use for half a minute
    @app.errorhandler(sa.exc.OperationalError)
    def database_busy(error: sa.exc.SQLAlchemyError) -> Response:
        logger.error("database not reached or busy: %s", type(getattr(error, "orig", None) or error).__name__)
        reply = _reply(
            503,
            "unavailable",
            gettext("The database does not answer at the moment; nothing was changed, try again in a minute"),
        )
        reply.headers["Retry-After"] = "10"
        return reply

    @app.errorhandler(CSRFError)
    def csrf(error: CSRFError) -> Response:
        if _wants_json():
            return _reply(400, "csrf", gettext("The request carries no valid form token"))
        flash(gettext("The page was open too long; what you typed is still here, send it again"), "warning")
        return _reply(400, "csrf", gettext("The page was open too long. Go back, reload it and send the form again"))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        texts = {
            404: gettext("There is nothing at this address, or it lies outside your regions"),
            405: gettext("This address does not take that method"),
            413: gettext("The upload is larger than 20 MB; split it"),
            429: gettext("Too many requests; wait a minute and try again"),
        }
        data = getattr(error, "data", None) or {}
        if messages := data.get("messages"):
            return _invalid_document(messages)
        reply = _reply(
            status, error.name.lower().replace(" ", "_"), texts.get(status) or error.description or error.name
        )
        for name, value in error.get_headers():
            if name.lower() in ("allow", "retry-after", "www-authenticate"):
                reply.headers[name] = value
        return reply

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        mark = secrets.token_hex(4)
        logger.exception("unexpected error %s at %s", mark, request.endpoint)
        return _reply(
            500,
            "internal",
            gettext(
                "Something went wrong on our side; nothing was changed. Tell the administrator the mark %(mark)s",
                mark=mark,
            ),
        )


def _invalid_document(messages: dict[str, Any]) -> Response:
    """marshmallow's nested messages as one flat list of faults."""
    faults: list[dict[str, str]] = []

    def collect(path: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                collect(f"{path}.{key}" if path and key not in ("_schema",) else (path or str(key)), inner)
        else:
            faults.extend(
                {"field": path, "message": str(text)} for text in (value if isinstance(value, list) else [value])
            )

    for part in messages.values():
        collect("", part)
    message = gettext("%(count)s fields need mending", count=len(faults))
    response = jsonify(
        {"code": "invalid", "message": message, "field": faults[0]["field"] if faults else None, "faults": faults}
    )
    response.status_code = 422
    return response
