"""The steps people take with a round: freeze, draw, run, approve, send back, cancel, freeze anew, commit, void.

A refused step shows the round's page again with the reason at the place where it can be mended; nothing typed is lost.
"""

import uuid
from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from kernel.errors import Conflict, DomainError, InvalidInput, NotFound
from marketplace.errors import status_of
from marketplace.security.access import actor, clock_now, db, requires, scope_of
from marketplace.web.faults import put_faults
from marketplace.web.round_forms import DrawForm, ReasonForm
from marketplace.web.round_frame import blueprint, standing, the_round
from marketplace.web.round_sentences import told, told_refusal
from marketplace.web.round_story import page_of_round
from matching.rounds import commit, operations
from matching.rounds.models import MatchRound
from matching.rounds.page_queries import reserve_by_category, reserve_by_fund
from matching.rounds.queries import counts_of

Answer = Callable[[], MatchRound]


@blueprint.post("/<uuid:round_id>/freeze")
@requires("round.write")
def freeze(round_id: uuid.UUID) -> ResponseReturnValue:
    """Freezes the pool and publishes its hash."""

    def act() -> MatchRound:
        done = operations.freeze_round(db(), round_id=round_id, **_by("round.write"))
        flash(
            _("The pool is frozen and its hash is published. Draw the seed when the public value is known."), "success"
        )
        return done

    return _take(round_id, act)


@blueprint.post("/<uuid:round_id>/draw")
@requires("round.write")
def draw(round_id: uuid.UUID) -> ResponseReturnValue:
    """Records the public value and the seed it gives."""
    form = DrawForm()

    def act() -> MatchRound:
        done = operations.draw_seed(db(), round_id=round_id, value=form.value.data or "", **_by("round.write"))
        flash(
            _("The seed is %(seed)s. It decides only between needs that are equal in everything else.", seed=done.seed),
            "success",
        )
        return done

    return _take(round_id, act, form=form, place="draw")


@blueprint.post("/<uuid:round_id>/run")
@requires("round.write")
def run(round_id: uuid.UUID) -> ResponseReturnValue:
    """Puts the round into the queue."""
    return _take(round_id, lambda: operations.press_run(db(), round_id=round_id, **_by("round.write")))


@blueprint.post("/<uuid:round_id>/approve")
@requires("round.review")
def approve(round_id: uuid.UUID) -> ResponseReturnValue:
    """A reviewer's yes, with the reason."""
    done = _("Approved. A third person commits the round now.")
    return _take_with_reason(round_id, "approve", operations.approve_round, "round.review", done)


@blueprint.post("/<uuid:round_id>/reject")
@requires("round.review")
def reject(round_id: uuid.UUID) -> ResponseReturnValue:
    """A reviewer's no, with the reason."""
    done = _("Sent back. The coordinator may freeze the round anew.")
    return _take_with_reason(round_id, "reject", operations.reject_round, "round.review", done)


@blueprint.post("/<uuid:round_id>/cancel")
@requires("round.write")
def cancel(round_id: uuid.UUID) -> ResponseReturnValue:
    """The creator ends the round before it is committed."""
    done = _("The round is cancelled; nothing was reserved.")
    return _take_with_reason(round_id, "cancel", operations.cancel_round, "round.write", done)


@blueprint.post("/<uuid:round_id>/refreeze")
@requires("round.write")
def refreeze(round_id: uuid.UUID) -> ResponseReturnValue:
    """A successor with the same rules and today's pool."""

    def act() -> MatchRound:
        made = operations.refreeze(db(), round_id=round_id, **_by("round.write"))
        flash(_("Round %(number)s takes its place, with the pool as it is today.", number=made.number), "success")
        return made

    return _take(round_id, act)


@blueprint.get("/<uuid:round_id>/commit")
@requires("round.commit")
def confirm(round_id: uuid.UUID) -> ResponseReturnValue:
    """What a commit would reserve. What changed since the freeze takes longer to find: the page asks for it (`changes`)
    once it stands, or, without script, by a link to itself with ``look=1``.
    """
    match_round = the_round(round_id, "round.commit")
    return _confirmation(match_round, look=match_round.status != "approved" or request.args.get("look") == "1")


