"""What would help an unmet need of a round, checked by solving the frozen pool again: asked for here, done by a worker, kept."""

import uuid
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.audit import Actor
from kernel.errors import Conflict, InvalidInput, NotFound
from matching.rounds.models import MatchRound, UnmetNeed
from matching.rounds.steps import round_in_scope
from matching.rounds.whatif_jobs import put, refuse_beyond
from matching.rounds.whatif_models import WhatIf
from matching.solution import Unmet

SECONDS = 40.0
"""Of solving again for one question, in all; what is not proven by then keeps its smaller claim"""
MOST_PAIRS = 3_000
"""Beyond this a problem is not solved exactly, so nothing is claimed by solving again (as `matching.solver.confirming` has it)"""
MOST_WAITING = 20
"""So many checks of a round may wait at a time"""


class NotSolvedExactly(Conflict):
    """The plan is not proven optimal, so a claim about solving again would say nothing."""

    code = "not_solved_exactly"


def can_be_checked(match_round: MatchRound) -> bool:
    """Whether the round's plan is proven optimal and small enough to be solved again."""
    pairs = (match_round.solver or {}).get("pairs")
    return match_round.plan_status == "optimal" and pairs is not None and pairs <= MOST_PAIRS


def ask_again(
    session: Session, *, round_id: uuid.UUID, need_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> WhatIf:
    """Puts the check of a need into the queue, once per need and plan: who asks again gets the check that waits, or its answer.

    A check that failed or was cancelled is asked anew. Raises NotFound where the need lacks nothing in this round, NotSolvedExactly
    where the plan is not proven optimal, TooManyQuestions, InvalidInput (no person).
    """
    match_round = round_in_scope(session, round_id, scope)
    if actor.id is None:
        raise InvalidInput("A question is asked by a person", field="creator_id")
    entry_of(session, round_id, need_id)
    if not can_be_checked(match_round):
        raise NotSolvedExactly("Only a plan that is proven optimal can be checked by solving again")
    known = check_of(session, round_id, need_id)
    if known is not None and known.status not in ("failed", "cancelled"):
        return known
    refuse_beyond(session, round_id=round_id, kinds=("claim",), most=MOST_WAITING)
    one = put(
        session, round_id=round_id, kind="claim", change={"need": str(need_id)}, creator_id=actor.id, now=now
    )  # fmt: skip
    if one is None:  # somebody asked at the same moment
        found = check_of(session, round_id, need_id)
        assert found is not None, "the check that stood in the way is there"
        return found
    audit.record(
        session,
        actor=actor,
        action="round.claim_check_asked",
        subject_type="round",
        subject_id=round_id,
        now=now,
        region_code=match_round.region_code,
        what_if=str(one.id),
        need=str(need_id),
    )
    return one


def entry_of(session: Session, round_id: uuid.UUID, need_id: uuid.UUID) -> Unmet:
    """The need's reason as the plan states it. Raises NotFound where the need lacks nothing in this round."""
    row = session.scalar(sa.select(UnmetNeed).where(UnmetNeed.round_id == round_id, UnmetNeed.need_id == need_id))
    if row is None:
        raise NotFound("This need lacks nothing in this round")
    return Unmet(str(need_id), row.missing, row.reason, dict(row.detail))


def told_by(one: WhatIf | None, entry: Unmet) -> Unmet:
    """The entry as the check tells it; as it is while there is no answer."""
    if one is None or one.status != "done" or one.result is None:
        return entry
    return Unmet(entry.need, one.result["missing"], one.result["reason"], one.result["detail"])


def check_of(session: Session, round_id: uuid.UUID, need_id: uuid.UUID) -> WhatIf | None:
    """The newest check of this need, whatever became of it."""
    return checks_of(session, round_id, [need_id]).get(need_id)


def checks_of(session: Session, round_id: uuid.UUID, need_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, WhatIf]:
    """The newest check of each of these needs that was checked."""
    wanted = [str(one) for one in need_ids]
    if not wanted:
        return {}
    rows = session.scalars(
        sa.select(WhatIf)
        .where(WhatIf.round_id == round_id, WhatIf.kind == "claim", WhatIf.change["need"].astext.in_(wanted))
        .order_by(WhatIf.created_at, WhatIf.id)
    )
    return {uuid.UUID(row.change["need"]): row for row in rows}
