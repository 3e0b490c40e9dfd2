"""The frozen problem and the plan of a round as they are kept: gzip-compressed JSON, written once.

The problem is kept as canonical JSON, so that ``zcat problem.json.gz | sha256sum`` gives the published pool hash.
"""

import gzip
import hashlib
import json
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from matching.problem import Problem, parse_problem
from matching.rounds.models import RoundDocument
from matching.solution import Plan, parse_plan, plan_text


def canonical_text(document: dict[str, Any]) -> str:
    """Canonical JSON of a problem: rows sorted by (id or code, need, offering) as text, keys sorted, no spaces."""

    def key(row: dict[str, Any]) -> tuple[str, str, str]:
        return str(row.get("id", row.get("code", ""))), str(row.get("need", "")), str(row.get("offering", ""))

    ordered = {name: sorted(part, key=key) if isinstance(part, list) else part for name, part in document.items()}
    return json.dumps(ordered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def keep_problem(session: Session, *, round_id: uuid.UUID, document: dict[str, Any]) -> str:
    """Keeps the frozen problem, without seed, and returns its hash: the pool's."""
    return _keep(session, round_id, "problem", canonical_text(document))


def keep_plan(session: Session, *, round_id: uuid.UUID, plan: Plan) -> str:
    """Keeps the plan and returns the hash of its text (not the result hash, which leaves times and versions out)."""
    return _keep(session, round_id, "plan", plan_text(plan))


def problem_text(session: Session, round_id: uuid.UUID, *, seed: int | None) -> str:
    """The frozen problem of a round; with the seed once it is drawn, as it is solved. Raises NotFound before the freeze."""
    text = _kept(session, round_id, "problem")
    if seed is None:
        return text
    return json.dumps({**json.loads(text), "seed": seed}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def frozen_problem(session: Session, round_id: uuid.UUID, *, seed: int | None) -> Problem:
    """The frozen problem, parsed. Raises NotFound before the freeze."""
    return parse_problem(json.loads(problem_text(session, round_id, seed=seed)))


def plan_document_text(session: Session, round_id: uuid.UUID) -> str:
    """The plan of a round as JSON text. Raises NotFound before there is one."""
    return _kept(session, round_id, "plan")


def stored_plan(session: Session, round_id: uuid.UUID) -> Plan:
    """The plan of a round, parsed. Raises NotFound before there is one."""
    return parse_plan(json.loads(plan_document_text(session, round_id)))


def _keep(session: Session, round_id: uuid.UUID, kind: str, text: str) -> str:
    content = text.encode()
    digest = hashlib.sha256(content).hexdigest()
    session.execute(
        sa.insert(RoundDocument).values(
            round_id=round_id, kind=kind, body=gzip.compress(content, compresslevel=6, mtime=0), sha256=digest
        )
    )
    return digest


def _kept(session: Session, round_id: uuid.UUID, kind: str) -> str:
    body = session.scalar(
        sa.select(RoundDocument.body).where(RoundDocument.round_id == round_id, RoundDocument.kind == kind)
    )
    if body is None:
        raise NotFound(
            "This round has no frozen problem yet; freeze it first"
            if kind == "problem"
            else "This round has no plan yet; it comes with the proposal"
        )
    return gzip.decompress(body).decode()
