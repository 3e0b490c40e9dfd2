"""An unmet need checked again: what would help, by solving the frozen pool anew. A worker does it; the page follows and keeps it."""

import uuid
from typing import Any

from flask import Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from kernel.catalogue.queries import all_categories
from marketplace.security.access import actor, clock_now, db, requires, scope_of
from marketplace.web.formatting import number
from marketplace.web.round_frame import blueprint, the_round
from marketplace.web.round_reasons import remedies, sentence, title
from marketplace.web.words import word
from matching.rounds.claims import SECONDS, ask_again, can_be_checked, check_of, entry_of, told_by
from matching.rounds.page_names import names_in


@blueprint.post("/<uuid:round_id>/unmet/<uuid:need_id>/again")
@requires("round.read")
def check_claim(round_id: uuid.UUID, need_id: uuid.UUID) -> ResponseReturnValue:
    """Asks a worker to solve again for this need; once is enough, its answer is kept."""
    ask_again(
        db(), round_id=round_id, need_id=need_id, actor=actor(), scope=scope_of("round.read"), now=clock_now()
    )  # fmt: skip
    return redirect(url_for("rounds.checked_claim", round_id=round_id, need_id=need_id), 303)


@blueprint.get("/<uuid:round_id>/unmet/<uuid:need_id>/again")
@requires("round.read")
def checked_claim(round_id: uuid.UUID, need_id: uuid.UUID) -> ResponseReturnValue:
    """The need's reason, how far the check is, and what holds when everything is solved again; nothing of the round is changed."""
    match_round = the_round(round_id)
    entry, check = entry_of(db(), round_id, need_id), check_of(db(), round_id, need_id)
    found = told_by(check, entry)
    asked = {"binding": {"need": str(need_id)}}
    names = names_in(db(), [asked, found.detail], limits=match_round.limits, categories=all_categories(db()))
    return render_template(
        "rounds/checked.html",
        round=match_round,
        need_id=need_id,
        number_of_need=names.needs[str(need_id)],
        title=title(found.reason),
        why=sentence(found.reason, found.detail, names),
        changes=remedies(found.detail, names),
        check=check,
        seconds=SECONDS,
        may_check=can_be_checked(match_round),
        verdict=verdict(found.detail),
        others=[told_claim(claim) for claim in found.detail.get("claims", ())],
    )


@blueprint.get("/<uuid:round_id>/unmet/<uuid:need_id>/again/progress")
@requires("round.read")
def checked_claim_progress(round_id: uuid.UUID, need_id: uuid.UUID) -> ResponseReturnValue:
    """The part of the page that is asked for every second while a worker is at it; then the page is told to load itself anew."""
    match_round = the_round(round_id)
    check = check_of(db(), round_id, need_id)
    response = Response(
        render_template("rounds/_checking.html", round=match_round, need_id=need_id, check=check, seconds=SECONDS),
        content_type="text/html; charset=utf-8",
    )
    if check is None or check.status not in ("queued", "solving"):
        response.headers["HX-Refresh"] = "true"
    return response


def verdict(detail: dict[str, Any]) -> tuple[str, str]:
    """(tone, what solving again showed about the change)."""
    if detail.get("verified") == "solved_again":
        text = _(
            "Solved again with this change the need receives %(after)s instead of %(before)s.",
            after=number(detail["units_after"]), before=number(detail["units_before"]),
        )  # fmt: skip
        small = (
            _("Every smaller change of this kind was ruled out.")
            if detail["smallest"] == "of_its_kind"
            else _("One step less was tried and does not do it.")
        )
        return "good", f"{text} {small}"
    if detail.get("why_not") == "not_found":
        return "warn", _(
            "Solved again, others take what this change sets free, even where it is made much larger. It helps only if the rest of the plan stays as it is."
        )
    if detail.get("why_not") == "not_proven":
        return "info", _(
            "The time was too short to prove it by solving again. The change was tried with the rest of the plan held fixed."
        )
    return "info", _("There is no change to try.")


def told_claim(claim: dict[str, Any]) -> str:
    """From which tier or weight the need would receive more."""
    change = claim["changes"][0]
    if claim["kind"] == "tier":
        return _(
            "In %(tier)s it would receive %(after)s.",
            tier=word("tier", change["to"]),
            after=number(claim["units_after"]),
        )
    return _(
        "From weight %(weight)s on (now %(before)s) it would receive %(after)s.",
        weight=number(change["to"]), before=number(change["from"]), after=number(claim["units_after"]),
    )  # fmt: skip
