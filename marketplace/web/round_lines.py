"""The tables of a round: who gets what, what stays unmet and what would change it, what was not in the pool; and their exports."""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from kernel.catalogue.queries import all_categories
from kernel.regions.models import Region
from marketplace.security.access import db, requires
from marketplace.web.formatting import named, unit_of
from marketplace.web.list_exports import record_export
from marketplace.web.round_caps import raised_by
from marketplace.web.round_frame import address_with, blueprint, filter_choices, filter_of_address, the_round
from marketplace.web.round_reasons import is_tried, listed, remedies, title
from marketplace.web.round_reasons import sentence as reason_sentence
from marketplace.web.round_sentences import exclusion
from marketplace.web.spreadsheets import KINDS, Value, file_of, yuan
from marketplace.web.words import word
from matching.rounds.claims import can_be_checked, checks_of
from matching.rounds.documents import plan_document_text, problem_text
from matching.rounds.models import MatchRound
from matching.rounds.page_lines import (
    AllocationLine,
    ExcludedLine,
    UnmetLine,
    count_allocations,
    every_allocation,
    every_unmet,
    list_allocations,
    list_excluded,
    list_unmet,
    unmet_by_reason,
)
from matching.rounds.page_names import Names, names_in
from matching.rounds.queries import counts_of
from matching.rounds.waits import waits_of_needs


@blueprint.get("/<uuid:round_id>/allocations")
@requires("round.read")
def allocations(round_id: uuid.UUID) -> ResponseReturnValue:
    """Each line of the plan: household, need, offering, quantity, cost, funds, distance."""
    match_round = the_round(round_id)
    wanted = filter_of_address(match_round)
    page = list_allocations(db(), round_id, wanted=wanted, after=request.args.get("after"))
    return render_template(
        "rounds/allocations.html",
        round=match_round,
        page=page,
        total=count_allocations(db(), round_id, wanted=wanted),
        places=places_of([line.need.region_code for line in page.rows]),
        choices=filter_choices(match_round),
        **_addresses("rounds.allocations", round_id, page.next_after),
    )


@blueprint.get("/<uuid:round_id>/unmet")
@requires("round.read")
def unmet(round_id: uuid.UUID) -> ResponseReturnValue:
    """Each need that lacks something, with its reason in words and what would change it."""
    match_round = the_round(round_id)
    wanted = filter_of_address(match_round)
    page = list_unmet(db(), round_id, wanted=wanted, after=request.args.get("after"))
    names = _names(match_round, [line.detail for line in page.rows])
    reasons = unmet_by_reason(db(), round_id, wanted=wanted)
    return render_template(
        "rounds/unmet.html",
        round=match_round,
        page=page,
        told={line.need.need_id: told_reason(line, names, match_round) for line in page.rows},
        waits=waits_of_needs(db(), round_id, [line.need.need_id for line in page.rows]),
        reasons=[
            (row, title(row.reason), url_for("rounds.unmet", round_id=round_id, **address_with(reason=row.reason)))
            for row in reasons
        ],
        total=sum(row.needs for row in reasons),
        places=places_of([line.need.region_code for line in page.rows]),
        choices=filter_choices(match_round),
        checkable=can_be_checked(match_round),
        checks=checks_of(db(), round_id, [line.need.need_id for line in page.rows]),
        reason_choices=[("", _("All reasons")), *((row.reason, title(row.reason)) for row in reasons)],
        **_addresses("rounds.unmet", round_id, page.next_after),
    )


@blueprint.get("/<uuid:round_id>/excluded")
@requires("round.read")
def excluded(round_id: uuid.UUID) -> ResponseReturnValue:
    """Each open need of the scope that was not in the pool, and why."""
    match_round = the_round(round_id)
    page = list_excluded(db(), round_id, wanted=filter_of_address(match_round), after=request.args.get("after"))
    counts = counts_of(db(), round_id).excluded
    return render_template(
        "rounds/excluded.html",
        round=match_round,
        page=page,
        counts=counts,
        places=places_of([line.need.region_code for line in page.rows]),
        choices=filter_choices(match_round),
        reason_choices=[("", _("All reasons")), *((code, exclusion(code)) for code in counts)],
        **_addresses("rounds.excluded", round_id, page.next_after),
    )


@blueprint.get("/<uuid:round_id>/allocations.<kind>")
@requires("round.read")
def export_allocations(round_id: uuid.UUID, kind: str) -> Response:
    """The lines under the filter of the address as CSV or XLSX; people by their surname, and the taking along is on the trail."""
    match_round = the_round(round_id)
    if kind not in KINDS:
        abort(404)
    lines = list(every_allocation(db(), round_id, wanted=filter_of_address(match_round)))
    places = places_of([line.need.region_code for line in lines])
    head = (
        _("Household"), _("Head of household"), _("Need"), _("Township and village"), _("Tier"), _("Type"), _("Needed"),
        _("Offering"), _("Title"), _("Donor"), _("Given"), _("Quantity"), _("Unit"), _("Cost in yuan"), _("Paid by"), _("Distance in metres"), _("Status"),
    )  # fmt: skip
    _record(match_round, "allocations", len(lines))
    return file_of(
        kind, name=file_name(match_round, "allocations"), head=head, rows=list(_allocation_rows(lines, places))
    )


