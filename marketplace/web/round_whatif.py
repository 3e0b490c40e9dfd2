"""What if: sliders over a round's plan answered at once, questions for a worker, and their answers."""

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from donors.offerings.models import Offering
from households.models import Household
from households.needs.models import Need
from kernel.catalogue.queries import all_categories
from kernel.errors import DomainError, InvalidFields, InvalidInput, NotFound
from kernel.money import fen_from_yuan
from kernel.regions.models import Region
from marketplace.errors import status_of
from marketplace.security.access import actor, clock_now, db, requires, scope_of
from marketplace.serving.warm_plans import NoEstimate, estimate
from marketplace.web.faults import sentence
from marketplace.web.round_compare import region_names
from marketplace.web.round_figures import LEVEL_WORDS, level_value
from marketplace.web.round_frame import blueprint, standing, the_round
from marketplace.web.round_sentences import told_refusal
from marketplace.web.round_whatif_words import FEN, fund_sliders_of, said_change, sliders_of, told_answer, whole_yuan
from matching.alternatives import Change
from matching.problem import Forbid, Pin
from matching.rounds import whatif, whatif_queries
from matching.rounds.models import MatchRound
from matching.rounds.whatif_models import ANSWERED_BY_PLAN, WhatIf
from matching.rounds.whatif_queries import Amounts

LISTED = 60


@dataclass(frozen=True)
class Asked:
    """What the form says: the change, and what could not be read."""

    change: Change
    faults: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing differs from the round."""
        return not self.change.of_amounts


@blueprint.get("/<uuid:round_id>/whatif")
@requires("round.read")
def what_if(round_id: uuid.UUID) -> ResponseReturnValue:
    """The sliders, the answer to what the address asks, and the questions asked so far."""
    return _page(the_round(round_id))


@blueprint.get("/<uuid:round_id>/whatif/answer")
@requires("round.read")
def what_if_answer(round_id: uuid.UUID) -> ResponseReturnValue:
    """The answer alone, for a page whose sliders move."""
    match_round = the_round(round_id)
    if match_round.levels is None:
        raise NotFound("This round has no plan yet; it comes with the proposal")
    return render_template(
        "rounds/_whatif_answer.html", round=match_round, **_answered(match_round, _asked(match_round))
    )


@blueprint.post("/<uuid:round_id>/whatif/prices")
@requires("round.read")
def what_if_prices(round_id: uuid.UUID) -> ResponseReturnValue:
    """Asks a worker for the prices behind the bounds; once per round."""
    whatif.ask(db(), round_id=round_id, change=None, actor=actor(), scope=scope_of("round.read"), now=clock_now())
    return redirect(url_for("rounds.what_if", round_id=round_id), 303)


@blueprint.get("/<uuid:round_id>/whatif/prices")
@requires("round.read")
def what_if_prices_progress(round_id: uuid.UUID) -> ResponseReturnValue:
    """Whether the prices are there; then the page is told to load itself anew."""
    match_round = the_round(round_id)
    status = whatif_queries.prices_status(db(), round_id)
    response = Response(
        render_template("rounds/_whatif_prices.html", round=match_round, prices=status),
        content_type="text/html; charset=utf-8",
    )
    if status == "done":
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<uuid:round_id>/whatif")
@requires("round.write")
def what_if_ask(round_id: uuid.UUID) -> ResponseReturnValue:
    """A full solve of what the sliders say, or a pin or forbid with the fewest changes."""
    match_round = the_round(round_id, "round.write")
    faults: list[str] = []
    try:
        change = _pair_of_form() if request.form.get("pair") else _asked(match_round, request.form).change
        made = whatif.ask(
            db(), round_id=round_id, change=change, actor=actor(), scope=scope_of("round.write"), now=clock_now()
        )
    except NotFound:
        raise
    except InvalidFields as error:
        db().rollback()
        faults = [sentence(fault) for fault in error.faults]
        return _page(match_round, faults=faults, status=422)
    except DomainError as error:
        db().rollback()
        return _page(match_round, faults=[sentence(error)], status=status_of(error))
    return redirect(url_for("rounds.what_if_question", round_id=round_id, what_if_id=made.id), 303)


@blueprint.get("/<uuid:round_id>/whatif/<uuid:what_if_id>")
@requires("round.read")
def what_if_question(round_id: uuid.UUID, what_if_id: uuid.UUID) -> ResponseReturnValue:
    """One question: how far it is, or its answer with every difference."""
    return _question(round_id, what_if_id)


@blueprint.get("/<uuid:round_id>/whatif/<uuid:what_if_id>/progress")
@requires("round.read")
def what_if_progress(round_id: uuid.UUID, what_if_id: uuid.UUID) -> ResponseReturnValue:
    """The part of a question's page that is asked for every second while it waits."""
    match_round, one = _both(round_id, what_if_id)
    response = Response(
        render_template("rounds/_whatif_progress.html", round=match_round, question=one),
        content_type="text/html; charset=utf-8",
    )
    if one.status not in ("queued", "solving"):
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.post("/<uuid:round_id>/whatif/<uuid:what_if_id>/cancel")
@requires("round.write")
def what_if_cancel(round_id: uuid.UUID, what_if_id: uuid.UUID) -> ResponseReturnValue:
    """Ends a question that waits."""
    _both(round_id, what_if_id)
    try:
        whatif.cancel(db(), what_if_id=what_if_id, actor=actor(), scope=scope_of("round.write"), now=clock_now())
    except whatif_queries.NotAnswered as error:
        db().rollback()
        return _question(round_id, what_if_id, errors=[told_refusal(error)], status=409)
    return redirect(url_for("rounds.what_if", round_id=round_id), 303)