@blueprint.get("/<uuid:round_id>/changes")
@requires("round.commit")
def changes(round_id: uuid.UUID) -> ResponseReturnValue:
    """The part of the page that lists what changed since the freeze, and the button where nothing did. Raises NotFound, Conflict."""
    return render_template("rounds/_changes.html", **_looked(the_round(round_id, "round.commit")))


def _confirmation(
    match_round: MatchRound, *, look: bool, errors: list[str] | None = None, status: int = 200
) -> ResponseReturnValue:
    text = render_template(
        "rounds/commit.html",
        counts=counts_of(db(), match_round.id),
        by_category=reserve_by_category(db(), match_round.id),
        by_fund=reserve_by_fund(db(), match_round.id),
        errors=errors or [],
        **(_looked(match_round) if look else {"round": match_round, "changes": None}),
    )
    return text, status


def _looked(match_round: MatchRound) -> dict[str, Any]:
    found = commit.changes_of(db(), round_id=match_round.id, scope=scope_of("round.commit"), now=clock_now())
    return {
        "round": match_round,
        "changes": [told(change.sentence) for change in found],
        "may_commit": standing(match_round, "commit"),
        "may_refreeze": standing(match_round, "supersede").allowed,
    }


@blueprint.post("/<uuid:round_id>/commit")
@requires("round.commit")
def commit_it(round_id: uuid.UUID) -> ResponseReturnValue:
    """Reserves every offering and every charge of the plan, or nothing."""
    try:
        done = commit.commit_round(db(), round_id=round_id, **_by("round.commit"))
    except NotFound:
        raise
    except commit.PoolChanged:
        db().rollback()
        text = _("Nothing was reserved: what the plan uses has changed since the freeze.")
        return _confirmation(the_round(round_id, "round.commit"), look=True, errors=[text], status=409)
    except DomainError as error:
        db().rollback()
        return page_of_round(round_id, errors=[told_refusal(error)], status=status_of(error))
    flash(_("Committed: the help is reserved, household by household. Workers can confirm deliveries now."), "success")
    return redirect(url_for("rounds.detail", round_id=done.id), 303)


@blueprint.post("/<uuid:round_id>/void")
@requires("round.commit")
def void(round_id: uuid.UUID) -> ResponseReturnValue:
    """Gives back what has not been delivered, with the reason."""
    done = _("Voided: what was not delivered is free again.")
    return _take_with_reason(round_id, "void", commit.void_round, "round.commit", done)


def _by(permission: str) -> dict[str, Any]:
    """Who acts, where and when."""
    return {"actor": actor(), "scope": scope_of(permission), "now": clock_now()}


def _take_with_reason(
    round_id: uuid.UUID, step: str, operation: Callable[..., MatchRound], permission: str, done: str
) -> ResponseReturnValue:
    """Takes a step that says why; the form of the step stands at its own place on the page."""
    form = ReasonForm(prefix=f"{step}-")

    def act() -> MatchRound:
        taken = operation(db(), round_id=round_id, reason=form.reason.data or "", **_by(permission))
        flash(done, "success")
        return taken

    return _take(round_id, act, form=form, place=step)


def _take(
    round_id: uuid.UUID, act: Answer, *, form: FlaskForm | None = None, place: str | None = None
) -> ResponseReturnValue:
    """Takes the step; a refusal shows the page again with its reason."""
    if form is not None and not form.validate():
        return page_of_round(round_id, form=form, at_fault=place, status=422)
    try:
        done = act()
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        errors = [told_refusal(error)]
        if form is not None and isinstance(error, InvalidInput | Conflict) and error.field in form:
            put_faults(form, error)
            errors = []
        return page_of_round(round_id, form=form, at_fault=place, errors=errors, status=status_of(error))
    return redirect(url_for("rounds.detail", round_id=done.id), 303)
