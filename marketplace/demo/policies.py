"""The demonstration's policy sets: one in force, with every household's portrait on record, and a draft for next year worth a preview."""

import copy
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from households.policy.operations import add_policy_set, keep_draft
from households.policy.packaged import demo_policy
from households.portrait.models import PortraitRenewal
from households.portrait.renewal import renew_piece
from kernel.audit import SYSTEM
from marketplace.demo.reference import COUNTY

RAISED = {"subsistence_line": 1_620_000, "minimum_wage_month": 244_000, "savings_limit": 3_600_000}
"""Fen: what next year's draft raises"""


def next_year(today: date) -> dict[str, Any]:
    """The draft: higher lines, and a lower bar for care from the first of January on."""
    document = copy.deepcopy(demo_policy())
    year = today.year + 1
    document |= {
        "id": f"yongjia-{year}", "valid_from": f"{year}-01-01",
        "source": f"示范用：{year} 年草案，各项标准为假定",
    }  # fmt: skip
    document["figures"] |= RAISED
    document["secondary_from"] = 35
    return document


def write_policies(session: Session, *, now: datetime, today: date) -> dict[str, int]:
    """Writes both and makes the portraits under the first; rows by table."""
    made = add_policy_set(session, document=demo_policy(), actor=SYSTEM, scope=(COUNTY,), now=now)
    keep_draft(session, document=next_year(today), actor=SYSTEM, scope=(COUNTY,), now=now)
    planned = session.query(PortraitRenewal).filter_by(policy_set_id=made.id).one()
    while (renewal := renew_piece(session, renewal_id=planned.id, now=now)) is not None and renewal.status != "done":
        pass
    return {"policy_sets": 1, "policy_drafts": 1, "portraits": planned.changed}
