"""Reading the questions asked of a round: their list, their answers, the prices behind the bounds, where the sliders begin."""

import gzip
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds.models import Fund
from kernel.errors import Conflict, NotFound
from matching.rounds.documents import problem_text
from matching.rounds.steps import round_in_scope
from matching.rounds.whatif_models import ANSWERED_BY_PLAN, WhatIf


class NotAnswered(Conflict):
    """The question has no answer (yet), or was taken over before."""

    code = "not_answered"


def get_what_if(session: Session, what_if_id: uuid.UUID, *, scope: tuple[str, ...]) -> WhatIf:
    """The question. Raises NotFound, also where its round lies outside `scope`."""
    one = session.get(WhatIf, what_if_id)
    if one is None:
        raise NotFound("There is no such question")
    round_in_scope(session, one.round_id, scope)
    return one


def questions_of(session: Session, round_id: uuid.UUID, *, scope: tuple[str, ...], limit: int = 20) -> list[WhatIf]:
    """The questions asked of a round, newest first: those that are answered by a plan. Raises NotFound."""
    round_in_scope(session, round_id, scope)
    query = sa.select(WhatIf).where(WhatIf.round_id == round_id, WhatIf.kind.in_(ANSWERED_BY_PLAN))
    return list(session.scalars(query.order_by(WhatIf.created_at.desc(), WhatIf.id).limit(limit)))


@dataclass(frozen=True)
class Amounts:
    """What the sliders begin with: the budget (None: only the funds bound it), funds as (id, name, fen)."""

    budget_fen: int | None
    funds: tuple[tuple[str, str, int], ...]

    @property
    def funds_fen(self) -> int:
        """All funds together, in fen."""
        return sum(fen for _, _, fen in self.funds)


def amounts_of(session: Session, round_id: uuid.UUID) -> Amounts:
    """The money of the frozen problem, with the names of the funds. Raises NotFound before the freeze."""
    document = json.loads(problem_text(session, round_id, seed=None))
    rows = [(row["id"], row["amount_fen"]) for row in document["funds"]]
    names = {
        str(code): name
        for code, name in session.execute(
            sa.select(Fund.id, Fund.name).where(Fund.id.in_([uuid.UUID(code) for code, _ in rows]))
        )
    }
    budgets = [row["max_fen"] for row in document.get("limits") or [] if covers_every_cost(row)]
    return Amounts(min(budgets, default=None), tuple((code, names.get(code, code), fen) for code, fen in rows))


def covers_every_cost(limit: Mapping[str, Any]) -> bool:
    """Whether a limit, as a round stores it, is the round's budget: it has no filter."""
    return not {"regions", "categories", "government_bought"} & set(limit)


def prices_status(session: Session, round_id: uuid.UUID) -> str | None:
    """Where the prices of a round stand: a status of `WhatIf`, or None where nobody asked for them."""
    one = prices_row(session, round_id)
    return None if one is None else one.status


def stored_prices(session: Session, round_id: uuid.UUID) -> bytes | None:
    """The prices of a round as a worker kept them (`matching.solver.warm.prices_to_bytes`); None where they are not there yet."""
    return session.scalar(
        sa.select(WhatIf.body).where(WhatIf.round_id == round_id, WhatIf.kind == "prices", WhatIf.status == "done")
    )


def stored_answer(session: Session, one: WhatIf) -> str:
    """The plan of an answered question, as JSON text. Raises NotAnswered."""
    if one.status != "done" or one.kind not in ANSWERED_BY_PLAN:
        raise NotAnswered("This question is %(status)s and has no plan", status=one.status)
    body = session.scalars(sa.select(WhatIf.body).where(WhatIf.id == one.id)).one()
    return gzip.decompress(body or b"").decode()


def prices_row(session: Session, round_id: uuid.UUID) -> WhatIf | None:
    """The one question for prices of a round that did not fail."""
    return session.scalar(
        sa.select(WhatIf).where(WhatIf.round_id == round_id, WhatIf.kind == "prices", WhatIf.status != "failed")
    )
