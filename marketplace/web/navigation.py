"""The menu: only what the person may open, in the order of the work; and what the frame of every page needs to know."""

from dataclasses import dataclass

from flask import Flask, current_app, request, url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from kernel.accounts.rules import Person
from marketplace import i18n
from marketplace.security.access import may
from marketplace.web import words


@dataclass(frozen=True)
class Entry:
    """One room of the menu: its words, the endpoint it leads to and the permission it asks for."""

    label: LazyString
    endpoint: str
    permission: str


@dataclass(frozen=True)
class Room:
    """An entry as the present person sees it."""

    label: str
    url: str
    current: bool


@dataclass(frozen=True)
class Group:
    """Rooms that belong together; the first group has no title."""

    title: str
    rooms: list[Room]


MENU: tuple[tuple[LazyString | None, tuple[Entry, ...]], ...] = (
    (None, (Entry(_l("Today"), "home.day", "signed_in"),)),
    (
        _l("My part"),
        (
            Entry(_l("My household"), "households.mine", "own.household"),
            Entry(_l("My plan"), "my_plan.index", "own.household"),
            Entry(_l("My offerings"), "offerings.mine", "own.donor"),
            Entry(_l("Volunteering"), "volunteering.mine", "own.volunteering"),
            Entry(_l("Find a shift"), "projects.public_index", "own.volunteering"),
        ),
    ),
    (
        _l("Demand"),
        (
            Entry(_l("Households"), "households.index", "household.read"),
            Entry(_l("Household plans"), "plans.index", "plan.read"),
            Entry(_l("Needs"), "needs.index", "need.read"),
            Entry(_l("Leads"), "leads.index", "lead.read"),
            Entry(_l("Monitoring"), "monitoring.index", "monitoring.read"),
            Entry(_l("Visits"), "visits.index", "visit.read"),
            Entry(_l("Problems"), "problems.index", "visit.read"),
            Entry(_l("Reviews"), "reviews.index", "visit.read"),
            Entry(_l("Visit rates"), "visit_rates.index", "visit.read"),
            Entry(_l("Case conferences"), "cases.index", "case.read"),
        ),
    ),
    (
        _l("Supply"),
        (
            Entry(_l("Donors"), "donors.index", "donor.read"),
            Entry(_l("Offerings"), "offerings.index", "offering.read"),
            Entry(_l("Funds"), "funds.index", "fund.read"),
            Entry(_l("Projects"), "projects.index", "project.read"),
        ),
    ),
    (
        _l("Matching"),
        (
            Entry(_l("Match rounds"), "rounds.index", "round.read"),
            Entry(_l("Deliveries"), "deliveries.index", "delivery.read"),
        ),
    ),
    (
        _l("Administration"),
        (
            Entry(_l("Import"), "imports.index", "import.write"),
            Entry(_l("Policy sets"), "policies.index", "policy.read"),
            Entry(_l("Audit trail"), "administration.audit", "audit.read"),
            Entry(_l("Accounts"), "administration.users", "user.read"),
        ),
    ),
)


def link(endpoint: str, **values: object) -> str | None:
    """The address of `endpoint`, or None where this installation has no such page."""
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else None  # type: ignore[arg-type]


def navigation() -> list[Group]:
    """The menu of the present person."""
    here = request.blueprint
    groups = []
    for title, entries in MENU:
        rooms = []
        for entry in entries:
            url = link(entry.endpoint) if may(entry.permission) else None
            if url:
                same_area = entry.endpoint.split(".")[0] == here and not entry.endpoint.startswith("administration.")
                rooms.append(Room(str(entry.label), url, request.endpoint == entry.endpoint or same_area))
        if rooms:
            groups.append(Group(str(title) if title else "", rooms))
    return groups


def roles_in_words(person: Person) -> str:
    """The person's roles, each once."""
    return " · ".join(words.word("role", role) for role in dict.fromkeys(grant.role for grant in person.grants))


def other_language() -> str:
    """The name of the language one may switch to, in that language."""
    return "English" if i18n.is_chinese() else "中文"


def environment() -> str:
    """``production`` or ``local``: all that the foot of a page tells about the installation."""
    return "production" if current_app.extensions["zhongfu"].settings.production else "local"


def register(app: Flask) -> None:
    """Gives the layout what it asks for."""
    app.jinja_env.globals.update(
        navigation=navigation,
        roles_in_words=roles_in_words,
        other_language=other_language,
        environment=environment,
        link=link,
    )
