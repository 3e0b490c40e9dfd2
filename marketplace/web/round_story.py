"""The page of one round, told as a story: who is in, the rules, the run, the plan, who answered for it."""

import uuid
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from flask import Response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from kernel.catalogue.queries import all_categories
from kernel.regions.models import Region
from marketplace.security.access import clock_now, db, requires, scope_of
from marketplace.web.formatting import moment
from marketplace.web.round_fairness import price_sentence
from marketplace.web.round_figures import (
    DIMENSIONS,
    GroupFigure,
    group_figures,
    level_figures,
    tier_figures,
    township_map,
)
from marketplace.web.round_forms import DrawForm, ReasonForm
from marketplace.web.round_frame import PERMISSIONS, blueprint, standing, the_round
from marketplace.web.round_prices import price_details, price_figures
from marketplace.web.round_progress import progress_figure
from marketplace.web.round_reasons import title as reason_title
from marketplace.web.round_sentences import limits_in_words, told
from matching.rounds.lifecycle import REFREEZABLE
from matching.rounds.page_lines import LineFilter, list_allocations, unmet_by_reason
from matching.rounds.page_names import Names, names_in
from matching.rounds.queries import RoundView, events_of, view_round

FIRST_LINES = 8
RUNNING = ("queued", "solving")
Step = tuple[str, str, str | None, str | None]


@dataclass(frozen=True)
class PlanFigures:
    """What the plan's part of the page shows."""

    tiers: list[Any]
    levels: list[Any]
    townships: list[GroupFigure]
    groups: list[tuple[str, list[GroupFigure]]]
    map: Any
    flags: int
    price: str | None
    households_reached: int
    first_come_households: int | None
    reasons: list[tuple[str, str, Any]]
    lines: Any


@blueprint.get("/<uuid:round_id>")
@requires("round.read")
def detail(round_id: uuid.UUID) -> ResponseReturnValue:
    """The round's page."""
    return page_of_round(round_id)


@blueprint.get("/<uuid:round_id>/progress")
@requires("round.read")
def progress(round_id: uuid.UUID) -> ResponseReturnValue:
    """The part of the page that is asked for every second while a round waits or is computed.

    Once the round has moved on, the page is told to load itself anew; a browser without script asks for the whole page instead.
    """
    match_round = the_round(round_id)
    text = render_template(
        "rounds/_progress.html", round=match_round, progress=progress_figure(match_round, now=clock_now())
    )
    response = Response(text, content_type="text/html; charset=utf-8")
    if match_round.status not in RUNNING:
        response.headers["HX-Refresh"] = "true"
    return response


