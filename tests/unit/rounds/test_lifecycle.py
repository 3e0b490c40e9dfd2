"""The life of a round: every step from every status, every person in every part."""

import uuid

import pytest

from kernel.errors import InvalidInput, NotAllowed
from matching.rounds.lifecycle import (
    ENDED,
    STEPS,
    CommitterMayNotVoid,
    CreatorMayNotCommit,
    CreatorMayNotReview,
    OnlyTheCreatorCancels,
    People,
    ReviewerMayNotCommit,
    WrongStep,
    check_step,
)
from matching.rounds.models import ROUND_STATUSES

CREATOR, REVIEWER, COMMITTER, OTHER = (uuid.UUID(int=number) for number in range(1, 5))
PEOPLE = People(CREATOR, REVIEWER, COMMITTER)

# Written out by hand: what the product promises, not what the table says.
ALLOWED = {
    ("draft", "freeze"): "frozen",
    ("draft", "cancel"): "cancelled",
    ("frozen", "queue"): "queued",
    ("frozen", "cancel"): "cancelled",
    ("frozen", "supersede"): "cancelled",
    ("frozen", "expire"): "expired",
    ("queued", "solve"): "solving",
    ("queued", "fail"): "failed",
    ("queued", "cancel"): "cancelled",
    ("solving", "solve"): "solving",
    ("solving", "propose"): "proposed",
    ("solving", "fail"): "failed",
    ("solving", "cancel"): "cancelled",
    ("proposed", "approve"): "approved",
    ("proposed", "reject"): "rejected",
    ("proposed", "cancel"): "cancelled",
    ("proposed", "supersede"): "cancelled",
    ("proposed", "expire"): "expired",
    ("approved", "commit"): "committed",
    ("approved", "cancel"): "cancelled",
    ("approved", "supersede"): "cancelled",
    ("approved", "expire"): "expired",
    ("committed", "void"): "voided",
}
# Who may take a step, of creator, reviewer, committer, somebody else and the system.
MAY = {
    "freeze": {CREATOR, REVIEWER, COMMITTER, OTHER},
    "queue": {CREATOR, REVIEWER, COMMITTER, OTHER},
    "supersede": {CREATOR, REVIEWER, COMMITTER, OTHER},
    "approve": {REVIEWER, COMMITTER, OTHER},
    "reject": {REVIEWER, COMMITTER, OTHER},
    "commit": {COMMITTER, OTHER},
    "void": {CREATOR, REVIEWER, OTHER},
    "cancel": {CREATOR},
    "solve": {None},
    "propose": {None},
    "fail": {None},
    "expire": {None},
}
NEEDS_REASON = {"approve", "reject", "void", "cancel", "supersede", "fail", "expire"}


def somebody(step: str) -> uuid.UUID | None:
    """One who may take the step."""
    return next(iter(MAY[step]))


@pytest.mark.parametrize("status", ROUND_STATUSES)
@pytest.mark.parametrize("step", sorted(MAY))
def test_a_step_leads_on_from_exactly_the_statuses_it_is_meant_for(status: str, step: str) -> None:
    if (status, step) in ALLOWED:
        taken = check_step(step, status=status, people=PEOPLE, person_id=somebody(step), reason="because")
        assert taken.after == ALLOWED[status, step]
    else:
        with pytest.raises(WrongStep) as refused:
            check_step(step, status=status, people=PEOPLE, person_id=somebody(step), reason="because")
        assert status in refused.value.text


def test_the_table_has_no_step_that_these_tests_do_not_know() -> None:
    assert set(STEPS) == set(MAY)


def test_nothing_leads_on_from_an_ended_round() -> None:
    assert not {status for status, _ in ALLOWED} & set(ENDED)


@pytest.mark.parametrize("step", sorted(MAY))
@pytest.mark.parametrize("person", [CREATOR, REVIEWER, COMMITTER, OTHER, None])
def test_a_step_is_taken_by_exactly_the_people_it_is_meant_for(
    step: str, person: uuid.UUID | None
) -> None:  # promise 23
    status = STEPS[step].before[0]
    if person in MAY[step]:
        check_step(step, status=status, people=PEOPLE, person_id=person, reason="because")
    else:
        with pytest.raises(NotAllowed):
            check_step(step, status=status, people=PEOPLE, person_id=person, reason="because")


@pytest.mark.parametrize(
    ("step", "person", "error"),
    [
        ("approve", CREATOR, CreatorMayNotReview),
        ("reject", CREATOR, CreatorMayNotReview),
        ("commit", CREATOR, CreatorMayNotCommit),
        ("commit", REVIEWER, ReviewerMayNotCommit),
        ("cancel", OTHER, OnlyTheCreatorCancels),
        ("void", COMMITTER, CommitterMayNotVoid),
    ],
)
def test_a_refusal_names_why_this_person_may_not(step: str, person: uuid.UUID, error: type[NotAllowed]) -> None:
    with pytest.raises(error):
        check_step(step, status=STEPS[step].before[0], people=PEOPLE, person_id=person, reason="because")


@pytest.mark.parametrize("step", sorted(MAY))
@pytest.mark.parametrize("reason", [None, "", "   "])
def test_a_step_that_others_must_understand_later_needs_a_reason(step: str, reason: str | None) -> None:
    status = STEPS[step].before[0]
    if step in NEEDS_REASON:
        with pytest.raises(InvalidInput) as refused:
            check_step(step, status=status, people=PEOPLE, person_id=somebody(step), reason=reason)
        assert refused.value.field == "reason"
    else:
        check_step(step, status=status, people=PEOPLE, person_id=somebody(step), reason=reason)