@blueprint.post("/<uuid:round_id>/whatif/<uuid:what_if_id>/take-over")
@requires("round.write")
def what_if_take_over(round_id: uuid.UUID, what_if_id: uuid.UUID) -> ResponseReturnValue:
    """A successor of the round with the question's pins, forbids and policy."""
    _both(round_id, what_if_id)
    try:
        made = whatif.take_over(
            db(),
            what_if_id=what_if_id,
            reason=request.form.get("reason", ""),
            actor=actor(),
            scope=scope_of("round.write"),
            now=clock_now(),
        )
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        return _question(round_id, what_if_id, errors=[told_refusal(error)], status=status_of(error))
    flash(_("Round %(number)s takes its place, with the pool as it is today.", number=made.number), "success")
    return redirect(url_for("rounds.detail", round_id=made.id), 303)


def _both(round_id: uuid.UUID, what_if_id: uuid.UUID) -> tuple[MatchRound, WhatIf]:
    """Round and question of the address. Raises NotFound, also where they do not belong together."""
    match_round = the_round(round_id)
    one = whatif_queries.get_what_if(db(), what_if_id, scope=scope_of("round.read"))
    if one.round_id != round_id or one.kind not in ANSWERED_BY_PLAN:
        raise NotFound("There is no such question")
    return match_round, one


def _page(match_round: MatchRound, *, faults: list[str] | None = None, status: int = 200) -> ResponseReturnValue:
    values: dict[str, Any] = {
        "sliders": [],
        "fund_sliders": [],
        "questions": [],
        "prices": None,
        "answer": None,
        "faults": (),
    }
    if match_round.levels is not None:
        amounts = whatif_queries.amounts_of(db(), match_round.id)
        asked = _asked(match_round, amounts=amounts)
        values |= _answered(match_round, asked)
        values |= {
            "sliders": sliders_of(match_round, amounts, asked.change),
            "fund_sliders": fund_sliders_of(amounts, asked.change),
            "questions": [(one, said_change(one)) for one in whatif_queries.questions_of(db(), match_round.id, scope=scope_of("round.read"))],
            "prices": whatif_queries.prices_status(db(), match_round.id),
        }  # fmt: skip
    values["faults"] = (*values["faults"], *(faults or ()))
    text = render_template(
        "rounds/whatif.html",
        round=match_round,
        may_ask=standing(match_round, "queue").allowed,
        typed=request.form,
        **values,
    )
    return text, status


def _answered(match_round: MatchRound, asked: Asked) -> dict[str, Any]:
    """The answer to what is asked, or what is wrong with it."""
    if asked.empty or asked.faults:
        return {"answer": None, "faults": asked.faults}
    try:
        found = estimate(db(), match_round, asked.change)
    except InvalidFields as error:
        return {"answer": None, "faults": tuple(sentence(fault) for fault in error.faults)}
    except (InvalidInput, NoEstimate) as error:
        return {"answer": None, "faults": (sentence(error),)}
    return {
        "answer": found,
        "faults": (),
        "told_answer": told_answer(found),
        "level_value": level_value,
        "names": region_names({code for code, _points in found.townships_below}),
    }


