"""Match rounds 匹配轮次: the list, and the form that starts a new one. The page of a round is told in `round_story`."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from donors.funds.queries import list_funds
from kernel.catalogue.queries import all_categories
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotAllowed, NotFound
from kernel.regions.models import Region
from kernel.regions.queries import children_of
from marketplace.security.access import actor, clock_now, db, requires, scope_of, today
from marketplace.web import (
    round_claims,
    round_compare,
    round_fairness,
    round_lines,
    round_steps,
    round_story,
    round_whatif,
)
from marketplace.web.faults import put_faults
from marketplace.web.formatting import day, named
from marketplace.web.round_forms import RoundForm
from marketplace.web.round_frame import blueprint
from marketplace.web.round_sentences import policy_preview
from matching.rounds.models import ROUND_STATUSES, MatchRound
from matching.rounds.operations import create_round
from matching.rounds.queries import list_rounds
from matching.rounds.waits import rule_of_last_round
from projects.queries import list_projects

# importing them puts their routes on the blueprint
ROOMS = (round_claims, round_compare, round_fairness, round_lines, round_steps, round_story, round_whatif)
MOST_REGIONS = 400


@blueprint.get("")
@requires("round.read")
def index() -> ResponseReturnValue:
    """The rounds of the person's regions, newest first."""
    status = request.args.get("status", "")
    page = list_rounds(
        db(),
        scope=scope_of("round.read"),
        text=request.args.get("text", ""),
        status=status if status in ROUND_STATUSES else None,
        after=request.args.get("after"),
    )
    return render_template(
        "rounds/index.html", page=page, coverage={row.round.id: coverage_of(row.round) for row in page.rows}
    )


def coverage_of(match_round: MatchRound) -> tuple[int, int] | None:
    """(weight served, weight wanted) of a round with a plan, None before."""
    tiers = (match_round.coverage or {}).get("tiers")
    if not tiers:
        return None
    served, wanted = (sum(row[name] for row in tiers.values()) for name in ("points", "possible"))
    return served // 1000, wanted // 1000


@blueprint.route("/new", methods=["GET", "POST"])
@requires("round.write")
def create() -> ResponseReturnValue:
    """The form of a new round; what is wrong stands at its field and nothing typed is lost."""
    form = RoundForm()
    scope = scope_of("round.write")
    form.offer(
        regions=region_choices(scope),
        categories=[(one.code, named(one)) for one in all_categories(db())],
        projects=[
            (str(row.project.id), row.project.name)
            for row in list_projects(db(), scope=scope, now=clock_now(), status="listed", limit=200).rows
        ],
        funds=[
            (str(row.fund.id), row.fund.name) for row in list_funds(db(), scope=scope, status="open", limit=200).rows
        ],
    )
    status = 200
    if request.method == "GET":
        form.name.data = _("Match round of %(day)s", day=day(today()))
        rule = rule_of_last_round(db(), scope)
        form.waiting_step.data, form.waiting_most.data = rule.step, rule.most
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                made = create_round(db(), entry=form.entry(), actor=actor(), scope=scope, now=clock_now())
            except (InvalidInput, InvalidFields, NotFound, NotAllowed, Conflict) as error:
                db().rollback()
                put_faults(form, error, form.field_names())
            else:
                flash(
                    _(
                        "Round %(number)s is a draft. Read its rules once more, then freeze the pool.",
                        number=made.number,
                    ),
                    "success",
                )
                return redirect(url_for("rounds.detail", round_id=made.id), 303)
    return render_template("rounds/create.html", form=form, policy=policy_preview(form)), status


def region_choices(scope: tuple[str, ...]) -> list[tuple[str, str]]:
    """The regions a round of this person may cover: their own and what lies below, down to townships, while they are few."""
    found: list[tuple[str, str]] = []
    for code in scope:
        top = db().get_one(Region, code)
        found.append((top.code, top.name))
        level = [top]
        while level and len(level[0].code) < 9 and len(found) < MOST_REGIONS:
            level = [below for one in level for below in children_of(db(), one.code)]
            found.extend((one.code, f"— {one.name}") for one in level)
    return found[:MOST_REGIONS]
