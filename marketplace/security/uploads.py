"""What the import page and its API share: the right to a kind of import, one's own upload, faults in the reader's language."""

import uuid
from typing import Any

from flask import Response
from flask_babel import gettext

from kernel.errors import NotAllowed
from marketplace.imports.models import ImportBatch
from marketplace.imports.operations import PERMISSIONS, get_import
from marketplace.imports.workbooks import XLSX
from marketplace.security.access import actor, db, may, scope_of


def translate(message: str, values: Any) -> str:
    """A fault's sentence in the reader's language."""
    return gettext(message, **values) if values else gettext(message)


def require_kind(kind: str) -> tuple[str, ...]:
    """The regions in which the person may write this kind. Raises NotAllowed: importing is not a way around a right."""
    if not may(PERMISSIONS[kind]):
        raise NotAllowed("Your roles do not include this; ask an administrator of your county")
    return scope_of(PERMISSIONS[kind])


def own_batch(batch_id: uuid.UUID) -> tuple[ImportBatch, tuple[str, ...]]:
    """One's own upload and the regions in which one may write what it holds."""
    batch = get_import(db(), batch_id, actor=actor(), scope=scope_of("import.write"))
    return batch, require_kind(batch.kind)


def as_file(content: bytes, name: str) -> Response:
    """A workbook as a download; the name holds nothing personal."""
    response = Response(content, content_type=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return response


def as_picture(content: bytes, key: uuid.UUID) -> Response:
    """A cleaned picture as a download that nothing runs: its type is said and not guessed, it is saved and not shown, and were it shown
    all the same it could load and run nothing. Its name tells nobody anything.
    """
    response = Response(content, content_type="image/jpeg")
    response.headers["Content-Disposition"] = f'attachment; filename="{key.hex[:12]}.jpg"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response
