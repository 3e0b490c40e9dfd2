"""Pairs that people pinned or forbade in a round, each with its reason: how they enter the frozen problem. Pure.

A directive is ``{"kind": "pin"|"forbid", "need", "offering", "quantity" (pins), "reason", "person", "what_if"}``. It is part of the
frozen problem and so of the pool's published hash: whoever reviews the round sees it, and the draw comes after it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Directive = Mapping[str, Any]


def directed(
    document: Mapping[str, Any], summary: Mapping[str, Any], directives: Sequence[Directive]
) -> dict[str, Any]:
    """``{"document", "summary"}`` of a snapshot with the directives whose need and offering are in the pool; the others are counted.

    A pair that is forbidden already (an earlier round's promise waits for its delivery) stays so, whatever a pin says.
    """
    if not directives:
        return {"document": document, "summary": summary}
    needs = {row["id"] for row in document["needs"]}
    offerings = {row["id"] for row in document["offerings"]}
    forbids = [dict(row) for row in document.get("forbids") or []]
    pins = [dict(row) for row in document.get("pins") or []]
    seen, left_out = {(row["need"], row["offering"]) for row in (*forbids, *pins)}, 0
    for one in directives:
        pair = one["need"], one["offering"]
        if pair[0] not in needs or pair[1] not in offerings or pair in seen:
            left_out += 1
            continue
        seen.add(pair)
        row = {"need": pair[0], "offering": pair[1]}
        if one["kind"] == "pin":
            pins.append({**row, "quantity": one["quantity"]})
        else:
            forbids.append(row)
    return {
        "document": {**document, "pins": pins, "forbids": forbids},
        "summary": {**summary, "directives": len(directives) - left_out, "directives_left_out": left_out},
    }