def _asked(match_round: MatchRound, given: Any = None, amounts: Amounts | None = None) -> Asked:
    """The change that the form or the address states: an exact number counts before its slider, a slider at its beginning is no change."""
    given = request.args if given is None else given
    amounts = amounts or whatif_queries.amounts_of(db(), match_round.id)
    faults: list[str] = []

    def money(name: str, now: int) -> int | None:
        exact, slid = given.get(f"{name}-exact", "").strip(), given.get(name, "").strip()
        try:
            wanted = fen_from_yuan(exact) if exact else int(slid) * FEN if slid else now
        except ValueError:
            faults.append(_("%(text)s is no amount in yuan", text=(exact or slid)[:40]))
            return None
        return None if wanted == now or (not exact and slid and int(slid) == whole_yuan(now)) else wanted

    def whole(name: str, now: int) -> int | None:
        text = (given.get(f"{name}-exact", "") or given.get(name, "")).strip()
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 6):
            faults.append(_("%(text)s is no whole number", text=text[:40]))
            return None
        return None if int(text) == now else int(text)

    whole_budget = amounts.budget_fen if amounts.budget_fen is not None else amounts.funds_fen
    funds = {code: fen for code, _name, now in amounts.funds if (fen := money(f"fund-{code}", now)) is not None}
    change = Change(
        budget_fen=money("budget", whole_budget),
        funds=funds or None,
        floor_percent=whole("floor", match_round.floor_percent),
        tolerance_permille=whole("tolerance", match_round.tolerance_permille),
    )
    return Asked(change, tuple(faults))


def _pair_of_form() -> Change:
    """The pin or forbid that was typed by the numbers that the tables show. Raises InvalidInput, InvalidFields."""

    def row(name: str, model: Any, message: str) -> str:
        text = request.form.get(name, "").strip()
        code = (
            db().scalar(sa.select(model.id).where(model.number == int(text)))
            if text.isascii() and text.isdigit() and len(text) < 16
            else None
        )
        if code is None:
            raise InvalidInput(message, field=name, number=text[:20])
        return str(code)

    need = row("need", Need, "There is no need with the number %(number)s")
    offering = row("offering", Offering, "There is no offering with the number %(number)s")
    if request.form["pair"] == "forbid":
        return Change(forbids=(Forbid(need, offering),))
    quantity = request.form.get("quantity", "").strip()
    if not (quantity.isascii() and quantity.isdigit() and len(quantity) < 10):
        raise InvalidInput("Type how many units, as a whole number", field="quantity")
    return Change(pins=(Pin(need, offering, int(quantity)),))


def _question(
    round_id: uuid.UUID, what_if_id: uuid.UUID, *, errors: list[str] | None = None, status: int = 200
) -> ResponseReturnValue:
    match_round, one = _both(round_id, what_if_id)
    result = one.result or {}
    rows = (result.get("differences") or [])[:LISTED]
    needs = {row["need"] for row in rows}
    facts = {
        str(row[0]): row[1:]
        for row in db().execute(
            sa.select(Need.id, Need.number, Household.number, Region.full_name, Need.category_code)
            .join(Household, Household.id == Need.household_id)
            .join(Region, Region.code == Need.region_code)
            .where(Need.id.in_({uuid.UUID(code) for code in needs}))
        )
    }
    sources = {code for row in rows for side in ("offerings_before", "offerings_after") for code in row[side]}
    offerings = {
        str(code): _("no. %(number)s %(title)s", number=found, title=title)
        for code, found, title in db().execute(
            sa.select(Offering.id, Offering.number, Offering.title).where(
                Offering.id.in_({uuid.UUID(code) for code in sources})
            )
        )
    }
    before = {row["name"]: row for row in result.get("levels_before") or ()}
    text = render_template(
        "rounds/whatif_question.html",
        round=match_round,
        question=one,
        said=said_change(one),
        result=result,
        levels=[
            (LEVEL_WORDS[row["name"]][0], row["name"], before[row["name"]], row) for row in result.get("levels") or ()
        ],
        level_value=level_value,
        rows=[(row, facts[row["need"]]) for row in rows if row["need"] in facts],
        offerings=offerings,
        categories={category.code: category for category in all_categories(db())},
        may_ask=standing(match_round, "queue").allowed,
        errors=errors or [],
        typed=request.form.get("reason", ""),
    )
    return text, status
