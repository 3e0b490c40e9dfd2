"""Deliveries 交付: what committed rounds promised to households, confirmed or declined by whoever stands at the door, on a phone."""

import uuid
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from donors.offerings.models import Offering
from kernel.catalogue.models import Category
from kernel.errors import DomainError, InvalidInput, NotFound
from kernel.identity import masked
from kernel.regions.models import Region
from kernel.regions.queries import children_of
from marketplace.errors import status_of
from marketplace.fulfilment.operations import confirm_delivery, decline_delivery
from marketplace.fulfilment.queries import STATUSES, DeliveryRow, count_awaiting, list_deliveries
from marketplace.security.access import actor, clock_now, db, may, requires, scope_of
from marketplace.web.addresses import region_in_address
from marketplace.web.formatting import unit_of
from marketplace.web.round_lines import places_of
from marketplace.web.round_sentences import told_refusal
from marketplace.web.words import word

blueprint = Blueprint("deliveries", __name__, url_prefix="/deliveries")
ON_A_PHONE = 20
FILTERS = ("text", "place", "status")


@blueprint.get("")
@requires("delivery.read")
def index() -> ResponseReturnValue:
    """What awaits confirmation in the person's regions, or what became of it."""
    return _page()


def _page(
    *, errors: list[str] | None = None, at_fault: uuid.UUID | None = None, typed: str = "", status_code: int = 200
) -> ResponseReturnValue:
    scope = scope_of("delivery.read")
    status = request.args.get("status", "reserved")
    page = list_deliveries(
        db(),
        scope=scope,
        text=request.args.get("text", "")[:60],
        status=status if status in STATUSES else "reserved",
        region_code=region_in_address("place"),
        after=request.args.get("after"),
        limit=ON_A_PHONE,
    )
    text = render_template(
        "deliveries/index.html",
        page=page,
        status=status,
        waiting=count_awaiting(db(), scope=scope),
        statuses=[(code, word("allocation_status", code)) for code in STATUSES],
        places=place_choices(scope),
        short_places=places_of([row.allocation.region_code for row in page.rows]),
        heads=heads_of(page.rows),
        units=units_of([row.allocation.offering_id for row in page.rows]),
        query=filters_of_address(),
        errors=errors or [],
        at_fault=at_fault,
        typed=typed,
    )
    return text, status_code


@blueprint.post("/<uuid:allocation_id>/confirm")
@requires("delivery.confirm")
def confirm(allocation_id: uuid.UUID) -> ResponseReturnValue:
    """All of it, or `quantity` units of it, has arrived. A double tap confirms once: the form's key answers the second."""
    typed = request.form.get("quantity", "").strip()
    try:
        if typed and not (typed.isascii() and typed.isdigit() and len(typed) < 10):
            raise InvalidInput("This must be a whole number", field="quantity")
        confirm_delivery(
            db(),
            allocation_id=allocation_id,
            actor=actor(),
            scope=scope_of("delivery.confirm"),
            now=clock_now(),
            quantity=int(typed) if typed else None,
        )
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        return _page(errors=[told_refusal(error)], at_fault=allocation_id, typed=typed, status_code=status_of(error))
    flash(_("Confirmed. Stock and money are posted."), "success")
    return redirect(url_for("deliveries.index", **filters_of_address()), 303)


@blueprint.post("/<uuid:allocation_id>/decline")
@requires("delivery.confirm")
def decline(allocation_id: uuid.UUID) -> ResponseReturnValue:
    """Nothing arrived; the reason stays on record."""
    try:
        decline_delivery(
            db(),
            allocation_id=allocation_id,
            reason=request.form.get("reason", ""),
            actor=actor(),
            scope=scope_of("delivery.confirm"),
            now=clock_now(),
        )
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        return _page(errors=[told_refusal(error)], at_fault=allocation_id, status_code=status_of(error))
    flash(_("Noted. What was promised is free again for the next round."), "success")
    return redirect(url_for("deliveries.index", **filters_of_address()), 303)


def filters_of_address() -> dict[str, Any]:
    """The filters of the address, without the page."""
    return {name: request.args[name] for name in FILTERS if request.args.get(name)}


def place_choices(scope: tuple[str, ...]) -> list[tuple[str, str]]:
    """Where one can narrow to: what lies directly below the person's regions."""
    rows = [one for code in scope for one in (children_of(db(), code) or [db().get_one(Region, code)])]
    return [("", _("All places")), *((one.code, one.name) for one in rows)]


def heads_of(rows: Any) -> dict[uuid.UUID, str]:
    """Allocation → the head's name; masked where the person may not read households."""
    plain = may("household.read")
    return {row.allocation.id: _head(row, plain) for row in rows}


def _head(row: DeliveryRow, plain: bool) -> str:
    return row.head_name if plain else masked(row.head_name, head=1, tail=0)


def units_of(offering_ids: list[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Offering → its unit in the language of the page."""
    rows = db().execute(
        sa.select(Offering.id, Category)
        .join(Category, Category.code == Offering.category_code)
        .where(Offering.id.in_(offering_ids))
    )
    return {key: unit_of(category) for key, category in rows}
