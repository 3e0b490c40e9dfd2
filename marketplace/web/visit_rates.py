"""The rates of visits and problems, month by month and township by township, with what they count."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from households.visits.rates import AreaRates, rates_of
from households.visits.rules import months_later
from marketplace.security.access import db, requires, scope_of, today

blueprint = Blueprint("visit_rates", __name__, url_prefix="/visit-rates")
MONTHS_BACK = 12


@blueprint.get("")
@requires("visit.read")
def index() -> ResponseReturnValue:
    """A month's visit rate and problem-resolution rate, the township that lags most first."""
    this = today().replace(day=1)
    offered = [months_later(this, -back) for back in range(MONTHS_BACK)]
    wanted = request.args.get("month", "")
    month = next((one for one in offered if f"{one:%Y-%m}" == wanted), this)
    rates = rates_of(db(), scope=scope_of("visit.read"), month=month, today=today())
    return render_template(
        "visits/rates.html",
        rates=rates,
        areas=sorted(rates.areas, key=_lagging),
        months=[(f"{one:%Y-%m}", f"{one:%Y-%m}") for one in offered],
        month=f"{month:%Y-%m}",
    )


def _lagging(area: AreaRates) -> tuple[float, float, str]:
    visits, problems = area.visits.share, area.problems.share
    return 1.0 if visits is None else visits, 1.0 if problems is None else problems, area.code
