"""Offerings 资源: the staff's list and a donor's own, one offering with its stock, and its forms."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.blueprints import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from donors.models import DONOR_KINDS, Donor
from donors.offerings.models import OFFERING_STATUSES, Offering
from donors.offerings.operations import (
    change_offering,
    pause_offering,
    register_offering,
    resume_offering,
    withdraw_offering,
)
from donors.offerings.queries import available_of, get_offering, list_offerings, movements_of
from donors.offerings.rules import checked_offering
from donors.queries import donors_of_user, get_donor, list_donors
from kernel.catalogue.queries import all_categories, all_skills
from kernel.errors import DomainError, NotAllowed, NotFound
from kernel.paging import Page
from marketplace.security.access import actor, clock_now, db, may, own_donor_ids, person, requires, scope_of
from marketplace.web.addresses import id_from, number_after, searched, with_query
from marketplace.web.donors import version_of
from marketplace.web.faults import put_faults
from marketplace.web.list_exports import every, offerings_file
from marketplace.web.offering_forms import NAMES, OfferingForm, form_of
from marketplace.web.places import place_names
from marketplace.web.steps import take_step
from marketplace.web.typed_fields import find_faults

blueprint = Blueprint("offerings", __name__, url_prefix="/offerings")


@blueprint.get("")
@requires("offering.read")
def index() -> ResponseReturnValue:
    """Offerings of the person's regions, newest first."""
    return _list(scope_of("offering.read"), None, "offerings.index")


@blueprint.get("/mine")
@requires("own.donor")
def mine() -> ResponseReturnValue:
    """What the donors give for which the person acts."""
    return _list((), own_donor_ids(), "offerings.mine")


def _list(scope: tuple[str, ...], own: list[uuid.UUID] | None, endpoint: str) -> ResponseReturnValue:
    categories = {one.code: one for one in all_categories(db())}
    page: Page = list_offerings(db(), scope=scope, donor_ids=own, after=number_after(), **_filters(set(categories)))
    return render_template(
        "offerings/index.html",
        page=page,
        endpoint=endpoint,
        own=own,
        next_url=with_query(endpoint, after=page.next_after) if page.next_after else None,
        categories=categories,
        places=place_names((row.offering.region_code for row in page.rows), in_list=True),
    )


def _filters(categories: set[str]) -> dict[str, Any]:
    category, status, kind = (request.args.get(name, "") for name in ("category", "status", "kind"))
    return {
        "search": searched(),
        "category_code": category if category in categories else None,
        "status": status if status in OFFERING_STATUSES else None,
        "donor_kind": kind if kind in DONOR_KINDS else None,
        "only_available": request.args.get("available") == "1",
    }


@blueprint.get("/list.<form>")
@requires("offering.export")
def export(form: str) -> Response:
    """The offerings under the filters of the address as CSV or XLSX."""
    filters = _filters({one.code for one in all_categories(db())})
    return offerings_file(
        form, every(partial(list_offerings, db(), scope=scope_of("offering.export"), **filters), key=int)
    )


@blueprint.route("/new", methods=["GET", "POST"])
@requires("offering.write")
def create() -> ResponseReturnValue:
    """A new offering of a donor of one's regions; without a donor, the search for it."""
    scope = scope_of("offering.write")
    donor_id = id_from(request.args.get("donor"))
    if donor_id is None:
        found = list_donors(db(), scope=scope, search=searched(), status="active", limit=20)
        return render_template(
            "offerings/choose_donor.html",
            page=found,
            places=place_names((row.region_code for row in found.rows), in_list=True),
        )
    return _create(get_donor(db(), donor_id, scope=scope), scope, ())


@blueprint.route("/mine/new", methods=["GET", "POST"])
@requires("own.donor")
def create_mine() -> ResponseReturnValue:
    """A new offering of one's own."""
    own = [donor for donor in donors_of_user(db(), person().id) if donor.status == "active"]
    if not own:
        raise NotFound("Your account is not tied to a donor's entry; ask the county to tie it")
    wanted = id_from(request.args.get("donor"))
    donor = next((one for one in own if one.id == wanted), own[0])
    return _create(donor, (), [one.id for one in own])