@blueprint.get("/<uuid:round_id>/unmet.<kind>")
@requires("round.read")
def export_unmet(round_id: uuid.UUID, kind: str) -> Response:
    """The unmet needs under the filter of the address as CSV or XLSX; people by their surname, and the taking along is on the trail."""
    match_round = the_round(round_id)
    if kind not in KINDS:
        abort(404)
    lines = every_unmet(db(), round_id, wanted=filter_of_address(match_round))
    names = _names(match_round, [line.detail for line in lines])
    places = places_of([line.need.region_code for line in lines])
    head = (
        _("Household"), _("Head of household"), _("Need"), _("Township and village"), _("Tier"), _("Type"), _("Needed"),
        _("Quantity"), _("Missing"), _("Unit"), _("Reason"), _("Why"), _("What would change it"),
    )  # fmt: skip
    _record(match_round, "unmet", len(lines))
    rows = list(_unmet_rows(lines, places, names, match_round))
    return file_of(kind, name=file_name(match_round, "unmet"), head=head, rows=rows)


def _record(match_round: MatchRound, table: str, rows: int) -> None:
    record_export("round", match_round.id, rows=rows, region_code=match_round.region_code, table=table)


def told_reason(line: UnmetLine, names: Names, match_round: MatchRound) -> dict[str, Any]:
    """One unmet need's reason as the page tells it; a cap that case conferences raised names them."""
    why = reason_sentence(line.reason, line.detail, names)
    if line.reason == "household_cap":
        why += raised_by(match_round, line.need.household_id)
    return {
        "title": title(line.reason),
        "why": why,
        "changes": remedies(line.detail, names),
        "tried": is_tried(line.detail),
    }


def places_of(codes: Sequence[str]) -> dict[str, str]:
    """Region code of a line → “township, village”."""
    wanted = {code[:length] for code in codes for length in (9, 12) if length <= len(code)} | set(codes)
    rows = db().execute(sa.select(Region.code, Region.name).where(Region.code.in_(wanted)))
    names = {code: name for code, name in rows}
    return {
        code: " ".join(names[part] for part in dict.fromkeys((code[:9], code)) if part in names) or code
        for code in set(codes)
    }


def _names(match_round: MatchRound, details: Sequence[dict[str, Any]]) -> Names:
    return names_in(db(), details, limits=match_round.limits, categories=all_categories(db()))


def _addresses(endpoint: str, round_id: uuid.UUID, next_after: str | None) -> dict[str, Any]:
    query = address_with()
    return {
        "clear_url": url_for(endpoint, round_id=round_id),
        "next_url": url_for(endpoint, round_id=round_id, **query, after=next_after) if next_after else None,
        "first_url": url_for(endpoint, round_id=round_id, **query) if request.args.get("after") else None,
        "query": query,
    }


def file_name(match_round: MatchRound, what: str) -> str:
    """The name of a download of this round, without its ending."""
    return f"zhongfu-round-{match_round.number}-{what}"


def _need_cells(line: AllocationLine | UnmetLine | ExcludedLine, places: dict[str, str]) -> list[Value]:
    need = line.need
    return [
        need.household_number, need.head, need.need_number, places.get(need.region_code, need.region_code),
        word("tier", need.tier), word("type", need.type), named(need.category),
    ]  # fmt: skip


def _allocation_rows(lines: Sequence[AllocationLine], places: dict[str, str]) -> Iterator[list[Value]]:
    for line in lines:
        yield [
            *_need_cells(line, places),
            line.offering_number, line.offering_title, line.donor_name, named(line.offered), line.quantity,
            unit_of(line.offered), yuan(line.cost_fen), listed(share.name for share in line.funds), line.distance_m,
            word("allocation_status", line.status),
        ]  # fmt: skip


def _unmet_rows(
    lines: Sequence[UnmetLine], places: dict[str, str], names: Names, match_round: MatchRound
) -> Iterator[list[Value]]:
    for line in lines:
        told = told_reason(line, names, match_round)
        yield [
            *_need_cells(line, places),
            line.need.quantity, line.missing, unit_of(line.need.category), told["title"], told["why"],
            "; ".join(told["changes"]),
        ]  # fmt: skip


@blueprint.get("/<uuid:round_id>/<any(problem, plan):kind>.json")
@requires("round.read")
def document(round_id: uuid.UUID, kind: str) -> Response:
    """The frozen problem with its seed, or the plan: ids and figures without a name, for whoever checks the round."""
    match_round = the_round(round_id)
    text = (
        problem_text(db(), round_id, seed=match_round.seed) if kind == "problem" else plan_document_text(db(), round_id)
    )
    response = Response(text, content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name(match_round, kind)}.json"'
    return response
