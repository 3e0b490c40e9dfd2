"""A round's rules in words, in the reader's language: the policy, the limits, the seed and what a step means."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from marketplace.web.formatting import fen
from marketplace.web.round_forms import RoundForm
from marketplace.web.round_reasons import limit_in_words
from matching.rounds.page_names import Names
from matching.rounds.rules import Sentence, policy_in_words


def told(sentence: Sentence) -> str:
    """A sentence of the domain in the reader's language."""
    return _(sentence.message, **sentence.values) if sentence.values else _(sentence.message)


def policy_preview(form: RoundForm) -> list[str]:
    """The rules as they stand in the form, for the eye beside it; the defaults where something is not filled in."""
    return [
        told(sentence)
        for sentence in policy_in_words(
            floor_percent=90 if form.floor_percent.data is None else form.floor_percent.data,
            tolerance_permille=1 if form.tolerance_permille.data is None else form.tolerance_permille.data,
            household_cap_fen=form.household_cap.data,
            limits=len(form.limits()),
            seed_source=form.seed_source.data or _("the public value you name"),
        )
    ]


def limits_in_words(limits: Iterable[Mapping[str, Any]], names: Names) -> list[tuple[str, str]]:
    """(what is limited, at most how much)."""
    return [(limit_in_words(limit, names), fen(limit["max_fen"])) for limit in limits]


NEED_EXCLUSIONS = {
    "withdrawn": _l("Withdrawn"),
    "met": _l("Met already"),
    "expired": _l("Past its date"),
    "household_closed": _l("Household closed"),
    "consent_missing": _l("Consent of the household is missing"),
    "opted_out": _l("Household opted out of automatic matching"),
    "promised": _l("Promised in full by an earlier round"),
}
OFFERING_EXCLUSIONS = {
    "withdrawn": _l("Withdrawn"),
    "paused": _l("Paused"),
    "donor_suspended": _l("Donor suspended"),
    "ended": _l("Past its last day"),
    "nothing_left": _l("Nothing left"),
    "no_area": _l("Its area is no region any more"),
    "no_fund": _l("No fund of the round may pay for it"),
    "carries_enough": _l("Serves as many as it said"),
}


def exclusion(code: str) -> str:
    """Why an open need was not in the pool."""
    return str(NEED_EXCLUSIONS.get(code, code))


def offering_exclusion(code: str) -> str:
    """Why an offering was not in the pool."""
    return str(OFFERING_EXCLUSIONS.get(code, code))
