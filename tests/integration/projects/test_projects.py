"""A federation drafts, lists and closes projects."""

import pytest
from sqlalchemy.orm import Session

from kernel.errors import Conflict, InvalidInput, NotFound, OutsideScope
from projects.operations import (
    change_project,
    close_project,
    draft_project,
    list_project,
    tie_fund,
    tie_needs,
    tie_offering,
)
from projects.queries import get_public_project, list_projects, list_public_projects, projects_of_funds, ties_of
from projects.rules import ProjectEntry
from projects.volunteering.operations import cancel_shift
from tests.factories import COUNTY, NOW, OTHER_COUNTY
from tests.factories_supply import CLERK, SCOPE, make_fund, make_offering, make_project, make_shift

CALL = {"actor": CLERK, "scope": SCOPE, "now": NOW}


def test_a_draft_is_the_federations_alone_until_it_is_listed(session: Session) -> None:
    project = make_project(session, listed=False)
    assert list_public_projects(session, now=NOW).rows == []
    with pytest.raises(NotFound):
        get_public_project(session, project.id)
    list_project(session, project_id=project.id, **CALL)
    make_shift(session, project=project)
    (row,) = list_public_projects(session, now=NOW, search="xiyang").rows
    assert (row.project, row.shifts, row.places_free) == (project, 1, 5)
    with pytest.raises(Conflict):
        list_project(session, project_id=project.id, **CALL)


def test_a_project_stays_within_the_federations_regions(session: Session) -> None:
    with pytest.raises(OutsideScope):
        draft_project(session, entry=entry_like(make_project(session), region_code=OTHER_COUNTY), **CALL)
    assert list_projects(session, scope=(OTHER_COUNTY,), now=NOW).rows == []


def entry_like(project: object, **changes: object) -> ProjectEntry:
    fields = (
        "name", "summary", "organiser", "region_code", "budget_fen", "beneficiaries_wanted", "starts_on", "ends_on",
    )  # fmt: skip
    return ProjectEntry(**{**{field: getattr(project, field) for field in fields}, **changes})  # type: ignore[arg-type]


def test_an_edit_with_an_old_form_is_refused(session: Session) -> None:
    project = make_project(session)
    seen = project.version
    change_project(session, project_id=project.id, entry=entry_like(project, budget_fen=1), version=seen, **CALL)
    with pytest.raises(Conflict):
        change_project(session, project_id=project.id, entry=entry_like(project), version=seen, **CALL)
    with pytest.raises(InvalidInput):
        change_project(
            session, project_id=project.id, entry=entry_like(project, categories=("gold",)), version=project.version,
            **CALL,
        )  # fmt: skip


def test_a_project_closes_only_when_no_shift_is_to_come(session: Session) -> None:
    project = make_project(session)
    shift = make_shift(session, project=project)
    with pytest.raises(Conflict):
        close_project(session, project_id=project.id, **CALL)
    cancel_shift(session, shift_id=shift.id, **CALL)
    assert close_project(session, project_id=project.id, **CALL).status == "closed"
    assert get_public_project(session, project.id) is project
    with pytest.raises(Conflict):
        make_shift(session, project=project)


def test_funds_and_offerings_are_tied_once_and_only_within_scope(session: Session) -> None:
    project, fund, offering = make_project(session), make_fund(session), make_offering(session)
    assert tie_fund(session, project_id=project.id, fund_id=fund.id, **CALL)
    assert not tie_fund(session, project_id=project.id, fund_id=fund.id, **CALL)
    assert tie_offering(session, project_id=project.id, offering_id=offering.id, **CALL)
    foreign = make_offering(session, region_code=OTHER_COUNTY)
    with pytest.raises(NotFound):
        tie_offering(session, project_id=project.id, offering_id=foreign.id, **CALL)
    with pytest.raises(NotFound):
        tie_needs(session, project_id=project.id, need_ids=[offering.id], **CALL)
    ties = ties_of(session, project.id)
    assert (ties.needs, ties.offerings, ties.fund_ids) == (0, 1, (fund.id,))
    assert projects_of_funds(session, [fund.id]) == {fund.id: frozenset({project.id})}
    assert project.region_code == COUNTY
