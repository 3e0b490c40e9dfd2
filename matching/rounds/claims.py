"""What would help an unmet need of a round, searched for by solving the frozen pool again, on request."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import Conflict, NotFound
from matching.confirmation import NotProven, confirm, served_from, solved
from matching.rounds.documents import frozen_problem, stored_plan
from matching.rounds.models import MatchRound, UnmetNeed
from matching.rounds.steps import round_in_scope
from matching.solution import Unmet
from matching.solver.confirming import MOST_PAIRS, proving_solver

SECONDS = 15.0
"""For one question, in all; what is not proven by then keeps its smaller claim"""


class NotSolvedExactly(Conflict):
    """The plan is not proven optimal, so a claim about solving again would say nothing."""

    code = "not_solved_exactly"


def can_be_checked(match_round: MatchRound) -> bool:
    """Whether the round's plan is proven optimal and small enough to be solved again while somebody waits."""
    pairs = (match_round.solver or {}).get("pairs")
    return match_round.plan_status == "optimal" and pairs is not None and pairs <= MOST_PAIRS


def check_again(
    session: Session, *, round_id: uuid.UUID, need_id: uuid.UUID, scope: tuple[str, ...], seconds: float = SECONDS
) -> Unmet:
    """The need's reason as the plan states it, with what `confirmation.confirm` finds, and `claims` of `served_from`.

    Changes nothing. Takes up to `seconds`. Raises NotFound where the need lacks nothing in this round, NotSolvedExactly
    where the plan is not proven optimal.
    """
    match_round = round_in_scope(session, round_id, scope)
    row = session.scalar(sa.select(UnmetNeed).where(UnmetNeed.round_id == round_id, UnmetNeed.need_id == need_id))
    if row is None:
        raise NotFound("This need lacks nothing in this round")
    if not can_be_checked(match_round):
        raise NotSolvedExactly("Only a plan that is proven optimal can be checked by solving again")
    problem = frozen_problem(session, round_id, seed=match_round.seed)
    base, solve = solved(stored_plan(session, round_id)), proving_solver(seconds=seconds, seconds_in_all=seconds)
    entry = Unmet(str(need_id), row.missing, row.reason, dict(row.detail))
    own = solve(problem)
    if base is None or own is None or own.served != base.served:
        return Unmet(
            entry.need, entry.missing, entry.reason, {**entry.detail, "solved_again": False, "why_not": "not_proven"}
        )
    told = confirm(problem, entry, base, solve)
    try:
        claims = served_from(problem, entry, base, solve)
    except NotProven:
        claims = []
    return Unmet(told.need, told.missing, told.reason, {**told.detail, "claims": claims})
