"""The demonstration's accounts: one for each person of the field, all with one known password, for a machine of one's own only."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.accounts.models import User
from kernel.errors import NotAllowed
from marketplace.config import settings_from
from marketplace.demo.reference import COUNTY

DEMO_PASSWORD = "zhongfu-demo-2027"  # noqa: S105 — printed at the start, refused outside local mode
TOWNSHIP = "330324110"  # Yantan 岩坦镇


@dataclass(frozen=True)
class DemoLogin:
    """One account: who signs in as what, within which subtree (an empty code: the village drawn for the account)."""

    login: str
    role: str
    region_code: str
    name_zh: str
    name_en: str


DEMO_LOGINS = [
    DemoLogin("federation", "federation", COUNTY, "慈善总会工作人员", "Charity federation staff"),
    DemoLogin("coordinator", "coordinator", COUNTY, "县级助联体专员", "County coordinator"),
    DemoLogin("coordinator2", "coordinator", COUNTY, "县级助联体专员（第二人）", "Second county coordinator"),
    DemoLogin("reviewer", "reviewer", COUNTY, "复核人", "Reviewer"),
    DemoLogin("finance", "finance", COUNTY, "财务人员", "Finance officer"),
    DemoLogin("worker", "worker", TOWNSHIP, "岩坦镇社会救助协理员", "Township worker, Yantan"),
    DemoLogin("villageworker", "worker", "", "村级服务点工作人员", "Village worker in Yantan"),
    DemoLogin("enterprise", "enterprise", COUNTY, "爱心企业联系人", "Donor enterprise"),
    DemoLogin("organisation", "social_organisation", COUNTY, "社会组织联系人", "Social organisation"),
    DemoLogin("volunteer", "volunteer", COUNTY, "志愿者", "Volunteer"),
    DemoLogin("household", "household", "", "困难家庭成员", "Household member"),
    DemoLogin("auditor", "auditor", COUNTY, "审计人员", "Auditor"),
    DemoLogin("administrator", "administrator", COUNTY, "管理员", "Administrator"),
]


def require_local(environment: Mapping[str, str]) -> None:
    """Raises NotAllowed in production: accounts with a known password have no place there."""
    if settings_from(environment).production:
        raise NotAllowed(
            "The demonstration county is for a machine of your own; it is refused while ZHONGFU_ENV is production"
        )


def require_no_demo_accounts(session: Session) -> None:
    """For the start in production: raises NotAllowed while an account of the demonstration is still active in this database."""
    known = session.scalars(
        sa.select(User.login)
        .where(User.login.in_([one.login for one in DEMO_LOGINS]), User.active, User.display_name.like("%（演示）"))
        .order_by(User.login)
    ).all()
    if known:
        raise NotAllowed(
            "This database holds accounts of the demonstration, whose password is known: %(logins)s; close them or use a database of its own",
            logins=", ".join(known),
        )
