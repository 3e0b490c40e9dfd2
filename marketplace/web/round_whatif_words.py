"""What if, in words: the sliders of the page, the sentence of an answer, what a question asks."""

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext

from donors.offerings.models import Offering
from households.needs.models import Need
from marketplace.security.access import db
from marketplace.web.formatting import fen, percent
from matching.alternatives import Change, change_from
from matching.estimates import Answer
from matching.rounds.models import MatchRound
from matching.rounds.whatif_models import WhatIf
from matching.rounds.whatif_queries import Amounts

FEN = 100


@dataclass(frozen=True)
class Slider:
    """One amount: its name in the form, what it is called, now, at most, where it stands, in `unit`."""

    name: str
    label: str
    now: int
    most: int
    at: int
    unit: str
    said: str

    @property
    def moved(self) -> bool:
        """Whether it stands elsewhere than now."""
        return self.at != self.now


def whole_yuan(amount: int) -> int:
    """Whole yuan, where a slider stands for `amount` fen."""
    return amount // FEN


def sliders_of(match_round: MatchRound, amounts: Amounts, change: Change) -> list[Slider]:
    """Budget, floor and tolerance."""
    now = amounts.budget_fen if amounts.budget_fen is not None else amounts.funds_fen
    budget = now if change.budget_fen is None else change.budget_fen
    floor = match_round.floor_percent if change.floor_percent is None else change.floor_percent
    give = match_round.tolerance_permille if change.tolerance_permille is None else change.tolerance_permille
    label = (
        _("Budget of the round") if amounts.budget_fen is not None else _("Budget (none is set; all funds together)")
    )
    return [
        Slider("budget", label, whole_yuan(now), max(whole_yuan(2 * now), whole_yuan(budget), 1), whole_yuan(budget), _("yuan"), fen(now)),
        Slider("floor", _("Floor of the townships"), match_round.floor_percent, 100, floor, "%", percent(match_round.floor_percent / 100)),
        Slider("tolerance", _("What a tier may give up for the floors"), match_round.tolerance_permille, max(20, give), give, "‰", f"{match_round.tolerance_permille} ‰"),
    ]  # fmt: skip


def fund_sliders_of(amounts: Amounts, change: Change) -> list[Slider]:
    """One per fund of the frozen pool."""
    found = []
    for code, name, now in amounts.funds:
        at = (change.funds or {}).get(code, now)
        found.append(
            Slider(
                f"fund-{code}",
                name,
                whole_yuan(now),
                max(whole_yuan(2 * now), whole_yuan(at), 1),
                whole_yuan(at),
                _("yuan"),
                fen(now),
            )
        )
    return found


def told_answer(answer: Answer) -> str:
    """The estimate in one sentence."""
    if not answer.needs_gaining and not answer.needs_losing:
        return _("The plan would stay as it is: nobody gains and nobody loses.")
    parts = []
    if answer.needs_gaining:
        parts.append(
            _helped(
                ngettext("%(num)s need gets more", "%(num)s needs get more", answer.needs_gaining),
                answer.households_gaining,
            )
        )
    if answer.needs_losing:
        parts.append(
            _helped(
                ngettext("%(num)s need gets less", "%(num)s needs get less", answer.needs_losing),
                answer.households_losing,
            )
        )
    return _(
        "With this change a plan is at hand in which %(parts)s; it costs %(cost)s instead of %(before)s.",
        parts=_(", ").join(parts), cost=fen(answer.cost_fen), before=fen(answer.cost_before_fen),
    )  # fmt: skip


def _helped(needs: str, households: int) -> str:
    """“3 needs get more (2 households)”."""
    homes = ngettext("%(num)s household", "%(num)s households", households)
    return _("%(needs)s (%(households)s)", needs=needs, households=homes)


def said_change(one: WhatIf) -> str:
    """What a question asks, in words."""
    change, said = change_from(one.change), []
    if change.budget_fen is not None:
        said.append(_("budget %(amount)s", amount=fen(change.budget_fen)))
    if change.funds:
        names = dict(
            db()
            .execute(
                sa.text("SELECT id::text, name FROM funds WHERE id::text = ANY(:ids)"), {"ids": list(change.funds)}
            )
            .all()
        )
        said += [
            _("fund %(name)s %(amount)s", name=names.get(code, code), amount=fen(amount))
            for code, amount in change.funds.items()
        ]
    if change.floor_percent is not None:
        said.append(_("floor %(percent)s%%", percent=change.floor_percent))
    if change.tolerance_permille is not None:
        said.append(_("tolerance %(permille)s per mille", permille=change.tolerance_permille))
    needs = _numbers(Need, [pair.need for pair in (*change.pins, *change.forbids)])
    offerings = _numbers(Offering, [pair.offering for pair in (*change.pins, *change.forbids)])
    said += [
        _("need %(need)s gets %(quantity)s from offering %(offering)s", need=needs.get(pin.need), quantity=pin.quantity, offering=offerings.get(pin.offering))
        for pin in change.pins
    ]  # fmt: skip
    said += [
        _("need %(need)s gets nothing from offering %(offering)s", need=needs.get(pair.need), offering=offerings.get(pair.offering))
        for pair in change.forbids
    ]  # fmt: skip
    return _("; ").join(said)


def _numbers(model: Any, ids: list[str]) -> dict[str, int]:
    """Numbers of rows by their ids as text."""
    if not ids:
        return {}
    rows = db().execute(sa.select(model.id, model.number).where(model.id.in_({uuid.UUID(one) for one in ids})))
    return {str(code): found for code, found in rows}
