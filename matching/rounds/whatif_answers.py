"""What a worker found out about a question: judged, and kept with the question. Imports the solver, so pages do not import it."""

import gzip
import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from matching.alternatives import change_from, changed_problem
from matching.problem import Problem
from matching.rounds.documents import frozen_problem, stored_plan
from matching.rounds.models import MatchRound
from matching.rounds.solving import PlanRefused
from matching.rounds.whatif_jobs import write
from matching.rounds.whatif_models import WhatIf
from matching.solution import Plan, plan_document, plan_text
from matching.solver.warm import prices_to_bytes
from matching.validation import violations
from matching.whatif import counted, differences

LISTED = 200
"""So many differences are kept beside the answer; the whole plan is kept with it"""


def store_prices(session: Session, *, what_if_id: uuid.UUID, token: int, prices: np.ndarray, now: datetime) -> bool:
    """Keeps the prices. False where the token is stale."""
    return _keep(session, what_if_id, token, now, body=prices_to_bytes(prices), result={"prices": len(prices)})


def store_claim(session: Session, *, what_if_id: uuid.UUID, token: int, told: Mapping[str, Any], now: datetime) -> bool:
    """Keeps what solving again showed of an unmet need: its `missing`, `reason` and `detail` (`confirmation.confirmed`).

    False where the token is stale. Raises PlanRefused where `told` speaks of another need than was asked about.
    """
    one = session.get(WhatIf, what_if_id)
    if one is None:
        return False
    if told.get("need") != one.change["need"]:
        raise PlanRefused("The answer speaks of another need and is not stored")
    result = {name: told[name] for name in ("missing", "reason", "detail")}
    return _keep(session, what_if_id, token, now, body=_packed(json.dumps(result)), result=result)


def store_plan(
    session: Session, *, what_if_id: uuid.UUID, token: int, plan: Plan, now: datetime, found: Mapping[str, Any]
) -> bool:
    """Judges the plan of the changed problem and keeps it with its differences. False where the token is stale.

    `found` is what the search said of itself (`changed`, `proven`, `lost`). Raises PlanRefused.
    """
    one = session.get(WhatIf, what_if_id)
    if one is None:
        return False
    match_round = session.get_one(MatchRound, one.round_id)
    problem = frozen_problem(session, one.round_id, seed=match_round.seed)
    changed = changed_problem(problem, change_from(one.change))
    wrong = violations(changed, plan)
    if wrong:
        raise PlanRefused(
            "The plan breaks %(count)s rules and is not stored; the first: %(first)s",
            count=len(wrong),
            first=str(wrong[0]),
        )
    result = {**answer(problem, stored_plan(session, one.round_id), changed, plan), **found}
    return _keep(session, what_if_id, token, now, body=_packed(plan_text(plan)), result=result)


def answer(problem: Problem, before: Plan, changed: Problem, after: Plan) -> dict[str, Any]:
    """``{"levels", "levels_before", "counts", "differences", "cost_fen", "cost_before_fen", "funds": [row, …]}`` as JSON values."""
    found = differences(problem, before.served(), after.served())
    sides = (before, problem), (after, changed)
    spent = []
    for plan, _ in sides:
        by_fund: dict[str, int] = {}
        for allocation in plan.allocations:
            for charge in allocation.charges:
                by_fund[charge.fund] = by_fund.get(charge.fund, 0) + charge.fen
        spent.append(by_fund)
    amounts = {fund.id: fund.amount_fen for fund in changed.funds}
    return {
        "levels_before": plan_document(before)["levels"],
        "levels": plan_document(after)["levels"],
        "counts": asdict(counted(found)),
        "differences": [asdict(row) for row in found[:LISTED]],
        "funds": [
            {"id": code, "amount_fen": amounts[code], "fen_before": spent[0].get(code, 0), "fen": spent[1].get(code, 0)}
            for code in sorted(amounts)
        ],
    }


def _packed(text: str) -> bytes:
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def _keep(
    session: Session, what_if_id: uuid.UUID, token: int, now: datetime, *, body: bytes, result: Mapping[str, Any]
) -> bool:
    return write(
        session, what_if_id, token, status="done", ended_at=now, lease_until=None, progress=None,
        body=body, result=dict(result),
    )  # fmt: skip
