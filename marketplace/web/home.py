"""The day page: what each role finds when it comes in. Whoever holds several roles finds the parts of each, once."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from households.leads.queries import list_leads
from households.monitoring.queries import list_warnings
from households.policy.queries import list_drafts, list_policy_sets, state_of
from households.portrait.queries import list_renewals
from marketplace.imports.queries import newest_imports
from marketplace.reports import day_demand, day_plans, day_rounds, day_supply, oversight, own_pages
from marketplace.security.access import (
    clock_now,
    db,
    optional_person,
    own_donor_ids,
    own_household_ids,
    person,
    public,
    scope_of,
    today,
)
from marketplace.web import care, figures, navigation
from marketplace.web.places import place_names

blueprint = Blueprint("home", __name__)
blueprint.record_once(lambda state: navigation.register(state.app))

LONG_LIST = 12


def _tiers() -> dict[str, Any]:
    return {"tiers": day_demand.open_needs_by_tier(db(), scope=scope_of("need.read"), today=today())}


def _map() -> dict[str, Any]:
    areas = day_demand.needs_by_area(db(), scope=scope_of("need.read"))
    places = [figures.Place(area.name, area.lat, area.lon, area.open_needs, area.share) for area in areas]
    return {"areas": areas, "map": figures.place_points(places)}


def _late() -> dict[str, Any]:
    scope = scope_of("round.read")
    return {
        "late": day_rounds.what_is_late(db(), scope=scope, now=clock_now(), today=today()),
        "ending": day_supply.ending_offerings(db(), scope=scope, today=today()),
    }


def _idle() -> dict[str, Any]:
    return {"idle": day_supply.idle_by_kind(db(), scope=scope_of("offering.read"), today=today())}


def _under_way() -> dict[str, Any]:
    return {"rounds": day_rounds.rounds_in(db(), scope=scope_of("round.read"))}


def _to_review() -> dict[str, Any]:
    return {
        "rounds": day_rounds.rounds_in(db(), scope=scope_of("round.review"), statuses=("proposed",), limit=LONG_LIST)
    }


def _to_commit() -> dict[str, Any]:
    return {
        "rounds": day_rounds.rounds_in(db(), scope=scope_of("round.commit"), statuses=("approved",), limit=LONG_LIST)
    }


def _all_rounds() -> dict[str, Any]:
    statuses = (*day_rounds.UNDER_WAY, "committed", "voided", "rejected", "cancelled", "failed", "expired")
    return {"rounds": day_rounds.rounds_in(db(), scope=scope_of("round.read"), statuses=statuses)}


def _funds() -> dict[str, Any]:
    return {"funds": day_supply.fund_balances(db(), scope=scope_of("fund.read"))}


def _projects() -> dict[str, Any]:
    return {"projects": day_supply.projects_in(db(), scope=scope_of("project.read"), now=clock_now())}


def _deliveries() -> dict[str, Any]:
    scope = scope_of("delivery.confirm")
    return {
        "deliveries": day_rounds.deliveries_waiting(db(), scope=scope),
        "waiting": day_rounds.count_deliveries_waiting(db(), scope=scope),
    }


def _consent() -> dict[str, Any]:
    count, lines = day_demand.households_without_consent(db(), scope=scope_of("household.write"))
    return {"count": count, "households": lines}


def _plans() -> dict[str, Any]:
    return day_plans.to_decide(db(), scope=scope_of("plan.approve"))


def _plan_work() -> dict[str, Any]:
    return day_plans.to_prepare(db(), scope=scope_of("plan.write"), today=today())


def _visits() -> dict[str, Any]:
    return care.day_of_visits()


def _care() -> dict[str, Any]:
    return care.day_of_care()


def _cases() -> dict[str, Any]:
    return care.day_of_cases()


def _own_offerings() -> dict[str, Any]:
    return {"offerings": own_pages.offerings_of(db(), own_donor_ids(), limit=LONG_LIST)}


def _shifts() -> dict[str, Any]:
    return {
        "near": own_pages.shifts_near(db(), own_donor_ids(), now=clock_now()),
        "mine": own_pages.own_shifts(db(), own_donor_ids(), now=clock_now()),
    }


def _hours() -> dict[str, Any]:
    return {"hours": own_pages.hours_of(db(), own_donor_ids(), now=clock_now())}


def _tasks() -> dict[str, Any]:
    return {"tasks": own_pages.tasks_of(db(), own_donor_ids())}


def _household() -> dict[str, Any]:
    ids = own_household_ids()
    return {
        "households": own_pages.households_of(db(), ids),
        "needs": own_pages.needs_of(db(), ids),
        "help": own_pages.help_for(db(), ids),
    }


def _bookings() -> dict[str, Any]:
    return {
        "bookings": oversight.newest_bookings(db(), scope=scope_of("fund.read")),
        "ledger_sum": oversight.ledger_sum(db()),
    }


def _trail() -> dict[str, Any]:
    return {"trail": oversight.newest_trail(db(), scope=scope_of("audit.read"))}


def _accounts() -> dict[str, Any]:
    return {"accounts": oversight.accounts_by_role(db(), scope=scope_of("user.read"))}


def _imports() -> dict[str, Any]:
    return {"imports": newest_imports(db(), scope=person().scope("administrator"))}


def _leads() -> dict[str, Any]:
    rows = list_leads(db(), scope=scope_of("lead.write"), limit=6).rows
    return {"leads": rows, "regions": place_names((row.region_code for row in rows), in_list=True), "day": today()}


def _warnings() -> dict[str, Any]:
    rows = list_warnings(db(), scope=scope_of("monitoring.write"), limit=6).rows
    regions = place_names((row.warning.region_code for row in rows), in_list=True)
    return {"warnings": rows, "regions": regions, "day": today()}


def _health() -> dict[str, Any]:
    return {"outbox": oversight.outbox_waiting(db())}


def _policies() -> dict[str, Any]:
    scope = scope_of("policy.write")
    renewals = list_renewals(db(), scope=scope, limit=1)
    return {
        "drafts": list_drafts(db(), scope=scope),
        "in_force": next(
            (row for row in list_policy_sets(db(), scope=scope) if state_of(row, today()) == "in_force"), None
        ),
        "under_way": renewals[0] if renewals and renewals[0].status == "running" else None,
    }


# A part is a template home/_<name>.html and what it shows. Roles list their parts in the order of the day's work.
PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "tiers": _tiers,
    "late": _late,
    "rounds": _under_way,
    "map": _map,
    "idle": _idle,
    "review": _to_review,
    "commit": _to_commit,
    "all_rounds": _all_rounds,
    "funds": _funds,
    "projects": _projects,
    "deliveries": _deliveries,
    "consent": _consent,
    "plans": _plans,
    "plan_work": _plan_work,
    "visits": _visits,
    "care": _care,
    "cases": _cases,
    "own_offerings": _own_offerings,
    "hours": _hours,
    "shifts": _shifts,
    "tasks": _tasks,
    "household": _household,
    "bookings": _bookings,
    "trail": _trail,
    "accounts": _accounts,
    "imports": _imports,
    "health": _health,
    "leads": _leads,
    "warnings": _warnings,
    "policies": _policies,
}
DAYS: dict[str, tuple[str, ...]] = {
    "coordinator": ("tiers", "plans", "late", "leads", "warnings", "care", "cases", "rounds", "map", "idle"),
    "reviewer": ("review", "plans", "cases", "tiers", "all_rounds"),
    "finance": ("commit", "funds", "bookings"),
    "federation": ("projects", "funds", "idle"),
    "worker": ("visits", "leads", "warnings", "tiers", "deliveries", "plan_work", "consent", "map"),
    "volunteer": ("hours", "tasks", "shifts", "own_offerings"),
    "enterprise": ("own_offerings",),
    "social_organisation": ("own_offerings",),
    "household": ("household",),
    "auditor": ("all_rounds", "bookings", "trail", "funds"),
    "administrator": ("policies", "accounts", "health", "imports", "trail"),
}


@blueprint.get("/")
@public
def day() -> ResponseReturnValue:
    """The day of whoever is signed in; everybody else is led to the public page."""
    someone = optional_person()
    if someone is None:
        return redirect(url_for("public.index"))
    names = dict.fromkeys(part for role, parts in DAYS.items() if someone.holds(role) for part in parts)
    return render_template("home/day.html", parts=[(name, PARTS[name]()) for name in names], day=today())
