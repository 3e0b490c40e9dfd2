"""What pages of others show of visits, reviews, problems and cases: the page of a household, and the day of each role."""

from typing import Any

from households.cases.queries import decision_of, decisions_for, list_cases, measures_of
from households.models import Household
from households.visits.queries import care_of, count_due, list_problems, names_of, visits_due
from marketplace.security.access import db, may, person, scope_of, today
from marketplace.web.places import place_names

SHOWN = 8


def care_values(household: Household) -> dict[str, Any]:
    """For `households/_care.html`."""
    if not may("visit.read"):
        return {"care": None}
    care = care_of(db(), household, scope=scope_of("visit.read"))
    decisions = decisions_for(db(), household.id, scope=scope_of("case.decision")) if may("case.decision") else []
    cases = list_cases(db(), scope=scope_of("case.read"), household_id=household.id).rows if may("case.read") else []
    people = names_of(db(), [one.worker_id if one else None for one in (care.last_visit,)])
    return {
        "care": care,
        "care_people": people,
        "care_today": today(),
        "care_decisions": [(one, decision_of(db(), one), measures_of(db(), one)) for one in decisions],
        "care_cases": [line.case for line in cases],
    }


def day_of_visits() -> dict[str, Any]:
    """A worker's visits of the day, the first of the way, and the problems that are the worker's own."""
    scope = scope_of("visit.write")
    lines = visits_due(db(), scope=scope, today=today())
    own = list_problems(db(), scope=scope, owner_id=person().id, limit=SHOWN).rows
    return {
        "lines": lines[:SHOWN],
        "places": place_names(line.household.region_code for line in lines[:SHOWN]),
        "problems": own,
        "counts": count_due(db(), scope=scope, today=today()),
        "day": today(),
    }


def day_of_care() -> dict[str, Any]:
    """What is late in a coordinator's regions, and what was sent up."""
    return {"counts": count_due(db(), scope=scope_of("visit.read"), today=today())}


def day_of_cases() -> dict[str, Any]:
    """Decisions that await a second person, who is not the one that recorded them."""
    rows = list_cases(db(), scope=scope_of("case.confirm"), status="decided").rows
    return {"cases": [line for line in rows if line.case.decider_id != person().id][:SHOWN]}
