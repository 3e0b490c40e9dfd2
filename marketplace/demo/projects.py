"""Writing the charity projects of the demonstration, their shifts and sign-ups, and what is tied to them."""

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from donors.offerings.rules import OfferingEntry
from households.needs.rules import CheckedNeed
from kernel.pinyin import syllables
from marketplace.demo import figures
from marketplace.demo.activities import OUTLINES, PlannedShift, tie_needs, tie_offers
from marketplace.demo.keys import Keys
from marketplace.demo.money import Purse
from marketplace.demo.writing import copy_rows
from projects.models import Project, ProjectFund, ProjectNeed, ProjectOffering
from projects.rules import ProjectEntry, checked_project
from projects.volunteering.models import Shift, SignUp
from projects.volunteering.rules import ShiftEntry, checked_shift


def write_projects(
    session: Session,
    draw: Random,
    keys: Keys,
    *,
    shifts: Sequence[PlannedShift],
    needs: Sequence[CheckedNeed],
    offers: Sequence[OfferingEntry],
    purses: Sequence[Purse],
    listed_by: uuid.UUID,
    today: date,
    now: datetime,
) -> dict[str, int]:
    """Writes them all, listed by the federation's account `listed_by`, and returns the rows by table."""
    keys_of = [keys.of("project", number) for number in range(len(OUTLINES))]
    project_rows = []
    for key, outline in zip(keys_of, OUTLINES, strict=True):
        entry = checked_project(
            ProjectEntry(
                outline.name,
                outline.summary,
                outline.organiser,
                outline.region,
                outline.budget_yuan * figures.YUAN,
                outline.wanted,
                today - timedelta(days=20),
                today + timedelta(days=160),
                outline.categories,
            )
        )
        project_rows.append(
            {
                "id": key,
                "name": entry.name,
                "pinyin": syllables(entry.name),
                "summary": entry.summary,
                "organiser": entry.organiser,
                "region_code": entry.region_code,
                "categories": list(entry.categories),
                "budget_fen": entry.budget_fen,
                "beneficiaries_wanted": entry.beneficiaries_wanted,
                "starts_on": entry.starts_on,
                "ends_on": entry.ends_on,
                "status": "listed",
                "listed_by": listed_by,
                "created_at": now,
                "updated_at": now,
            }
        )
    counts = {"projects": copy_rows(session, Project, project_rows)}
    counts |= _write_shifts(session, keys, keys_of, shifts, now=now)
    counts["project_needs"] = copy_rows(
        session,
        ProjectNeed,
        [
            {"need_id": keys.of("need", need), "project_id": keys_of[project]}
            for need, project in tie_needs(draw, needs).items()
        ],
    )
    counts["project_offerings"] = copy_rows(
        session,
        ProjectOffering,
        [
            {"offering_id": keys.of("offering", offer), "project_id": keys_of[project]}
            for offer, project in tie_offers(draw, offers)
        ],
    )
    counts["project_funds"] = copy_rows(
        session,
        ProjectFund,
        [{"fund_id": one.id, "project_id": keys_of[one.project]} for one in purses if one.project is not None],
    )
    return counts


def _write_shifts(
    session: Session, keys: Keys, projects: Sequence[uuid.UUID], shifts: Sequence[PlannedShift], *, now: datetime
) -> dict[str, int]:
    shift_rows = []
    for shift in shifts:
        entry = checked_shift(
            ShiftEntry(
                projects[shift.project],
                shift.title,
                f"{shift.village.township_name}{shift.village.name}服务点",
                shift.village.code,
                shift.starts_at.astimezone(UTC),
                shift.ends_at.astimezone(UTC),
                shift.capacity,
                shift.village.lat,
                shift.village.lon,
                shift.requires,
            ),
            now=now,
        )
        shift_rows.append(
            {
                "id": shift.id,
                "project_id": entry.project_id,
                "title": entry.title,
                "place": entry.place,
                "region_code": entry.region_code,
                "lat": entry.lat,
                "lon": entry.lon,
                "starts_at": entry.starts_at,
                "ends_at": entry.ends_at,
                "capacity": entry.capacity,
                "taken": len(shift.volunteers),
                "requires": list(entry.requires),
                "created_at": now,
            }
        )
    copy_rows(session, Shift, shift_rows)
    sign_ups = [
        {
            "id": keys.of("sign_up", number),
            "shift_id": shift.id,
            "volunteer_id": volunteer,
            "period": Range(shift.starts_at, shift.ends_at, bounds="[)"),
            "signed_up_at": now,
        }
        for number, (shift, volunteer) in enumerate((one, who) for one in shifts for who in one.volunteers)
    ]
    session.execute(sa.insert(SignUp), sign_ups)
    return {"shifts": len(shift_rows), "sign_ups": len(sign_ups)}
