"""A round's rules in words, in the reader's language: the policy, the limits, the seed and what a step means."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from kernel.errors import DomainError
from marketplace.web.formatting import fen, number
from marketplace.web.round_forms import RoundForm
from marketplace.web.round_reasons import limit_in_words, listed
from marketplace.web.words import word
from matching.rounds.page_names import Names
from matching.rounds.rules import Sentence, policy_in_words
from matching.waiting import WHOLE_ROUND


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
            waiting=form.waiting(),
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
    "objection": _l("Frozen until an objection is heard"),
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


def told_refusal(error: DomainError) -> str:
    """A refusal in the reader's language, statuses in words instead of codes."""
    values = dict(error.values)
    for name, kind in (("status", "round_status"), ("before", "round_status")):
        if name in values:
            codes = str(values[name]).split(", ")
            values[name] = listed(_status_word(kind, code) for code in codes)
    if "step" in values:
        values["step"] = str(STEP_WORDS.get(str(values["step"]), values["step"]))
    return _(error.message, **values) if values else _(error.message)


def _status_word(kind: str, code: str) -> str:
    known = word(kind, code)
    return word("allocation_status", code) if known == code else known


STEP_WORDS = {
    "freeze": _l("Freeze the pool"),
    "queue": _l("Run the round"),
    "approve": _l("Approve the plan"),
    "reject": _l("Send the plan back"),
    "commit": _l("Look and commit"),
    "void": _l("Void the round"),
    "cancel": _l("Cancel the round"),
    "supersede": _l("Freeze anew"),
}


def rounds_text(waited: int) -> str:
    """Thousandths of a round in words: “2 rounds”, “2.5 rounds”."""
    whole, rest = divmod(waited, WHOLE_ROUND)
    if rest:
        return _("%(rounds)s rounds", rounds=number(waited / WHOLE_ROUND, 2 if rest % 100 else 1))
    return ngettext("%(count)s round", "%(count)s rounds", whole, count=number(whole))
