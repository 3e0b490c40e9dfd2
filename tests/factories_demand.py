"""Households and needs for tests, made by the real operations."""

import uuid
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from households.models import Household
from households.needs.models import Need
from households.needs.operations import post_need
from households.needs.rules import NeedEntry
from households.operations import register_household
from households.rules import HouseholdEntry, MemberEntry
from kernel.audit import SYSTEM
from tests.factories import COUNTY, NOW, TOWNSHIP, resident_id


def a_head(**values: Any) -> MemberEntry:
    """A head of household with a resident ID that belongs to nobody."""
    return MemberEntry(**{"name": "周建国", "relation": "head", "resident_id": resident_id(), **values})


def a_household(*members: MemberEntry, **values: Any) -> HouseholdEntry:
    """An entry that holds; `values` replace single fields."""
    entry = HouseholdEntry(
        region_code=TOWNSHIP,
        members=members or (a_head(),),
        status_category="subsistence_allowance",
        main_type="subsistence",
        risk_tier="key",
        consented=True,
    )
    return replace(entry, **values)


def make_household(session: Session, *members: MemberEntry, **values: Any) -> Household:
    """A registered household."""
    return register_household(session, entry=a_household(*members, **values), actor=SYSTEM, scope=(COUNTY,), now=NOW)


def a_need(household_id: uuid.UUID, **values: Any) -> NeedEntry:
    """An entry that holds: ten bags of rice."""
    return replace(NeedEntry(household_id=household_id, category_code="rice", quantity=10), **values)


def make_need(session: Session, household: Household, **values: Any) -> Need:
    """A posted need."""
    return post_need(session, entry=a_need(household.id, **values), actor=SYSTEM, scope=(COUNTY,), now=NOW)
