"""Policy sets that come with the product, to begin with: a county edits its own from one of them."""

import json
from importlib import resources
from typing import Any

DEMO = "yongjia-2026"


def demo_policy() -> dict[str, Any]:
    """The set of the demonstration's county, as a document."""
    text = resources.files("households.policy").joinpath(f"data/{DEMO}.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
