"""Donors 帮扶力量: the list, one donor with what it gives, and its forms."""

import uuid
from functools import partial
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.blueprints import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from donors.models import DONOR_KINDS, DONOR_STATUSES
from donors.offerings.queries import list_offerings
from donors.operations import register_donor, resume_donor, suspend_donor, update_donor
from donors.queries import get_donor, list_donors, masked_phone_of, masked_resident_id_of
from donors.rules import checked_donor
from kernel.catalogue.queries import all_categories, all_skills
from kernel.errors import DomainError, NotFound
from marketplace.security.access import actor, clock_now, db, may, requires, scope_of, today
from marketplace.web.addresses import number_after, searched, with_query
from marketplace.web.donor_forms import NAMES, ReasonForm, form_for
from marketplace.web.faults import put_faults
from marketplace.web.list_exports import donors_file, every
from marketplace.web.places import place_names
from marketplace.web.typed_fields import find_faults
from projects.volunteering.queries import hours_of

blueprint = Blueprint("donors", __name__, url_prefix="/donors")


@blueprint.get("")
@requires("donor.read")
def index() -> ResponseReturnValue:
    """Donors of the person's regions, newest first."""
    page = list_donors(db(), scope=scope_of("donor.read"), after=number_after(), **_filters())
    return render_template(
        "donors/index.html",
        page=page,
        next_url=with_query("donors.index", after=page.next_after) if page.next_after else None,
        places=place_names((donor.region_code for donor in page.rows), in_list=True),
        skills=all_skills(db()),
        chosen_skill=request.args.get("skill", ""),
    )


def _filters() -> dict[str, Any]:
    kind, status = (request.args.get(name, "") for name in ("kind", "status"))
    return {
        "search": searched(),
        "kind": kind if kind in DONOR_KINDS else None,
        "status": status if status in DONOR_STATUSES else None,
        "skill": searched("skill") or None,
    }


@blueprint.get("/list.<form>")
@requires("donor.export")
def export(form: str) -> Response:
    """The donors under the filters of the address as CSV or XLSX."""
    fetch = partial(list_donors, db(), scope=scope_of("donor.export"), **_filters())
    return donors_file(form, every(fetch, key=int))


@blueprint.route("/new", methods=["GET", "POST"])
@requires("donor.write")
def create() -> ResponseReturnValue:
    """The form of a new donor of one kind; without a kind, the choice of it."""
    kind = request.args.get("kind", "")
    if kind not in DONOR_KINDS:
        return render_template("donors/choose_kind.html")
    scope = scope_of("donor.write")
    form = form_for(kind)
    form.offer(scope)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                donor = register_donor(db(), entry=form.entry(kind), actor=actor(), scope=scope, now=clock_now())
            except DomainError as error:
                db().rollback()
                put_faults(form, error, NAMES)
            else:
                flash(_("%(name)s is registered as no. %(number)s.", name=donor.name, number=donor.number), "success")
                return redirect(url_for("donors.detail", donor_id=donor.id), 303)
        else:
            find_faults(form, lambda: checked_donor(form.entry(kind), today=today()), NAMES)
    return render_template("donors/form.html", form=form, kind=kind, donor=None), status


@blueprint.get("/<uuid:donor_id>")
@requires("donor.read")
def detail(donor_id: uuid.UUID) -> ResponseReturnValue:
    """One donor and what it gives."""
    return _detail(donor_id, ReasonForm()), 200


def _detail(donor_id: uuid.UUID, reason_form: ReasonForm) -> str:
    donor = get_donor(db(), donor_id, scope=scope_of("donor.read"))
    offerings = None
    if may("offering.read"):
        offerings = list_offerings(db(), scope=scope_of("offering.read"), donor_id=donor.id, limit=50)
    return render_template(
        "donors/detail.html",
        donor=donor,
        place=place_names([donor.region_code])[donor.region_code],
        phone=masked_phone_of(db(), donor),
        resident_id=masked_resident_id_of(db(), donor),
        skills={skill.code: skill for skill in all_skills(db())},
        categories={category.code: category for category in all_categories(db())},
        offerings=offerings,
        hours=hours_of(db(), donor.id, now=clock_now()) if donor.kind == "volunteer" else None,
        reason_form=reason_form,
    )


@blueprint.route("/<uuid:donor_id>/edit", methods=["GET", "POST"])
@requires("donor.write")
def edit(donor_id: uuid.UUID) -> ResponseReturnValue:
    """The form of a known donor; sealed numbers are typed only to change them."""
    scope = scope_of("donor.write")
    donor = get_donor(db(), donor_id, scope=scope)
    form = form_for(donor.kind, donor)
    form.offer(scope)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                donor = update_donor(
                    db(),
                    donor_id=donor_id,
                    entry=form.entry(donor.kind, donor),
                    version=version_of(form.version.data),
                    actor=actor(),
                    scope=scope,
                    now=clock_now(),
                )
            except DomainError as error:
                db().rollback()
                put_faults(form, error, NAMES)
            else:
                flash(_("The changes are saved."), "success")
                return redirect(url_for("donors.detail", donor_id=donor_id), 303)
        else:
            find_faults(form, lambda: checked_donor(form.entry(donor.kind, donor), today=today(), id_known=True), NAMES)
    return render_template("donors/form.html", form=form, kind=donor.kind, donor=donor), status


@blueprint.post("/<uuid:donor_id>/suspend")
@requires("donor.write")
def suspend(donor_id: uuid.UUID) -> ResponseReturnValue:
    """Out of new rounds and shifts, with a reason."""
    return _step(donor_id, "suspend")


@blueprint.post("/<uuid:donor_id>/resume")
@requires("donor.write")
def resume(donor_id: uuid.UUID) -> ResponseReturnValue:
    """Back again, with a reason."""
    return _step(donor_id, "resume")


def _step(donor_id: uuid.UUID, step: str) -> ResponseReturnValue:
    form = ReasonForm()
    operation = suspend_donor if step == "suspend" else resume_donor
    try:
        operation(
            db(),
            donor_id=donor_id,
            reason=form.reason.data or "",
            actor=actor(),
            scope=scope_of("donor.write"),
            now=clock_now(),
        )
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        put_faults(form, error)
        return _detail(donor_id, form), 422
    flash(_("The donor is suspended.") if step == "suspend" else _("The donor is active again."), "success")
    return redirect(url_for("donors.detail", donor_id=donor_id), 303)


def version_of(typed: str | None) -> int:
    """The version a form carried; what is no number never fits and is refused as changed meanwhile."""
    return int(typed) if typed and typed.isascii() and typed.isdigit() and len(typed) < 10 else -1
