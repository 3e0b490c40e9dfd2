"""What tests of the supply side start from; everything is made by the real operations."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

from sqlalchemy.orm import Session
from stdnum.cn import uscc

from donors.funds.models import Fund
from donors.funds.operations import open_fund, receive_donation
from donors.funds.rules import DonationEntry, FundEntry
from donors.models import Donor
from donors.offerings.models import Offering
from donors.offerings.operations import register_offering
from donors.offerings.rules import OfferingEntry
from donors.operations import register_donor
from donors.rules import DonorEntry
from kernel.audit import Actor
from projects.models import Project
from projects.operations import draft_project, list_project
from projects.rules import ProjectEntry
from projects.volunteering.models import Shift
from projects.volunteering.operations import open_shift
from projects.volunteering.rules import ShiftEntry
from tests.factories import COUNTY, NOW, TOWNSHIP, resident_id

CLERK = Actor(None, "clerk")
SCOPE = (COUNTY,)
_numbers = count(1)


def organisation_code(number: int | None = None, *, form: str = "91") -> str:
    """A unified social credit code of valid form that belongs to nobody."""
    first = f"{form}330324{(number or next(_numbers)):08d}X"
    return first + uscc.calc_check_digit(first)


def birthday(number: int) -> str:
    """A birthday of its own for each number below 20,000."""
    return (date(1940, 1, 1) + timedelta(days=number)).strftime("%Y%m%d")


def enterprise_entry(**changes: object) -> DonorEntry:
    given = {
        "kind": "enterprise",
        "name": "楠溪江食品有限公司",
        "region_code": TOWNSHIP,
        "uscc": organisation_code(),
        "contact_name": "陈经理",
        "phone": "13800000001",
    }
    return DonorEntry(**{**given, **changes})  # type: ignore[arg-type]


def volunteer_entry(**changes: object) -> DonorEntry:
    given = {
        "kind": "volunteer",
        "name": "林小溪",
        "region_code": TOWNSHIP,
        "resident_id": resident_id(born=birthday(next(_numbers))),
        "phone": "13800000002",
        "skills": ("tutoring",),
        "reach_m": 8_000,
        "max_households": 3,
    }
    return DonorEntry(**{**given, **changes})  # type: ignore[arg-type]


def make_enterprise(session: Session, **changes: object) -> Donor:
    return register_donor(session, entry=enterprise_entry(**changes), actor=CLERK, scope=("33",), now=NOW)


def make_volunteer(session: Session, **changes: object) -> Donor:
    return register_donor(session, entry=volunteer_entry(**changes), actor=CLERK, scope=("33",), now=NOW)


def make_offering(session: Session, *, donor: Donor | None = None, **changes: object) -> Offering:
    """100 bags of rice of an enterprise, unless told otherwise."""
    donor = donor or make_enterprise(session)
    given = {
        "donor_id": donor.id,
        "category_code": "rice",
        "title": "东北大米",
        "quantity": 100,
        "region_code": donor.region_code,
    }
    entry = OfferingEntry(**{**given, **changes})  # type: ignore[arg-type]
    return register_offering(session, entry=entry, actor=CLERK, scope=("33",), now=NOW)


def make_fund(session: Session, *, amount_fen: int = 0, **changes: object) -> Fund:
    """A fund of the county without earmarks, with `amount_fen` received where it is above zero."""
    given = {"name": "弱有众扶专项基金", "kind": "special_fund", "region_code": COUNTY}
    entry = FundEntry(**{**given, **changes})  # type: ignore[arg-type]
    fund = open_fund(session, entry=entry, actor=CLERK, scope=("33",), now=NOW)
    if amount_fen:
        give(session, fund, amount_fen)
    return fund


def give(session: Session, fund: Fund, amount_fen: int, *, giver_name: str = "爱心人士") -> None:
    receive_donation(
        session,
        entry=DonationEntry(
            fund_id=fund.id, amount_fen=amount_fen, received_on=date(2027, 3, 1), giver_name=giver_name
        ),
        actor=CLERK,
        scope=("33",),
        now=NOW,
    )


def make_project(session: Session, *, listed: bool = True, **changes: object) -> Project:
    given = {
        "name": "夕阳红陪伴行动",
        "summary": "每周探访独居老人。",
        "organiser": "永嘉县慈善总会",
        "region_code": COUNTY,
        "budget_fen": 5_000_000,
        "beneficiaries_wanted": 60,
        "starts_on": date(2027, 3, 1),
        "ends_on": date(2027, 12, 31),
        "categories": ("companionship_hours",),
    }
    entry = ProjectEntry(**{**given, **changes})  # type: ignore[arg-type]
    project = draft_project(session, entry=entry, actor=CLERK, scope=("33",), now=NOW)
    if listed:
        list_project(session, project_id=project.id, actor=CLERK, scope=("33",), now=NOW)
    return project


def make_shift(session: Session, *, project: Project | None = None, **changes: object) -> Shift:
    """A shift on 10 March 2027, 9 to 12 o'clock in Shanghai, with five places, unless told otherwise."""
    project = project or make_project(session)
    given = {
        "project_id": project.id,
        "title": "探访老人",
        "place": "岩坦镇文化礼堂",
        "region_code": TOWNSHIP,
        "starts_at": datetime(2027, 3, 10, 1, tzinfo=UTC),
        "ends_at": datetime(2027, 3, 10, 4, tzinfo=UTC),
        "capacity": 5,
    }
    entry = ShiftEntry(**{**given, **changes})  # type: ignore[arg-type]
    return open_shift(session, entry=entry, actor=CLERK, scope=("33",), now=NOW)
