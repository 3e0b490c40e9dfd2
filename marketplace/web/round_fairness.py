"""Fairness of a round: whom the plan reaches within each tier, what the floors of the townships cost, who has waited; and the exports."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kernel.catalogue.queries import all_categories
from kernel.regions.models import Region
from marketplace.security.access import db, requires, scope_of
from marketplace.web.formatting import number, percent
from marketplace.web.round_charts import Group, RatioChart, ratio_chart
from marketplace.web.round_figures import GROUP_ORDER, POINTS, group_name
from marketplace.web.round_frame import blueprint, the_round
from marketplace.web.round_lines import file_name, places_of
from marketplace.web.round_sentences import rounds_text, told
from marketplace.web.spreadsheets import KINDS, Value, file_of
from matching.rounds.coverage import FEWEST_HOUSEHOLDS, for_the_public
from matching.rounds.models import MatchRound
from matching.rounds.rules import waiting_in_words
from matching.rounds.waits import list_waits, waiting_document_text, waiting_rule

DIMENSION_WORDS = {
    "township": _l("By township"),
    "type": _l("By household type"),
    "sex": _l("By sex of the household's members"),
    "head": _l("By sex of the head"),
    "age": _l("By age of the household's members"),
    "disability": _l("By disability in the household"),
}
TIERS = ("1", "2", "3")
EXCEPTION_WORDS = {
    "pin": _l("A person pinned it so"),
    "unit_size": _l("Units do not divide: a need takes all or nothing, or the exchange would cost more than it brings"),
    "max_needs": _l("The helper serves as many needs as agreed"),
    "household_cap": _l("The cap of the household"),
    "limit": _l("A spending limit"),
    "fund": _l("No fund that may pay has enough left"),
    "fairness_floor": _l("The floor of a township"),
    "tolerance": _l("What fairness may take from a tier"),
    "unproven": _l("The search did not finish the level that rules it out"),
    "undecided": _l("Too many ways to fill the need were open to try them all"),
}
"""Reasons of `matching.properties`, the most telling first"""


@dataclass(frozen=True)
class Cell:
    """One group in one tier: needs asked and reached, the share of weight served, that over the whole round's; `flag` under 0.8."""

    needs: int
    reached: int
    share: float | None
    ratio: float | None
    flag: bool


@dataclass(frozen=True)
class Line:
    """One group over the tiers. `standardised` as if its needs were as urgent as the round's, beside the round's own `standard`."""

    name: str
    households: int
    needs: int
    reached: int
    tiers: tuple[Cell | None, ...]
    standardised: float | None
    standard: float | None
    ratio: float | None
    flag: bool
    small: bool


@dataclass(frozen=True)
class Dimension:
    """One way of telling households apart: its table and its chart."""

    code: str
    title: str
    lines: tuple[Line, ...]
    chart: RatioChart


@dataclass(frozen=True)
class PriceLine:
    """What the floors took from one tier, in weight; shares of what the tier had."""

    tier: int
    fixed: str
    delivered: str
    given_up: str
    share: str
    at_most: str


@dataclass(frozen=True)
class TownLine:
    """One township against its floor, in weight; None where it is not known what stood before."""

    name: str
    floor: str
    before: str | None
    points: str
    lacked_before: str | None
    lacks: str
    helped: bool


@dataclass(frozen=True)
class Price:
    """The price of fairness: a sentence, the tiers, the townships with the furthest from its floor first."""

    sentence: str
    tiers: tuple[PriceLine, ...]
    towns: tuple[TownLine, ...]
    known_before: bool


@dataclass(frozen=True)
class Exceptions:
    """(what justifies it, idle units beside unmet needs, needs served before one that outranks them), and what nothing justifies."""

    rows: tuple[tuple[str, int, int], ...]
    unjustified: int
    sentences: tuple[str, ...]


@blueprint.get("/<uuid:round_id>/fairness")
@requires("round.read")
def fairness(round_id: uuid.UUID) -> ResponseReturnValue:
    """Coverage by group within each tier, the price of fairness, and who has waited."""
    match_round = the_round(round_id)
    found = match_round.coverage
    names = region_names(found)
    waits = list_waits(db(), round_id, scope=scope_of("round.read"), after=request.args.get("after"))
    return render_template(
        "rounds/fairness.html",
        round=match_round,
        dimensions=dimensions(found, names) if found else [],
        flags=found.get("flags", 0) if found else 0,
        tier_flags=found.get("tier_flags", 0) if found else 0,
        price=price_of(found, names) if found else None,
        exceptions=exceptions_of(found) if found else None,
        waits=waits,
        waiting=[told(sentence) for sentence in waiting_in_words(waiting_rule(match_round))],
        waited=rounds_text,
        places=places_of([row.region_code for row in waits.rows]),
        categories={one.code: one for one in all_categories(db())},
        next_url=url_for("rounds.fairness", round_id=round_id, after=waits.next_after) if waits.next_after else None,
        first_url=url_for("rounds.fairness", round_id=round_id) if request.args.get("after") else None,
        fewest=FEWEST_HOUSEHOLDS,
    )