def page_of_round(
    round_id: uuid.UUID,
    *,
    form: FlaskForm | None = None,
    at_fault: str | None = None,
    errors: list[str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    """The page; `form` with faults stands in the place of the step `at_fault`, further `errors` on top."""
    scope = scope_of("round.read")
    view = view_round(db(), round_id, scope=scope)
    one = view.round
    steps = {step: standing(one, step) for step in PERMISSIONS}
    forms = {step: ReasonForm(formdata=None, prefix=f"{step}-") for step in ("approve", "reject", "cancel", "void")}
    draw = DrawForm(formdata=None)
    if form is not None and at_fault == "draw":
        draw = form
    elif form is not None and at_fault is not None:
        forms[at_fault] = form
    prices = (one.solver or {}).get("prices")
    details = price_details(prices) if prices else ()
    names = names_in(db(), details, limits=one.limits, categories=all_categories(db()))
    regions = _regions(view)
    named = _with_regions(names, regions)
    limits = limits_in_words(one.limits, named)
    text = render_template(
        "rounds/detail.html",
        view=view,
        round=one,
        story=story_steps(view),
        policy=[told(sentence) for sentence in view.policy],
        limits=limits,
        categories=[names.categories[code] for code in one.categories or () if code in names.categories],
        may_step=steps,
        forms=forms,
        draw=draw,
        errors=errors or [],
        progress=progress_figure(one, now=clock_now()) if one.status in RUNNING else None,
        prices=price_figures(prices, named) if prices else None,
        plan=plan_figures(view, regions) if one.levels and one.coverage else None,
        events=events_of(db(), round_id, scope=scope),
        refreezable=one.status in REFREEZABLE and not view.successors,
        exclusions=excluded_offerings(one.pool_summary),
    )
    return text, status


def story_steps(view: RoundView) -> list[Step]:
    """The way of a round as a task list: what, done or next or later, by whom and when."""
    one = view.round
    passed = {
        "draft": 1, "frozen": 3 if one.seed is not None else 2, "queued": 3, "solving": 3, "proposed": 4, "approved": 5,
        "committed": 6, "voided": 6,
    }.get(one.status)  # fmt: skip
    if passed is None:  # ended on the way
        passed = next(
            (
                place
                for place, reached in (
                    (5, one.approved_at), (4, one.proposed_at), (3, one.seed is not None and one.queued_at),
                    (2, one.frozen_at),
                )
                if reached
            ),
            1,
        )  # fmt: skip
    rows = [
        (_("Created"), _("by %(name)s, %(when)s", name=view.creator_name, when=moment(one.created_at))),
        (_("Pool frozen and its hash published"), moment(one.frozen_at) if one.frozen_at else None),
        (_("Public seed drawn"), _("%(source)s: %(value)s", source=one.seed_source, value=one.seed_value) if one.seed_value else one.seed_source),
        (_("Plan computed and checked"), moment(one.proposed_at) if one.proposed_at else None),
        (
            _("Reviewed by a second person"),
            _("by %(name)s, %(when)s", name=view.reviewer_name, when=moment(one.approved_at or one.ended_at)) if view.reviewer_name else None,
        ),
        (
            _("Committed by a third person"),
            _("by %(name)s, %(when)s", name=view.committer_name, when=moment(one.committed_at)) if view.committer_name else None,
        ),
    ]  # fmt: skip
    return [
        (label, "done" if place < passed else "now" if place == passed and not view.ended else "later", note, None)
        for place, (label, note) in enumerate(rows)
    ]


def plan_figures(view: RoundView, regions: dict[str, Region]) -> PlanFigures:
    """Everything the plan's part of the page shows."""
    one = view.round
    comparison, coverage = one.comparison or {}, one.coverage or {}
    names = {code: region.name for code, region in regions.items()}
    first_come = {row["code"]: row["first_come"]["points"] for row in comparison.get("townships", ())}
    townships = group_figures("township", coverage["dimensions"]["township"], names, first_come)
    return PlanFigures(
        tiers=tier_figures(coverage, comparison),
        levels=level_figures(view.levels, comparison),
        townships=sorted(townships, key=lambda figure: (figure.share is None, figure.share, figure.code)),
        groups=[
            (str(DIMENSIONS[name]), group_figures(name, coverage["dimensions"][name], names))
            for name in DIMENSIONS
            if name in coverage["dimensions"]
        ],
        map=township_map(townships, {code: (region.lat, region.lon) for code, region in regions.items()}),
        flags=coverage.get("flags", 0),
        price=price_sentence(coverage["price"]) if coverage.get("price") else None,
        households_reached=comparison.get("plan", {}).get("households_reached", view.counts.households),
        first_come_households=comparison.get("first_come", {}).get("households_reached"),
        reasons=[
            (row.reason, reason_title(row.reason), row) for row in unmet_by_reason(db(), one.id, wanted=LineFilter())
        ],
        lines=list_allocations(db(), one.id, wanted=LineFilter(), limit=FIRST_LINES),
    )


def excluded_offerings(summary: dict[str, Any] | None) -> list[tuple[str, int]]:
    """(reason code, how many) of the offerings outside the pool, the most frequent first."""
    counts = (summary or {}).get("excluded_offerings", {})
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _regions(view: RoundView) -> dict[str, Region]:
    """The regions that the page names: townships of the coverage, and those of the limits."""
    coverage = view.round.coverage or {}
    codes = {row["group"] for row in coverage.get("dimensions", {}).get("township", ())}
    for limit in view.round.limits:
        codes.update(limit.get("regions") or ())
    return {region.code: region for region in db().scalars(sa.select(Region).where(Region.code.in_(codes)))}


def _with_regions(names: Names, regions: dict[str, Region]) -> Names:
    return replace(names, regions={**names.regions, **{code: region.name for code, region in regions.items()}})
