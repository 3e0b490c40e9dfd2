"""What other pages show of a household's plan."""

from typing import Any

from households.models import Household
from households.plans.queries import plans_of
from marketplace.security.access import db, may


def household_values(household: Household) -> dict[str, Any]:
    """What `plans/_household.html` on the household's page shows: its versions, the newest first."""
    return {"plan_versions": plans_of(db(), [household.id]) if may("plan.read") else []}
