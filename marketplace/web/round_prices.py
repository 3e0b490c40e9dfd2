"""Where a little more would help most: the shadow prices that the solver left with the plan, in names and weights. Pure but for names.

The figures are those of `matching.solver.shadow`; points are shown as weight (points / 1,000), as everywhere on a round's page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from marketplace.web.formatting import fen, number
from marketplace.web.round_reasons import category_name, fund_name, limit_name
from matching.rounds.page_names import Names

POINTS = 1000


@dataclass(frozen=True)
class PriceRow:
    """One addition: what it is, where, what tiers 1 to 3 would gain at most (texts), how many needs and units it can reach."""

    what: str
    where: str
    gains: tuple[str, str, str]
    needs: int | None = None
    units: int | None = None


@dataclass(frozen=True)
class PriceFigures:
    """The panel's two tables, and the step of money they are told in."""

    places: list[PriceRow]
    money: list[PriceRow]
    step: str


def price_details(prices: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows the prices mention, as `names_in` reads them."""
    found = [{"binding": {"table": "funds", "id": row["id"]}} for row in prices.get("funds", ())]
    found += [{"binding": {"table": "regions", "id": row["township"]}} for row in prices.get("places", ())]
    return found


def price_figures(prices: Mapping[str, Any], names: Names) -> PriceFigures:
    """Everything the panel shows."""
    step = fen(int(prices["step_fen"]))
    return PriceFigures(
        places=[
            PriceRow(
                category_name(row["category"], names), names.regions.get(row["township"], row["township"]),
                _gains(row["gain"]), row["needs"], row["units"],
            )
            for row in prices.get("places", ())
        ],
        money=[
            *(PriceRow(fund_name(row["id"], names), _("fund"), _gains(row["gain"])) for row in prices.get("funds", ())),
            *(PriceRow(limit_name(row["id"], names), _("limit"), _gains(row["gain"])) for row in prices.get("limits", ())),
        ],
        step=step,
    )  # fmt: skip


def _gains(gain: list[int | None]) -> tuple[str, str, str]:
    first, second, third = ("—" if one is None else number(one / POINTS, 1) if one else "0" for one in gain)
    return first, second, third
