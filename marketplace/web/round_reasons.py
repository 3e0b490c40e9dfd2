"""Why a need stays unmet, in words with its figures, and the smallest change that was tried and would help.

The codes and details are those of `matching.explanation` and `matching.obstacles`; names come from `matching.rounds.page_names`.
A row this page does not know (a plan made elsewhere) is shown by its id rather than left out.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from marketplace import i18n
from marketplace.web.formatting import day, distance, fen, named, number, unit_of
from marketplace.web.words import word
from matching.rounds.page_names import Names

TITLES = {
    "no_offering": _l("Nobody offers this"),
    "out_of_area": _l("Not served in this place"),
    "skill": _l("A skill is lacking"),
    "period": _l("The dates do not meet"),
    "earmark": _l("Given for another purpose"),
    "forbidden": _l("Ruled out or fixed by hand"),
    "too_large": _l("Too large for any helper"),
    "capacity": _l("Too little left"),
    "fund": _l("No money for it"),
    "limit": _l("A spending limit is reached"),
    "household_cap": _l("The household has its share"),
    "max_needs": _l("The helper carries enough"),
    "outranked": _l("Others came first"),
    "lottery": _l("Equal; the draw decided"),
}
"""The fourteen reasons of the plan format, as the head of a line and as the label of a bar."""

DECIDED_BY = {
    "tier": _l("their tier is more urgent"),
    "points": _l("they weigh more per unit"),
    "cost": _l("the same help costs less there"),
    "distance": _l("the way to them is shorter"),
    "lottery": _l("all else was equal and the public draw put them first"),
    "fairness_floor": _l("their township would else fall below its floor"),
    "unit_size": _l("the amounts are given all or nothing and fit there"),
    "combination": _l("the plan as a whole reaches more this way"),
}


def title(reason: str) -> str:
    """A few words for a reason; an unknown code is shown as it is."""
    return str(TITLES.get(reason, reason))


def sentence(reason: str, detail: Mapping[str, Any], names: Names) -> str:
    """One or two sentences with the figures of `detail`."""
    binding = detail.get("binding") or {}
    text = _why(reason, binding, detail, names)
    before = detail.get("went_before_count")
    if before and reason != "lottery":
        decided = DECIDED_BY.get(str(detail.get("decided_by")))
        if decided is not None:
            text += _(
                " Needs that went before: %(count)s; for the last of them, %(why)s.", count=number(before), why=decided
            )
    return text


def _why(reason: str, binding: Mapping[str, Any], detail: Mapping[str, Any], names: Names) -> str:
    offering, unit = offering_name(binding.get("id"), names), _unit(binding.get("id"), names)
    asked = number(binding.get("asked", detail.get("asked_units")))
    nobody = binding.get("table") == "needs"
    if reason == "no_offering":
        if nobody:
            category = category_name(binding.get("category"), names)
            return _("Nothing of the kind %(category)s is offered in this round.", category=category)
        return _("No offering fits; %(offering)s comes closest.", offering=offering)
    if reason == "out_of_area":
        return _("The closest offering, %(offering)s, does not reach the place of this need.", offering=offering)
    if reason == "skill":
        lacking = [names_of_skills(change["add"], names) for change in _changes(detail, "provides")]
        return _("%(offering)s comes closest, but lacks: %(skills)s.", offering=offering, skills=listed(lacking) or "—")
    if reason == "period":
        return _("%(offering)s comes closest, but is not there in the days of this need.", offering=offering)
    if reason == "earmark":
        return _(
            "%(offering)s comes closest, but was given for other types of household or another project.",
            offering=offering,
        )
    if reason == "forbidden":
        if binding.get("table") == "pins":
            offering = offering_name(binding.get("offering"), names)
            return _(
                "A decision made by hand fixes what %(offering)s gives here at %(quantity)s.",
                offering=offering, quantity=number(binding.get("quantity")),
            )  # fmt: skip
        return _("%(offering)s fits, but this pair was ruled out by hand.", offering=offering)
    if reason == "too_large":
        return _(
            "All %(asked)s %(unit)s must come together, and no helper (or all of them together) has as much; %(offering)s comes closest with %(capacity)s.",
            asked=asked, unit=unit, offering=offering, capacity=number(binding.get("capacity")),
        )  # fmt: skip
    if reason == "capacity" and detail.get("idle"):
        return _(
            "Nothing stands against serving it: the search ended before this need was placed. %(offering)s has room.",
            offering=offering,
        )
    if reason == "fund":
        return _fund(binding, offering, names)
    if reason == "limit":
        left = fen(int(binding.get("max_fen", 0)) - int(binding.get("spent_fen", 0)))
        return _(
            "The limit “%(limit)s” has %(left)s left; this need asks for %(asked)s.",
            limit=limit_name(binding.get("id"), names), left=left, asked=fen(binding.get("asked_fen")),
        )  # fmt: skip
    if reason == "household_cap":
        return _(
            "The household receives %(received)s in this round; its cap is %(cap)s.",
            received=fen(binding.get("received_fen")), cap=fen(binding.get("cap_fen")),
        )  # fmt: skip
    if reason == "max_needs":
        return _(
            "%(offering)s serves at most %(count)s needs and does so already.",
            offering=offering, count=number(binding.get("max_needs")),
        )  # fmt: skip
    if reason == "lottery":
        return _(
            "Urgency, weight, cost and distance were equal; the public draw put %(count)s others first at %(offering)s.",
            count=number(detail.get("went_before_count", 1)), offering=offering,
        )  # fmt: skip
    if reason in ("capacity", "outranked") and "capacity" in binding:
        left = int(binding["capacity"]) - int(binding.get("used", 0))
        return _(
            "%(offering)s has %(left)s of %(capacity)s %(unit)s left; %(asked)s would be needed.",
            offering=offering, left=number(left), capacity=number(binding["capacity"]), unit=unit, asked=asked,
        )  # fmt: skip
    return str(detail.get("text", reason))


def _fund(binding: Mapping[str, Any], offering: str, names: Names) -> str:
    if binding.get("table") != "funds":
        return _("%(offering)s would fit, but no fund of this round may pay for it here.", offering=offering)
    payers = listed(fund_name(one, names) for one in binding.get("ids") or [binding.get("id")])
    return _(
        "The funds that may pay (%(funds)s) have %(left)s left together; %(asked)s is asked.",
        funds=payers, left=fen(binding.get("left_fen")), asked=fen(binding.get("asked_fen")),
    )  # fmt: skip


def remedies(detail: Mapping[str, Any], names: Names) -> list[str]:
    """“What would change it”: each change as a sentence; all of them together help."""
    texts = [_remedy(change, names) for change in detail.get("changes") or ()]
    if detail.get("idle"):
        texts.append(_("Run the round again with more time: the help is there."))
    return [text for text in texts if text]


def is_tried(detail: Mapping[str, Any]) -> bool:
    """Whether the changes were tried against the plan and found to help."""
    return detail.get("verified") in ("rest_of_plan_fixed", "solved_again")


def _remedy(change: Mapping[str, Any], names: Names) -> str:
    table, row = str(change.get("table")), change.get("id")
    if "add_row" in change:
        return _new_row(table, change["add_row"], names)
    if change.get("remove"):
        offering = offering_name(change.get("offering"), names)
        if table == "pins":
            return _("Lift the decision that fixes what %(offering)s gives here", offering=offering)
        return _("Lift the exclusion of %(offering)s for this need", offering=offering)
    if table == "offerings":
        return _about_offering(change, names)
    if table == "funds":
        return _about_fund(change, names)
    if table == "limits":
        return _(
            "Raise the limit “%(limit)s” from %(before)s to %(after)s",
            limit=limit_name(row, names), before=fen(change.get("from")), after=fen(change.get("to")),
        )  # fmt: skip
    if table == "households":
        return _(
            "Raise this household's cap from %(before)s to %(after)s",
            before=fen(change.get("from")), after=fen(change.get("to")),
        )  # fmt: skip
    return f"{table} {row}: {change.get('field')} → {change.get('to', change.get('add'))}"


def _new_row(table: str, row: Mapping[str, Any], names: Names) -> str:
    if table == "offerings":
        return _(
            "A new offering of %(quantity)s %(unit)s of %(category)s",
            quantity=number(row.get("capacity")),
            unit=_category_unit(row.get("category"), names),
            category=category_name(row.get("category"), names),
        )
    if table == "funds":
        return _("A fund with %(amount)s that may pay for it", amount=fen(row.get("amount_fen")))
    return ""  # a listed pair goes with the offering that was named before it


def _about_offering(change: Mapping[str, Any], names: Names) -> str:
    offering, unit = offering_name(change.get("id"), names), _unit(change.get("id"), names)
    name, before, after = change.get("field"), change.get("from"), change.get("to")
    if name == "capacity":
        more = int(after or 0) - int(before or 0)
        return _("%(offering)s gives %(more)s %(unit)s more", offering=offering, more=number(more), unit=unit)
    if name == "max_needs":
        return _(
            "%(offering)s takes on %(after)s needs instead of %(before)s",
            offering=offering,
            after=number(after),
            before=number(before),
        )
    if name == "radius_m":
        return _(
            "%(offering)s travels %(after)s instead of %(before)s",
            offering=offering,
            after=distance(after),
            before=distance(before),
        )
    if name in ("until", "from"):
        text = (
            _("%(offering)s stays until %(after)s (now until %(before)s)")
            if name == "until"
            else _("%(offering)s begins on %(after)s (now on %(before)s)")
        )
        return text % {"offering": offering, "after": _day(after), "before": _day(before)}
    added = change.get("add") or ()
    if name == "areas":
        return _("%(offering)s also serves %(places)s", offering=offering, places=_joined(added, names.regions))
    if name == "provides":
        return _("%(offering)s also brings: %(skills)s", offering=offering, skills=names_of_skills(added, names))
    if name == "types":
        return _(
            "%(offering)s is also given to the type: %(types)s",
            offering=offering,
            types=listed(word("type", one) for one in added),
        )
    if name == "projects":
        if not added:
            return _("%(offering)s is given to needs outside its project too", offering=offering)
        return _(
            "%(offering)s is also given to the project %(projects)s",
            offering=offering,
            projects=_joined(added, names.projects),
        )
    if name == "funds":
        return _(
            "%(offering)s may also be paid by %(funds)s",
            offering=offering,
            funds=listed(fund_name(one, names) for one in added),
        )
    return f"{offering}: {name} → {after if after is not None else added}"


def _about_fund(change: Mapping[str, Any], names: Names) -> str:
    fund, name, added = fund_name(change.get("id"), names), change.get("field"), change.get("add") or ()
    if name == "amount_fen":
        return _(
            "%(fund)s receives %(more)s more",
            fund=fund,
            more=fen(int(change.get("to") or 0) - int(change.get("from") or 0)),
        )
    if name == "categories":
        categories = listed(category_name(one, names) for one in added)
        return _("%(fund)s may also pay for %(what)s", fund=fund, what=categories)
    if name == "types":
        return _(
            "%(fund)s may also pay for the type: %(types)s", fund=fund, types=listed(word("type", one) for one in added)
        )
    if name == "regions":
        return _("%(fund)s may also pay in %(places)s", fund=fund, places=_joined(added, names.regions))
    if name == "projects":
        if not added:
            return _("%(fund)s may also pay outside its project", fund=fund)
        return _(
            "%(fund)s may also pay for the project %(projects)s", fund=fund, projects=_joined(added, names.projects)
        )
    return f"{fund}: {name} → {change.get('to', added)}"


def offering_name(key: object, names: Names) -> str:
    """“Rice of Nanxi Grain Co. (no. 12)”."""
    known = names.offerings.get(str(key))
    if known is None:
        return str(key)
    return _(
        "“%(title)s” of %(donor)s (offering %(number)s)", title=known.title, donor=known.donor, number=known.number
    )


def fund_name(key: object, names: Names) -> str:
    """The fund's own name."""
    return str(names.funds.get(str(key), key))