@blueprint.get("/<uuid:round_id>/fairness.<kind>")
@requires("round.read")
def export_fairness(round_id: uuid.UUID, kind: str) -> Response:
    """The figures of every group in every tier as CSV or XLSX."""
    match_round = _with_plan(round_id, kind)
    head = (
        _("Group by"), _("Group"), _("Tier"), _("Households"), _("Households reached"), _("Needs"), _("Needs reached"), _("Needs met"),
        _("Weight asked"), _("Weight served"), _("Coverage in percent"), _("Against expected, in percent"), _("Flag"),
    )  # fmt: skip
    rows = list(_export_rows(match_round.coverage or {}, region_names(match_round.coverage)))
    return file_of(kind, name=file_name(match_round, "fairness"), head=head, rows=rows)


@blueprint.get("/<uuid:round_id>/fairness-published.<kind>")
@requires("round.read")
def export_published(round_id: uuid.UUID, kind: str) -> Response:
    """What may be published: no group of fewer than 10 households, and none that could be worked out from the others."""
    match_round = _with_plan(round_id, kind)
    names = region_names(match_round.coverage)
    head = (
        _("Group by"), _("Group"), _("Households"), _("Coverage, standardised, in percent"),
        _("The round's by the same weights, in percent"), _("Against expected, in percent"), _("Flag"),
    )  # fmt: skip
    rows = [
        [
            str(DIMENSION_WORDS[code]), group_name(code, row["group"], names), row["households"], _hundred(row["standardised"]),
            _hundred(row["standard"]), _hundred(row["ratio"]), _("flag") if row["flag"] else "",
        ]
        for code, found in for_the_public(match_round.coverage or {"dimensions": {}}).items()
        for row in found
    ]  # fmt: skip
    return file_of(kind, name=file_name(match_round, "fairness-published"), head=head, rows=rows)


@blueprint.get("/<uuid:round_id>/waiting.json")
@requires("round.read")
def waiting_document(round_id: uuid.UUID) -> Response:
    """How waiting changed the weights of the pool, as the text whose SHA-256 stands in the name of the frozen problem."""
    match_round = the_round(round_id)
    response = Response(waiting_document_text(db(), match_round), content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name(match_round, "waiting")}.json"'
    return response


def region_names(found: Mapping[str, Any] | None) -> dict[str, str]:
    """Names of the townships that a stored coverage speaks of."""
    codes = {row["group"] for row in (found or {}).get("dimensions", {}).get("township", ())}
    return {
        code: name for code, name in db().execute(sa.select(Region.code, Region.name).where(Region.code.in_(codes)))
    }


def dimensions(found: Mapping[str, Any], names: Mapping[str, str]) -> list[Dimension]:
    """Every dimension of a stored coverage, in the order of the page."""
    return [
        Dimension(
            code,
            str(title),
            lines := tuple(
                _line(code, row, names) for row in _in_order(code, found["dimensions"][code]) if row.get("tiers")
            ),
            ratio_chart(
                Group(
                    line.name,
                    line.ratio,
                    line.flag,
                    tuple(
                        (tier, cell.ratio, cell.flag)
                        for tier, cell in enumerate(line.tiers, start=1)
                        if cell is not None
                    ),
                )
                for line in lines
            ),
        )
        for code, title in DIMENSION_WORDS.items()
        if code in found["dimensions"]
    ]


