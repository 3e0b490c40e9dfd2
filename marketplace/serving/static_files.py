"""Static files as they go out: text compressed, and kept by browsers for a year where the address carries the content's mark.

`url_for("static", …)` adds the mark (`v`, from the content's hash), so that a new version of a file has a new address and a page never
meets an old style sheet. Compressed bodies are made once per process and content: 635 KB of style sheet go out as 80.
"""

import gzip
import hashlib
import io
import os
from functools import lru_cache
from pathlib import PurePath
from typing import Any

from flask import Flask, Response, request, send_file
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

YEAR_S = 365 * 24 * 3600
MONTH_S = 30 * 24 * 3600
HOUR_S = 3600
_TEXT = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_WORTHWHILE = 1_000  # bytes; below, the headers weigh more than what is saved


@lru_cache(maxsize=256)
def _mark(path: str, changed_ns: int, size: int) -> str:
    """The content's mark; `changed_ns` and `size` make a changed file another key."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


@lru_cache(maxsize=64)
def _compressed(path: str, changed_ns: int, size: int) -> bytes:
    with open(path, "rb") as file:
        return gzip.compress(file.read(), 9, mtime=0)


def register(app: Flask) -> None:
    """Addresses of static files carry their mark."""

    @app.url_defaults
    def add_mark(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "v" not in values:
            path = safe_join(app.static_folder or "", str(values.get("filename", "")))
            if path is not None and os.path.isfile(path):
                about = os.stat(path)
                values["v"] = _mark(path, about.st_mtime_ns, about.st_size)


def reply_with(folder: str, name: str) -> Response:
    """The file `name` below `folder`, for the present request. Raises NotFound, also for a path that leads outside."""
    path = safe_join(folder, name)
    if path is None or not os.path.isfile(path):
        raise NotFound()
    about = os.stat(path)
    key = (path, about.st_mtime_ns, about.st_size)
    mark, kind = _mark(*key), PurePath(path).suffix
    known = request.args.get("v") == mark
    # Fonts are named in a style sheet, without a mark; they change with a release of the font alone.
    age = YEAR_S if known else MONTH_S if kind == ".woff2" else HOUR_S
    packed = kind in _TEXT and about.st_size >= _WORTHWHILE
    if packed and request.accept_encodings.quality("gzip") > 0:
        response = send_file(
            io.BytesIO(_compressed(*key)),
            mimetype=_TEXT[kind],
            etag=f"{mark}-gzip",
            last_modified=about.st_mtime,
            max_age=age,
            conditional=True,
        )
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = send_file(path, mimetype=_TEXT.get(kind), etag=mark, max_age=age, conditional=True)
    if packed:
        response.vary.add("Accept-Encoding")
    if known:
        response.cache_control.immutable = True
        response.cache_control.public = True
    return response
