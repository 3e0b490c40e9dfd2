"""Leads and departments' records for tests, made by the real operations under the packaged policy."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from households.leads.models import Lead
from households.leads.operations import record_lead
from households.leads.rules import LeadEntry
from households.monitoring.rules import RecordEntry
from households.policy.operations import add_policy_set
from households.policy.packaged import demo_policy
from kernel.audit import SYSTEM
from tests.factories import COUNTY, NOW, TOWNSHIP

WORKER: dict[str, Any] = {"actor": SYSTEM, "scope": (COUNTY,), "now": NOW}
TODAY = date(2027, 3, 5)


def hold_policy(session: Session, **monitoring: Any) -> None:
    """The packaged policy set holds; `monitoring` replaces parts of its monitoring."""
    document = demo_policy()
    document["monitoring"] |= monitoring
    add_policy_set(session, document=document, actor=SYSTEM, scope=(COUNTY,), now=NOW)


def a_lead(**values: Any) -> LeadEntry:
    """An entry that holds."""
    entry = LeadEntry(TOWNSHIP, "hotline", "老人独居，屋顶漏雨，无人照看", name="周建国", phone="13812345678")
    return replace(entry, **values)


def make_lead(session: Session, *, now: Any = NOW, **values: Any) -> Lead:
    """A recorded lead."""
    return record_lead(session, entry=a_lead(**values), **WORKER | {"now": now})


def a_bill(number: str, resident_id: str, **values: Any) -> RecordEntry:
    """A medical bill of 12,000 yuan, two months ago."""
    entry = RecordEntry(
        "medical_insurance", number, "medical_bill", "paid", date(2027, 1, 5), TOWNSHIP, resident_id=resident_id,
        name="周建国", amount_fen=1_200_000,
    )  # fmt: skip
    return replace(entry, **values)


def a_record(number: str, resident_id: str | None, kind: str, state: str, **values: Any) -> RecordEntry:
    """A record of another department, last month."""
    entry = RecordEntry("other", number, kind, state, date(2027, 2, 5), TOWNSHIP, resident_id=resident_id, name="周某")
    return replace(entry, **values)
