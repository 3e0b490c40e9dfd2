"""What an entry of a round refers to must be there: categories, regions, project, funds."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds.models import Fund
from kernel.accounts.rules import covers
from kernel.catalogue.models import Category
from kernel.checking import Faults
from kernel.errors import InvalidInput
from kernel.regions.models import Region
from kernel.regions.queries import get_region
from matching.pool import RoundScope, in_reach
from matching.rounds.models import MatchRound
from matching.rounds.rules import RoundEntry
from matching.rounds.waits import waiting_rule
from projects.models import Project


def require_known(session: Session, entry: RoundEntry) -> None:
    """Every code and id of the entry exists; what is not there is named at its field."""
    faults = Faults()
    lists = [("categories", entry.categories)] + [
        (f"limits.{place}.categories", limit.categories) for place, limit in enumerate(entry.limits)
    ]
    known = set(session.scalars(sa.select(Category.code)))
    for field, codes in lists:
        for code in codes or ():
            if code not in known:
                faults.add(
                    InvalidInput("There is no category %(code)s; see the list of categories", field=field, code=code)
                )
    wanted = {code for limit in entry.limits for code in limit.regions or ()}
    regions = set(session.scalars(sa.select(Region.code).where(Region.code.in_(wanted))))
    for place, limit in enumerate(entry.limits):
        for code in limit.regions or ():
            if code not in regions:
                faults.add(
                    InvalidInput(
                        "There is no region with code %(code)s; look the code up by name",
                        field=f"limits.{place}.regions",
                        code=code,
                    )
                )
    if entry.project_id is not None:
        project = session.get(Project, entry.project_id)
        if project is None or not covers((entry.region_code[:6],), project.region_code):
            faults.add(InvalidInput("There is no such project in this county", field="project_id"))
    if entry.fund_ids:
        rows = session.execute(
            sa.select(Fund.id, Fund.region_code, Fund.regions).where(Fund.id.in_(entry.fund_ids), Fund.status == "open")
        )
        funds = {key for key, region, areas in rows if in_reach(region, areas, entry.region_code)}
        for one in entry.fund_ids:
            if one not in funds:
                faults.add(InvalidInput("There is no open fund %(fund)s for this region", field="fund_ids", fund=one))
    faults.raise_any()


def scope_of_round(session: Session, match_round: MatchRound) -> RoundScope:
    """What the round looks at, as `matching.pool` wants it."""
    return RoundScope(
        region_code=match_round.region_code,
        region_name=get_region(session, match_round.region_code).full_name,
        categories=_tuple(match_round.categories),
        project_id=match_round.project_id,
        fund_ids=_tuple(match_round.fund_ids),
        limits=tuple(match_round.limits),
        floor_percent=match_round.floor_percent,
        tolerance_permille=match_round.tolerance_permille,
        household_cap_fen=match_round.household_cap_fen,
        waiting=waiting_rule(match_round),
    )


def _tuple(values: list | None) -> tuple | None:
    return None if values is None else tuple(values)