def category_name(code: object, names: Names) -> str:
    """The category in the page's language."""
    known = names.categories.get(str(code))
    return str(code) if known is None else named(known)


def names_of_skills(codes: Any, names: Names) -> str:
    """The skills in the page's language."""
    return listed(named(names.skills[code]) if code in names.skills else str(code) for code in codes or ())


def limit_name(key: object, names: Names) -> str:
    """What the limit bounds, in words; see `limit_in_words`."""
    known = names.limits.get(str(key))
    return str(key) if known is None else limit_in_words(known, names)


def limit_in_words(limit: Mapping[str, Any], names: Names) -> str:
    """“Government-bought services: rice, quilts; Yantan”, without its amount."""
    parts = []
    if limit.get("government_bought"):
        parts.append(_("Government-bought services"))
    elif limit.get("government_bought") is False:
        parts.append(_("All but government-bought services"))
    if limit.get("categories"):
        parts.append(listed(category_name(code, names) for code in limit["categories"]))
    if limit.get("regions"):
        parts.append(_joined(limit["regions"], names.regions))
    return " · ".join(parts) or _("Budget of the round")


def listed(texts: Iterable[str]) -> str:
    """“rice, quilts”, or with the Chinese mark for lists."""
    return ("、" if i18n.is_chinese() else ", ").join(texts)


def _day(text: object) -> str:
    try:
        return day(date.fromisoformat(str(text)))
    except ValueError:
        return str(text)


def _joined(codes: Any, known: Mapping[str, str]) -> str:
    return listed(str(known.get(str(code), code)) for code in codes or ())


def _unit(key: object, names: Names) -> str:
    known = names.offerings.get(str(key))
    return "" if known is None else _category_unit(known.category_code, names)


def _category_unit(code: object, names: Names) -> str:
    known = names.categories.get(str(code))
    return "" if known is None else unit_of(known)


def _changes(detail: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    return [one for one in detail.get("changes") or () if one.get("field") == field and one.get("add")]