def _create(donor: Donor, scope: tuple[str, ...], own: Any) -> ResponseReturnValue:
    form = OfferingForm()
    if request.method == "GET":
        form.region_code.data = donor.region_code
    form.offer(donor, scope)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                offering = register_offering(
                    db(), entry=form.entry(donor.id), actor=actor(), scope=scope, now=clock_now(), own_donor_ids=own
                )
            except DomainError as error:
                db().rollback()
                put_faults(form, error, NAMES)
            else:
                flash(_("The offering is registered and takes part in the next round."), "success")
                return redirect(url_for("offerings.detail", offering_id=offering.id), 303)
        else:
            find_faults(form, lambda: checked_offering(form.entry(donor.id)), NAMES)
    return render_template("offerings/form.html", form=form, donor=donor, offering=None), status


@blueprint.get("/<uuid:offering_id>")
@requires("signed_in")
def detail(offering_id: uuid.UUID) -> ResponseReturnValue:
    """One offering with its stock and journal."""
    if not (may("offering.read") or may("own.donor")):
        raise NotAllowed("Your roles do not include this; ask an administrator of your county")
    own = own_donor_ids() if may("own.donor") else []
    offering = get_offering(db(), offering_id, scope=scope_of("offering.read"), own_donor_ids=own)
    categories = {one.code: one for one in all_categories(db())}
    return render_template(
        "offerings/detail.html",
        offering=offering,
        donor=db().get_one(Donor, offering.donor_id),
        category=categories[offering.category_code],
        available=available_of(offering),
        places=place_names([offering.region_code, *(offering.areas or ())]),
        skills={skill.code: skill for skill in all_skills(db())},
        journal=movements_of(db(), offering.id, after=number_after(), limit=20),
        is_own=offering.donor_id in own,
        may_write=offering.donor_id in own
        or any(offering.region_code.startswith(code) for code in scope_of("offering.write")),
    )


@blueprint.route("/<uuid:offering_id>/edit", methods=["GET", "POST"])
@requires("signed_in")
def edit(offering_id: uuid.UUID) -> ResponseReturnValue:
    """The form of a known offering; donor and category stay."""
    writer = _writer()
    offering = get_offering(db(), offering_id, scope=writer["scope"], own_donor_ids=writer["own_donor_ids"])
    donor = db().get_one(Donor, offering.donor_id)
    form = form_of(offering)
    form.offer(donor, writer["scope"])
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                change_offering(
                    db(),
                    offering_id=offering_id,
                    entry=form.entry(donor.id, offering),
                    version=version_of(form.version.data),
                    **writer,
                )
            except DomainError as error:
                db().rollback()
                put_faults(form, error, NAMES)
            else:
                flash(_("The changes are saved."), "success")
                return redirect(url_for("offerings.detail", offering_id=offering_id), 303)
        else:
            find_faults(form, lambda: checked_offering(form.entry(donor.id, offering)), NAMES)
    return render_template("offerings/form.html", form=form, donor=donor, offering=offering), status


@blueprint.post("/<uuid:offering_id>/pause")
@requires("signed_in")
def pause(offering_id: uuid.UUID) -> ResponseReturnValue:
    """No new promises for now."""
    return _step(pause_offering, offering_id, _("The offering is paused."))


@blueprint.post("/<uuid:offering_id>/resume")
@requires("signed_in")
def resume(offering_id: uuid.UUID) -> ResponseReturnValue:
    """Open again."""
    return _step(resume_offering, offering_id, _("The offering is open again."))


@blueprint.post("/<uuid:offering_id>/withdraw")
@requires("signed_in")
def withdraw(offering_id: uuid.UUID) -> ResponseReturnValue:
    """Ended for good."""
    return _step(withdraw_offering, offering_id, _("The offering is withdrawn."))


def _step(operation: Callable[..., Offering], offering_id: uuid.UUID, done: str) -> ResponseReturnValue:
    """One step of the offering's life."""
    writer = _writer()
    return take_step(
        lambda: operation(db(), offering_id=offering_id, **writer),
        done=done,
        back=url_for("offerings.detail", offering_id=offering_id),
    )


def _writer() -> dict[str, Any]:
    """Where the person may write offerings: within regions, or for own donors. Raises NotAllowed."""
    if not (may("offering.write") or may("own.donor")):
        raise NotAllowed("Your roles do not include this; ask an administrator of your county")
    own = own_donor_ids() if may("own.donor") else []
    return {"scope": scope_of("offering.write"), "own_donor_ids": own, "actor": actor(), "now": clock_now()}
