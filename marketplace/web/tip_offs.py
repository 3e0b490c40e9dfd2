"""What anybody may tell without an account: the tip-off form, its receipt, and how far things are."""

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField

from households.leads.operations import tip_off
from households.leads.queries import served_counties, stage_of_receipt
from kernel.errors import DomainError
from marketplace.errors import status_of
from marketplace.security.access import clock_now, db, public
from marketplace.security.throttle import receipt_allowed, tip_off_allowed
from marketplace.web.faults import put_faults
from marketplace.web.lead_forms import TipOffForm
from marketplace.web.region_choice import code_of, suggestions
from marketplace.web.typed_fields import Asked

blueprint = Blueprint("tip_offs", __name__, url_prefix="/tip-off")


class ReceiptForm(FlaskForm):  # type: ignore[misc]
    """The code of a receipt."""

    code = StringField(_l("Receipt code"), validators=[Asked()])


@blueprint.route("", methods=["GET", "POST"])
@public
def tell() -> ResponseReturnValue:
    """The form; sent, it answers with the receipt. Sending it twice is telling it once."""
    form, status = TipOffForm(), 200
    form.offer()
    served = served_counties(db())
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                tip_off_allowed()
                code = tip_off(
                    db(),
                    entry=form.entry(code_of(form.region_code.data or "", scope=served)),
                    form_key=request.form.get("form_key", ""),
                    served=served,
                    now=clock_now(),
                )
            except DomainError as error:
                db().rollback()
                put_faults(form, error)
                status = status_of(error)
            else:
                return _unkept(render_template("tip_offs/receipt.html", code=code), 201)
    return _unkept(render_template("tip_offs/form.html", form=form, places=suggestions(served)), status)


@blueprint.route("/receipt", methods=["GET", "POST"])
@public
def receipt() -> ResponseReturnValue:
    """How far the report of a receipt code is; posted, so that the code stands in no address."""
    form, status, stage = ReceiptForm(), 200, None
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                receipt_allowed()
                stage, status = stage_of_receipt(db(), form.code.data or ""), 200
            except DomainError as error:
                put_faults(form, error)
                status = status_of(error)
    return _unkept(render_template("tip_offs/state.html", form=form, stage=stage), status)


def _unkept(text: str, status: int) -> Response:
    """A page that no cache keeps: it may hold what somebody typed, or a code."""
    response = make_response(text, status)
    response.headers["Cache-Control"] = "no-store"
    return response
