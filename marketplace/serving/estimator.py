"""Keeps plans warm and answers what-if questions about them, as a process beside a web process: ``python -m marketplace.serving.estimator``.

One JSON object a line on standard input, one on standard output, in order (`marketplace.serving.warm_plans` is the other end). It gets
problems and plans as they are asked about, reads no database and no keys, and ends with its input.
"""

import base64
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from kernel.errors import InvalidFields, InvalidInput
from matching.alternatives import change_from
from matching.estimates import answer_document
from matching.problem import parse_problem
from matching.solution import parse_plan
from matching.solver.warm import prices_from_bytes
from matching.whatif import Prepared, estimate

Asked = Mapping[str, Any]


def reply_to(kept: dict[str, Prepared], asked: Asked) -> dict[str, Any]:
    """``{"answer": …}`` or ``{"refused": …}``. `asked`: ``key`` of the plan, ``keep`` (keys not to forget), ``change``; with a new plan
    its ``problem`` and ``plan`` as JSON text, with prices ``prices`` (base64)."""
    for forgotten in set(kept) - set(asked["keep"]):
        del kept[forgotten]
    key = asked["key"]
    if "problem" in asked:
        kept[key] = Prepared(parse_problem(json.loads(asked["problem"])), parse_plan(json.loads(asked["plan"])))
    if "prices" in asked:
        kept[key].with_prices(prices_from_bytes(base64.b64decode(asked["prices"])))
    try:
        return {"answer": answer_document(estimate(kept[key], change_from(asked["change"])))}
    except InvalidFields as error:
        return {"refused": {"several": True, "faults": [_fault(one) for one in error.faults]}}
    except InvalidInput as error:
        return {"refused": {"several": False, "faults": [_fault(error)]}}


def _fault(error: InvalidInput) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "field": error.field, "values": error.values}


def main() -> None:
    """Answers until the input ends."""
    # What a library prints must not stand between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    kept: dict[str, Prepared] = {}
    for line in sys.stdin.buffer:
        answers.write(json.dumps(reply_to(kept, json.loads(line))).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
