"""The life of a round as a table: which step leads from where to where, who may take it, and whether it needs a reason.

Pure: statuses and people's ids in, a named error or nothing out. Promise 23: the solver proposes, a named reviewer approves with a
reason, another person commits; creator, reviewer and committer are three people.
"""

import uuid
from dataclasses import dataclass

from kernel.errors import Conflict, InvalidInput, NotAllowed

ANYBODY = "anybody"
"""Whoever holds the permission of the step"""
CREATOR = "creator"
REVIEWER = "reviewer"
COMMITTER = "committer"
OTHER = "other"
"""Whoever holds the permission, except the committer"""
WORKER = "worker"
CLOCK = "clock"


class WrongStep(Conflict):
    """The round is not in a status from which this step leads on."""

    code = "wrong_step"


class CreatorMayNotReview(NotAllowed):
    """The reviewer is somebody else than the creator."""

    code = "creator_may_not_review"


class CreatorMayNotCommit(NotAllowed):
    """The committer is somebody else than the creator."""

    code = "creator_may_not_commit"


class ReviewerMayNotCommit(NotAllowed):
    """The committer is somebody else than the reviewer."""

    code = "reviewer_may_not_commit"


class OnlyTheCreatorCancels(NotAllowed):
    """A round is cancelled by the person who created it."""

    code = "only_the_creator_cancels"


class CommitterMayNotVoid(NotAllowed):
    """A committed round is voided by somebody else than who committed it."""

    code = "committer_may_not_void"


@dataclass(frozen=True)
class Step:
    """One kind of step: from any status of `before` to `after`."""

    name: str
    before: tuple[str, ...]
    after: str
    by: str
    reason: bool = False


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step("freeze", ("draft",), "frozen", ANYBODY),
        Step("queue", ("frozen",), "queued", ANYBODY),
        # A worker that died leaves the round solving; the next one takes it over.
        Step("solve", ("queued", "solving"), "solving", WORKER),
        Step("propose", ("solving",), "proposed", WORKER),
        Step("fail", ("queued", "solving"), "failed", WORKER, reason=True),
        Step("approve", ("proposed",), "approved", REVIEWER, reason=True),
        Step("reject", ("proposed",), "rejected", REVIEWER, reason=True),
        Step("commit", ("approved",), "committed", COMMITTER),
        Step("void", ("committed",), "voided", OTHER, reason=True),
        Step(
            "cancel",
            ("draft", "frozen", "queued", "solving", "proposed", "approved"),
            "cancelled",
            CREATOR,
            reason=True,
        ),
        # The pool is frozen anew by a successor, which takes the place of this round.
        Step("supersede", ("frozen", "proposed", "approved"), "cancelled", ANYBODY, reason=True),
        Step("expire", ("frozen", "proposed", "approved"), "expired", CLOCK, reason=True),
    )
}

ENDED = ("voided", "rejected", "cancelled", "failed", "expired")
REFREEZABLE = ("frozen", "proposed", "approved", "rejected", "cancelled", "failed", "expired")


@dataclass(frozen=True)
class People:
    """Who answered for a round so far."""

    creator_id: uuid.UUID
    reviewer_id: uuid.UUID | None = None
    committer_id: uuid.UUID | None = None


def check_step(name: str, *, status: str, people: People, person_id: uuid.UUID | None, reason: str | None) -> Step:
    """The step, if it may be taken now. `person_id` None is the system (worker, clock).

    Raises WrongStep (naming the status it is in), one of the NotAllowed errors above, or InvalidInput for a missing reason.
    """
    step = STEPS[name]
    if status not in step.before:
        raise wrong_step(name, status)
    check_person(step, people=people, person_id=person_id)
    if step.reason and not (reason or "").strip():
        raise InvalidInput("Say why: this step needs a reason that others can read later", field="reason")
    return step


def wrong_step(name: str, status: str) -> WrongStep:
    """The refusal that names what the round is now and from where the step would lead on."""
    return WrongStep(
        "The round is %(status)s now; this step (%(step)s) leads on from: %(before)s. Reload the page to see where it stands",
        status=status,
        step=name,
        before=", ".join(STEPS[name].before),
    )


def check_person(step: Step, *, people: People, person_id: uuid.UUID | None) -> None:
    """Raises the NotAllowed error that names why this person may not take the step."""
    if step.by in (WORKER, CLOCK):
        if person_id is not None:
            raise NotAllowed("This step is taken by the system, not by a person")
        return
    if person_id is None:
        raise NotAllowed("This step is taken by a person who answers for it")
    if step.by == CREATOR and person_id != people.creator_id:
        raise OnlyTheCreatorCancels("Only the person who created this round may cancel it; a reviewer may reject it")
    if step.by == REVIEWER and person_id == people.creator_id:
        raise CreatorMayNotReview("You created this round; another person reviews it")
    if step.by == COMMITTER and person_id == people.creator_id:
        raise CreatorMayNotCommit("You created this round; another person commits it")
    if step.by == COMMITTER and person_id == people.reviewer_id:
        raise ReviewerMayNotCommit("You approved this round; a third person commits it")
    if step.by == OTHER and person_id == people.committer_id:
        raise CommitterMayNotVoid("You committed this round; another person decides to void it")
