"""What the rooms of a round's pages share: the blueprint, the round of the address, who may take which step, the filters."""

import uuid
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request
from flask_babel import gettext as _

from kernel.accounts.rules import covers
from kernel.catalogue.queries import all_categories
from kernel.errors import InvalidInput, NotAllowed
from kernel.regions.models import Region
from kernel.regions.queries import children_of
from marketplace.security.access import db, may, person, scope_of
from marketplace.web.addresses import region_in_address
from marketplace.web.faults import sentence
from marketplace.web.formatting import named
from marketplace.web.round_sentences import exclusion, offering_exclusion
from marketplace.web.round_system_reasons import told_failure, told_system_reason
from marketplace.web.words import choices
from matching.rounds.lifecycle import STEPS, check_person
from matching.rounds.models import MatchRound
from matching.rounds.page_lines import LineFilter
from matching.rounds.steps import people_of, round_in_scope

blueprint = Blueprint("rounds", __name__, url_prefix="/rounds")

PERMISSIONS = {
    "freeze": "round.write",
    "queue": "round.write",
    "cancel": "round.write",
    "supersede": "round.write",
    "approve": "round.review",
    "reject": "round.review",
    "commit": "round.commit",
    "void": "round.commit",
}
"""Step of `lifecycle` → the permission it asks for."""


@dataclass(frozen=True)
class Standing:
    """Whether the present person may take a step; `why_not` where they hold the right but are the wrong person."""

    allowed: bool
    why_not: str | None = None


def the_round(round_id: uuid.UUID, permission: str = "round.read") -> MatchRound:
    """The round of the address, within the person's regions. Raises NotFound."""
    return round_in_scope(db(), round_id, scope_of(permission))


def standing(match_round: MatchRound, step: str) -> Standing:
    """Whether the present person may take `step`, apart from the round's status."""
    permission = PERMISSIONS[step]
    if not may(permission) or not covers(scope_of(permission), match_round.region_code):
        return Standing(False)
    try:
        check_person(STEPS[step], people=people_of(match_round), person_id=person().id)
    except NotAllowed as error:
        return Standing(False, sentence(error))
    return Standing(True)


def filter_of_address(match_round: MatchRound) -> LineFilter:
    """The filter that stands in the address. Raises InvalidInput for a tier that is none; a foreign region finds nothing."""
    tier = request.args.get("tier", "")
    if tier not in ("", "1", "2", "3"):
        raise InvalidInput("There is no tier %(tier)s; tiers are 1, 2 and 3", field="tier", tier=tier[:20])
    return LineFilter(
        region_code=region_in_address("township"),
        tier=int(tier) if tier else None,
        category_code=request.args.get("category") or None,
        reason=request.args.get("reason") or None,
        text=request.args.get("text", "")[:60],
    )


def filter_choices(match_round: MatchRound) -> dict[str, list[tuple[str, str]]]:
    """The choices of the filters above a table of lines."""
    wanted = set(match_round.categories or ())
    return {
        "townships": [
            ("", _("All townships")),
            *((one.code, one.name) for one in townships_of(match_round.region_code)),
        ],
        "tiers": choices("tier", empty=_("All tiers")),
        "categories": [
            ("", _("All categories")),
            *((one.code, named(one)) for one in all_categories(db()) if not wanted or one.code in wanted),
        ],
    }


def townships_of(region_code: str) -> list[Region]:
    """The regions by which a round's lines are narrowed: one level below it, or itself where it is a township or village."""
    below = children_of(db(), region_code) if len(region_code) < 9 else []
    return below or [db().get_one(Region, region_code)]


def address_with(**changes: Any) -> dict[str, Any]:
    """The query of the present address with `changes`; None drops a name, and paging starts anew."""
    query: dict[str, Any] = {name: value for name, value in request.args.items() if value and name != "after"}
    query.update(changes)
    return {name: value for name, value in query.items() if value not in (None, "")}


@blueprint.context_processor
def words_of_rounds() -> dict[str, Any]:
    """What the templates of rounds say about exclusions."""
    return {
        "need_exclusion": exclusion,
        "offering_exclusion": offering_exclusion,
        "told_system_reason": told_system_reason,
        "told_failure": told_failure,
    }
