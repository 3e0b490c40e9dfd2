"""The solve of one round, by `zhongfu solve` in a process of its own."""

from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from kernel.clock import utc_now
from marketplace.tasks.jobs import Job
from matching.rounds import solving
from matching.rounds.solving import Claim
from matching.rounds.whatif_jobs import put_prices
from matching.solution import read_plan

GRACE_S = 60.0
"""What building, explaining and writing may take beside the search"""


class SolveRound(Job[Claim]):
    """A round that waits for its proposal. With the proposal, the prices of its plan are asked for, so that the sliders are warm."""

    too_long = "The search did not end in twice its time; it was stopped"

    def claim(self, session: Session) -> Claim | None:
        return solving.claim_solve(session, round_id=self.row_id, now=utc_now())

    def waits(self, session: Session) -> bool:
        return solving.waits(session, self.row_id)

    def command(self, claim: Claim, folder: Path) -> list[str]:
        (folder / "problem.json").write_text(claim.problem, encoding="utf-8")
        return [
            "solve", "problem.json", "--out", "plan.json", "--time-limit", str(claim.time_limit_s),
            "--threads", str(self.settings.solver_threads), "--progress-json",
        ]  # fmt: skip

    def most_s(self, claim: Claim) -> float:
        return 2 * claim.time_limit_s + GRACE_S

    def report(self, session: Session, claim: Claim, progress: dict[str, Any] | None) -> bool:
        return solving.report_progress(
            session, round_id=claim.round_id, token=claim.token, now=utc_now(), progress=progress
        )

    def store(self, session: Session, claim: Claim, folder: Path) -> bool:
        plan, now = read_plan(folder / "plan.json"), utc_now()
        stored = solving.store_proposal(session, round_id=claim.round_id, token=claim.token, plan=plan, now=now)
        if stored:
            put_prices(session, round_id=claim.round_id, now=now)
        return stored

    def give_back(self, session: Session, claim: Claim, *, crashed: bool) -> bool:
        return solving.give_back(session, round_id=claim.round_id, token=claim.token, now=utc_now())

    def fail(self, session: Session, claim: Claim, reason: str) -> bool:
        return solving.fail_solve(session, round_id=claim.round_id, token=claim.token, reason=reason, now=utc_now())
