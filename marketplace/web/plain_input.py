"""What pages read before any view does: text that no database holds is refused, and nobody's resident ID stays in an address."""

import re
import unicodedata

from flask import Flask, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from kernel.errors import InvalidInput
from marketplace.web.faults import sentence

_UNREADABLE = re.compile("[\x00\ud800-\udfff]")
_RESIDENT_ID = re.compile(r"\d{17}[\dXx]")


def register(app: Flask) -> None:
    """Looks at the address and the form of every page; the schemas of the API do so for theirs."""

    @app.before_request
    def read_plain() -> ResponseReturnValue | None:
        if request.endpoint is None or request.path.startswith("/api/"):
            return None
        for values in (request.args, request.form):
            for name, texts in values.lists():
                if any(_UNREADABLE.search(text) for text in (name, *texts)):
                    raise InvalidInput("This text holds control characters; type it again without them", field=name)
        return _without_resident_id(request.endpoint)


def _without_resident_id(endpoint: str) -> ResponseReturnValue | None:
    """A number typed into the search of a list goes no further: neither into the links of the page nor into those of its export."""
    typed = unicodedata.normalize("NFKC", request.args.get("text", ""))
    if not _RESIDENT_ID.search(re.sub(r"[\s-]", "", typed)):
        return None
    refusal = InvalidInput(
        "A resident ID does not belong in an address; use the search by resident ID on the page of households",
        field="text",
    )
    if not endpoint.endswith(".index") or request.method != "GET":
        raise refusal
    flash(sentence(refusal), "warning")
    kept = {name: text for name, text in request.args.items() if name != "text"}
    return redirect(url_for(endpoint, **{**(request.view_args or {}), **kept}))
