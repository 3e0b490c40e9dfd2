"""Funds 资金: the list, one fund with its balance, ledger and donations, and its forms."""

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.blueprints import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from donors.funds.models import FUND_KINDS
from donors.funds.operations import close_fund, open_fund, receive_donation
from donors.funds.queries import balances_of, donations_of, get_fund, ledger_lines, list_funds
from donors.funds.rules import checked_donation, checked_fund
from donors.queries import donor_of_number
from kernel.catalogue.queries import all_categories
from kernel.errors import DomainError, NotFound
from marketplace.security.access import actor, clock_now, db, may, requires, scope_of, today
from marketplace.web.addresses import number_after, searched, with_query
from marketplace.web.donor_forms import ReasonForm
from marketplace.web.faults import put_faults
from marketplace.web.formatting import fen
from marketplace.web.fund_forms import DONATION_NAMES, DonationForm, FundForm
from marketplace.web.places import place_names
from marketplace.web.typed_fields import find_faults

blueprint = Blueprint("funds", __name__, url_prefix="/funds")


@blueprint.get("")
@requires("fund.read")
def index() -> ResponseReturnValue:
    """Funds of the person's regions with their balances."""
    kind, status = (request.args.get(name, "") for name in ("kind", "status"))
    page = list_funds(
        db(),
        scope=scope_of("fund.read"),
        search=searched(),
        kind=kind if kind in FUND_KINDS else None,
        status=status if status in ("open", "closed") else None,
        after=number_after(),
    )
    return render_template(
        "funds/index.html",
        page=page,
        next_url=with_query("funds.index", after=page.next_after) if page.next_after else None,
        places=place_names((row.fund.region_code for row in page.rows), in_list=True),
    )


@blueprint.route("/new", methods=["GET", "POST"])
@requires("fund.write")
def create() -> ResponseReturnValue:
    """The form of a new fund."""
    scope = scope_of("fund.write")
    form = FundForm()
    form.offer(scope)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                fund = open_fund(db(), entry=form.entry(), actor=actor(), scope=scope, now=clock_now())
            except DomainError as error:
                db().rollback()
                put_faults(form, error)
            else:
                flash(_("The fund is open. Record the first donation below."), "success")
                return redirect(url_for("funds.detail", fund_id=fund.id), 303)
        else:
            find_faults(form, lambda: checked_fund(form.entry()))
    return render_template("funds/form.html", form=form), status


@blueprint.get("/<uuid:fund_id>")
@requires("fund.read")
def detail(fund_id: uuid.UUID) -> ResponseReturnValue:
    """One fund: what it holds, what it is for, what was booked."""
    return _detail(fund_id, DonationForm(data={"received_on": today()}), ReasonForm())


def _detail(fund_id: uuid.UUID, donation_form: DonationForm, reason_form: ReasonForm) -> str:
    fund = get_fund(db(), fund_id, scope=scope_of("fund.read"))
    may_write = may("fund.write") and any(fund.region_code.startswith(code) for code in scope_of("fund.write"))
    return render_template(
        "funds/detail.html",
        fund=fund,
        balances=balances_of(db(), [fund.id])[fund.id],
        lines=ledger_lines(db(), fund.id, after=number_after(), limit=20),
        donations=donations_of(db(), fund.id, limit=10),
        categories={category.code: category for category in all_categories(db())},
        places=place_names([fund.region_code, *(fund.regions or ())]),
        donation_form=donation_form,
        reason_form=reason_form,
        may_write=may_write and fund.status == "open",
        fen=fen,
    )


@blueprint.post("/<uuid:fund_id>/donations")
@requires("fund.write")
def donate(fund_id: uuid.UUID) -> ResponseReturnValue:
    """Books money that arrived."""
    form = DonationForm()
    if form.validate():
        try:
            number = form.donor_number.data
            donor = donor_of_number(db(), number, scope=scope_of("donor.read")) if number is not None else None
            donation = receive_donation(
                db(),
                entry=form.entry(fund_id, donor.id if donor else None),
                actor=actor(),
                scope=scope_of("fund.write"),
                now=clock_now(),
            )
        except DomainError as error:
            db().rollback()
            get_fund(db(), fund_id, scope=scope_of("fund.write"))
            put_faults(form, error, DONATION_NAMES)
        else:
            flash(
                _(
                    "Donation no. %(number)s of %(amount)s is booked.",
                    number=donation.number,
                    amount=fen(donation.amount_fen),
                ),
                "success",
            )
            return redirect(url_for("funds.detail", fund_id=fund_id), 303)
    else:
        find_faults(form, lambda: checked_donation(form.entry(fund_id, None), today=today()), DONATION_NAMES)
    return _detail(fund_id, form, ReasonForm()), 422


@blueprint.post("/<uuid:fund_id>/close")
@requires("fund.write")
def close(fund_id: uuid.UUID) -> ResponseReturnValue:
    """The end of a fund, with a reason."""
    form = ReasonForm()
    try:
        close_fund(
            db(),
            fund_id=fund_id,
            reason=form.reason.data or "",
            actor=actor(),
            scope=scope_of("fund.write"),
            now=clock_now(),
        )
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        put_faults(form, error)
        return _detail(fund_id, DonationForm(formdata=None, data={"received_on": today()}), form), 422
    flash(_("The fund is closed."), "success")
    return redirect(url_for("funds.detail", fund_id=fund_id), 303)
