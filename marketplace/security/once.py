"""A write sent twice acts once: `Idempotency-Key` for the API, a hidden one-time `form_key` for forms (double tap, lost connection)."""

import base64
import secrets

from flask import Flask, Response, g, request

from kernel import idempotency
from marketplace.security.access import clock_now, db, optional_person

_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_LARGEST_REPLY = 1_000_000


def new_form_key() -> str:
    """A key for the next form; macros put it into a hidden field."""
    return secrets.token_urlsafe(16)


def replay_if_known() -> Response | None:
    """Claims the request's key; the kept reply when the same request was answered before. Raises InvalidInput on another body."""
    signed_in = optional_person()
    if request.method not in _WRITES or signed_in is None:
        return None
    is_api = request.path.startswith("/api/")
    key = request.headers.get("Idempotency-Key") if is_api else request.form.get("form_key")
    if key is None:
        return None
    # A form's token and key change nothing about what is asked; a file is part of the body either way.
    body = request.get_data(cache=True) if is_api else b""
    fingerprint = idempotency.fingerprint_of(request.method, request.full_path, body)
    record = idempotency.begin(db(), actor_id=signed_in.id, key=key, fingerprint=fingerprint, now=clock_now())
    if record is None:
        g.idempotency_key = key
        return None
    if record.reply is None:
        return Response(status=204)
    reply = Response(base64.b64decode(record.reply["body"]), status=record.status, content_type=record.reply["type"])
    if record.reply.get("location"):
        reply.headers["Location"] = record.reply["location"]
    reply.headers["Idempotency-Replayed"] = "true"
    return reply


def keep_reply(response: Response) -> None:
    """Keeps a good reply beside its key, before the commit; a refused request keeps nothing and may be sent again."""
    key = g.get("idempotency_key")
    signed_in = optional_person()
    if key is None or signed_in is None or response.direct_passthrough:
        return
    body = response.get_data()
    if len(body) > _LARGEST_REPLY:
        return
    kept = {
        "body": base64.b64encode(body).decode(),
        "type": response.content_type,
        "location": response.headers.get("Location"),
    }
    idempotency.finish(db(), actor_id=signed_in.id, key=key, status=response.status_code, reply=kept)


def register(app: Flask) -> None:
    """Gives templates `form_key()`."""
    app.jinja_env.globals["form_key"] = new_form_key
