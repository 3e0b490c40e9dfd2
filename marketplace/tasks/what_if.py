"""A question asked of a round's plan, answered by `zhongfu whatif` or `zhongfu explain` in a process of its own."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from kernel.clock import utc_now
from marketplace.tasks.jobs import Interrupted, Job
from matching.rounds import claims, solving, whatif_answers, whatif_jobs
from matching.rounds.whatif_jobs import WhatIfClaim
from matching.solution import read_plan
from matching.solver.warm import prices_from_bytes

MOST_S = {"prices": 600.0, "fewest": 300.0, "claim": 120.0}
"""Seconds after which a search that says nothing final is stopped; a full solve has twice the round's time and a minute"""


class AnswerWhatIf(Job[WhatIfClaim]):
    """A question that waits for its answer."""

    def claim(self, session: Session) -> WhatIfClaim | None:
        return whatif_jobs.claim_what_if(session, what_if_id=self.row_id, now=utc_now())

    def waits(self, session: Session) -> bool:
        return whatif_jobs.waits(session, self.row_id)

    def command(self, claim: WhatIfClaim, folder: Path) -> list[str]:
        for name, text in (("problem", claim.problem), ("before", claim.plan), ("change", json.dumps(claim.change))):
            (folder / f"{name}.json").write_text(text, encoding="utf-8")
        if claim.kind == "claim":
            return [
                "explain", "problem.json", "before.json", "--need", claim.change["need"],
                "--solve-again", str(claims.SECONDS), "--out", "told.json",
            ]  # fmt: skip
        asked = ["whatif", "problem.json", "before.json", "--progress-json"]
        asked += ["--threads", str(self.settings.solver_threads)]
        if claim.kind == "prices":
            return [*asked, "--prices", "prices.npz"]
        return [
            *asked, "--change", "change.json", "--resolve", "--out", "plan.json", "--found", "found.json",
            "--time-limit", str(claim.time_limit_s),
        ]  # fmt: skip

    def most_s(self, claim: WhatIfClaim) -> float:
        return MOST_S.get(claim.kind, 2.0 * claim.time_limit_s + 60)

    def report(self, session: Session, claim: WhatIfClaim, progress: dict[str, Any] | None) -> bool:
        if claim.kind == "prices" and solving.wake_queued(session, now=utc_now()):
            session.commit()
            raise Interrupted  # somebody waits for a round; nobody may be waiting for prices
        return whatif_jobs.report_progress(
            session, what_if_id=claim.what_if_id, token=claim.token, now=utc_now(), progress=progress
        )

    def store(self, session: Session, claim: WhatIfClaim, folder: Path) -> bool:
        words: dict[str, Any] = {"what_if_id": claim.what_if_id, "token": claim.token, "now": utc_now()}
        if claim.kind == "prices":
            prices = prices_from_bytes((folder / "prices.npz").read_bytes())
            return whatif_answers.store_prices(session, prices=prices, **words)
        if claim.kind == "claim":
            told = json.loads((folder / "told.json").read_text(encoding="utf-8"))
            return whatif_answers.store_claim(session, told=told, **words)
        found = json.loads((folder / "found.json").read_text(encoding="utf-8"))
        return whatif_answers.store_plan(session, plan=read_plan(folder / "plan.json"), found=found, **words)

    def give_back(self, session: Session, claim: WhatIfClaim, *, crashed: bool) -> bool:
        return whatif_jobs.give_back(session, what_if_id=claim.what_if_id, token=claim.token, counted=crashed)

    def fail(self, session: Session, claim: WhatIfClaim, reason: str) -> bool:
        return whatif_jobs.fail(
            session, what_if_id=claim.what_if_id, token=claim.token, reason=reason, now=utc_now()
        )  # fmt: skip

    def told(self, code: int, words: str) -> str:
        return words or f"The search ended with code {code}: it said nothing"
