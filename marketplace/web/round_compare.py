"""Two rounds side by side: levels, coverage, money, and whom one serves and the other does not."""

import uuid
from collections.abc import Collection

import sqlalchemy as sa
from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from kernel.catalogue.queries import all_categories
from kernel.errors import InvalidInput, NotFound
from kernel.regions.models import Region
from marketplace.errors import status_of
from marketplace.security.access import db, requires, scope_of
from marketplace.web.faults import sentence
from marketplace.web.round_figures import LEVEL_WORDS, group_name, level_value
from marketplace.web.round_frame import blueprint
from marketplace.web.round_sentences import limits_in_words, told
from matching.rounds.models import MatchRound
from matching.rounds.page_names import Names
from matching.rounds.queries import list_rounds, policy_of
from matching.rounds.side_by_side import side_by_side


@blueprint.get("/compare")
@requires("round.read")
def compare() -> ResponseReturnValue:
    """Two rounds side by side; without both, the choice."""
    scope, errors, found, status = scope_of("round.read"), [], None, 200
    chosen = [request.args.get(name, "") for name in ("a", "b")]
    if all(chosen):
        try:
            found = side_by_side(db(), a=_id(chosen[0]), b=_id(chosen[1]), scope=scope)
        except (InvalidInput, NotFound) as error:
            errors, status = [sentence(error)], status_of(error)
    rounds = [row.round for row in list_rounds(db(), scope=scope, limit=200).rows if row.round.levels]
    text = render_template(
        "rounds/compare.html",
        found=found,
        errors=errors,
        choices=[("", _("Choose a round"))]
        + [(str(one.id), _("%(number)s · %(name)s", number=one.number, name=one.name)) for one in rounds],
        names=region_names({row.group for row in found.groups["township"]}) if found else {},
        categories={one.code: one for one in all_categories(db())} if found else {},
        rules=_rules_apart(*found.rounds) if found else None,
        level_words=LEVEL_WORDS,
        level_value=level_value,
        group_name=group_name,
    )
    return text, status


def _rules_apart(one: MatchRound, other: MatchRound) -> tuple[list[str], list[str]]:
    """The rules of each round that the other has not, in words."""

    categories = {category.code: category for category in all_categories(db())}

    def said(match_round: MatchRound) -> list[str]:
        regions = region_names({code for limit in match_round.limits for code in limit.get("regions") or ()})
        names = Names(regions=regions, categories=categories)
        return [
            *(told(sentence) for sentence in policy_of(match_round)),
            *(
                _("%(limit)s: at most %(amount)s", limit=limit, amount=amount)
                for limit, amount in limits_in_words(match_round.limits, names)
            ),
            *(
                f"{_('pinned') if one['kind'] == 'pin' else _('forbidden')}: {one['reason']}"
                for one in match_round.directives
            ),
        ]

    mine, theirs = said(one), said(other)
    return [rule for rule in mine if rule not in theirs], [rule for rule in theirs if rule not in mine]


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound("There is no such round, or it lies outside your regions") from None


def region_names(codes: Collection[str]) -> dict[str, str]:
    """Region code → name."""
    return dict(db().execute(sa.select(Region.code, Region.name).where(Region.code.in_(codes))).all())