def _in_order(dimension: str, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Groups as people list them; townships by what they got against what was expected, the least first."""
    if dimension == "township":
        return sorted(rows, key=lambda row: (row["ratio"] is None, row["ratio"], row["group"]))
    order = GROUP_ORDER.get(dimension, ())
    return sorted(
        rows, key=lambda row: (order.index(row["group"]) if row["group"] in order else len(order), row["group"])
    )


def _line(dimension: str, row: Mapping[str, Any], names: Mapping[str, str]) -> Line:
    cells = [row["tiers"].get(tier) for tier in TIERS]
    return Line(
        name=group_name(dimension, row["group"], names),
        households=row["households"],
        needs=row["needs"],
        reached=row["needs_reached"],
        tiers=tuple(
            None
            if cell is None
            else Cell(cell["needs"], cell["needs_reached"], cell["rate"], cell["ratio"], cell["flag"])
            for cell in cells
        ),
        standardised=row["standardised"],
        standard=row["standard"],
        ratio=row["ratio"],
        flag=row["flag"],
        small=row["small"],
    )


def price_of(found: Mapping[str, Any], names: Mapping[str, str]) -> Price | None:
    """The price of fairness as the page tells it; None where the round does not hold it."""
    price = found.get("price")
    if not price:
        return None
    return Price(
        sentence=price_sentence(price),
        tiers=tuple(
            PriceLine(
                tier=row["tier"],
                fixed=_weight(row["fixed"]),
                delivered=_weight(row["delivered"]),
                given_up=_weight(row["given_up"]),
                share=_share(row["given_up"], row["fixed"]),
                at_most=_weight(row["fixed"] - row["least"]),
            )
            for row in price["tiers"]
        ),
        towns=tuple(
            TownLine(
                name=names.get(row["code"], row["code"]),
                floor=_weight(row["floor"]),
                before=None if row["before"] is None else _weight(row["before"]),
                points=_weight(row["points"]),
                lacked_before=None if row["shortfall_before"] is None else _weight(row["shortfall_before"]),
                lacks=_weight(row["shortfall"]),
                helped=(row["shortfall_before"] or 0) > row["shortfall"],
            )
            for row in sorted(price["townships"], key=lambda row: (-row["shortfall"], -(row["shortfall_before"] or 0), row["code"]))
        ),
        known_before=price["shortfall_before"] is not None,
    )  # fmt: skip


def exceptions_of(found: Mapping[str, Any]) -> Exceptions | None:
    """What the page lists of the exceptions; None where the round does not hold them."""
    kept = found.get("exceptions")
    if not kept:
        return None
    order = list(EXCEPTION_WORDS)
    reasons = sorted({*kept["idle"], *kept["envy"]}, key=lambda one: order.index(one) if one in order else len(order))
    return Exceptions(
        tuple(
            (str(EXCEPTION_WORDS.get(one, one)), kept["idle"].get(one, 0), kept["envy"].get(one, 0)) for one in reasons
        ),
        kept["unjustified"],
        tuple(kept["sentences"]),
    )


def price_sentence(price: Mapping[str, Any]) -> str:
    """What the floors cost and brought, in one sentence."""
    values = {
        "share": _share(price["given_up"], price["fixed"]),
        "cost": _weight(price["given_up"]),
        "before": _weight(price["shortfall_before"] or 0),
        "after": _weight(price["shortfall"]),
    }
    if price["shortfall_before"] is None:
        if price["given_up"] > 0:
            return _(
                "The floors cost %(cost)s of weight (%(share)s of what the tiers had); townships still lack %(after)s to their floors.",
                **values,
            )
        return _("The floors cost nothing; townships still lack %(after)s of weight to their floors.", **values)
    if price["shortfall_before"] == 0:
        return _("Every township reached its floor by itself; fairness cost nothing.")
    if price["given_up"] > 0:
        return _(
            "The floors cost %(cost)s of weight (%(share)s of what the tiers had); what townships lack to their floors fell from %(before)s to %(after)s.",
            **values,
        )
    return _(
        "The floors cost nothing; what townships lack to their floors fell from %(before)s to %(after)s of weight.",
        **values,
    )


def _export_rows(found: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[list[Value]]:
    for code, title in DIMENSION_WORDS.items():
        for row in _in_order(code, found.get("dimensions", {}).get(code, ())):
            who = [str(title), group_name(code, row["group"], names)]
            for tier in TIERS:
                cell = row.get("tiers", {}).get(tier)
                if cell is not None:
                    yield [
                        *who,
                        int(tier),
                        *_figures(cell),
                        _hundred(cell["rate"]),
                        _hundred(cell["ratio"]),
                        _("flag") if cell["flag"] else "",
                    ]
            yield [
                *who, _("all, standardised"), *_figures(row), _hundred(row.get("standardised")), _hundred(row["ratio"]),
                _("flag") if row["flag"] else "",
            ]  # fmt: skip


def _figures(row: Mapping[str, Any]) -> list[Value]:
    return [
        row["households"], row["households_reached"], row["needs"], row["needs_reached"], row.get("needs_met"),
        row["possible"] // POINTS, row["points"] // POINTS,
    ]  # fmt: skip


def _with_plan(round_id: uuid.UUID, kind: str) -> MatchRound:
    match_round = the_round(round_id)
    if kind not in KINDS or not match_round.coverage:
        abort(404)
    return match_round


def _weight(points: int) -> str:
    return number(points / POINTS, 0 if points % POINTS == 0 or abs(points) >= 100 * POINTS else 1)


def _share(part: int, whole: int) -> str:
    if not whole:
        return percent(None)
    decimals = 2 if part else 0
    return percent(part / whole, decimals) if part >= 0 else "−" + percent(-part / whole, decimals)


def _hundred(share: float | None) -> Decimal | None:
    """A share as a number of percent with one decimal, for a spreadsheet's cell."""
    return None if share is None else Decimal(round(1000 * share)).scaleb(-1)
