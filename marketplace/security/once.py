"""A write sent twice acts once: `Idempotency-Key` for the API, a hidden one-time `form_key` for forms (double tap, lost connection)."""

import base64
import json
import secrets
import uuid
from typing import Any

from flask import Flask, Response, g, request

from kernel import idempotency
from kernel.crypto import vault_of
from marketplace.security.access import clock_now, db, optional_person

_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_LARGEST_REPLY = 1_000_000
_TABLE = "idempotency_records"


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
    kept = _opened(record.reply["sealed"], signed_in.id, key)
    reply = Response(base64.b64decode(kept["body"]), status=record.status, content_type=kept["type"])
    if kept["location"]:
        reply.headers["Location"] = kept["location"]
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
    sealed = _sealed(kept, signed_in.id, key)
    idempotency.finish(db(), actor_id=signed_in.id, key=key, status=response.status_code, reply={"sealed": sealed})


def _sealed(kept: dict[str, Any], actor_id: uuid.UUID, key: str) -> str:
    """A reply may hold personal data, so it rests sealed to its sender and key (promise 19)."""
    vault = vault_of(db())
    return base64.b64encode(
        vault.seal(json.dumps(kept), table=_TABLE, row=f"{actor_id}|{key}", column="reply")
    ).decode()


def _opened(sealed: str, actor_id: uuid.UUID, key: str) -> dict[str, Any]:
    opened = vault_of(db()).open(base64.b64decode(sealed), table=_TABLE, row=f"{actor_id}|{key}", column="reply")
    return dict(json.loads(opened))


def register(app: Flask) -> None:
    """Gives templates `form_key()`."""
    app.jinja_env.globals["form_key"] = new_form_key
