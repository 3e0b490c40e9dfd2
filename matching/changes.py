"""Small changes of a problem, as data: what an explanation proposes can be applied and solved again.

A change names a table and a row and then says one thing: a field `to` a value, values to `add` to a list, a row to
`remove`, or a row to add (`add_row`). Changes are plain JSON values, so they travel inside a plan.
"""

import copy
from collections.abc import Sequence
from typing import Any

Change = dict[str, Any]


def set_field(table: str, row: str, name: str, before: Any, to: Any) -> Change:
    return {"table": table, "id": row, "field": name, "from": before, "to": to}


def add_to_list(table: str, row: str, name: str, values: Sequence[str]) -> Change:
    return {"table": table, "id": row, "field": name, "add": list(values)}


def remove_row(table: str, need: str, offering: str) -> Change:
    return {"table": table, "need": need, "offering": offering, "remove": True}


def add_row(table: str, row: dict[str, Any]) -> Change:
    return {"table": table, "add_row": row}


def apply_changes(document: dict[str, Any], changes: Sequence[Change]) -> dict[str, Any]:
    """A copy of the problem's document with the changes made. Raises KeyError where a named row does not exist."""
    changed = copy.deepcopy(document)
    for change in changes:
        _apply(changed, change)
    return changed


def _apply(document: dict[str, Any], change: Change) -> None:
    table = change["table"]
    if table == "households":
        document["households"] = (document.get("households") or {}) | {change["id"]: {change["field"]: change["to"]}}
        return
    rows = document.get(table) or []
    if "add_row" in change:
        document[table] = [*rows, change["add_row"]]
        return
    if change.get("remove"):
        keep = [r for r in rows if (r["need"], r["offering"]) != (change["need"], change["offering"])]
        if len(keep) == len(rows):
            raise KeyError((table, change["need"], change["offering"]))
        document[table] = keep
        return
    row = next((r for r in rows if r["id"] == change["id"]), None)
    if row is None:
        raise KeyError((table, change["id"]))
    if "add" in change:
        row[change["field"]] = [*(row.get(change["field"]) or []), *change["add"]]
    else:
        row[change["field"]] = change["to"]
