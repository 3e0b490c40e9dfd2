"""Projects 帮扶项目: drafted and listed by a federation, read by everybody."""

import uuid
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from marketplace.api.base import list_of, refusals
from marketplace.api.projects_schemas import (
    NeedsSchema,
    ProjectChangeSchema,
    ProjectEntrySchema,
    ProjectQuery,
    ProjectRowSchema,
    ProjectSchema,
    PublicProjectQuery,
    TiesSchema,
)
from marketplace.security.access import actor, clock_now, db, public, requires, scope_of
from projects.operations import (
    change_project,
    close_project,
    draft_project,
    list_project,
    tie_fund,
    tie_needs,
    tie_offering,
)
from projects.queries import (
    ProjectRow,
    get_project,
    get_public_project,
    list_projects,
    list_public_projects,
    ties_of,
)
from projects.rules import ProjectEntry

blueprint = Blueprint("api_projects", __name__, url_prefix="/api/v1/projects", description="Projects 帮扶项目")


def writer() -> dict[str, Any]:
    """Who writes where and when."""
    return {"actor": actor(), "scope": scope_of("project.write"), "now": clock_now()}


def row_document(row: ProjectRow) -> dict[str, Any]:
    """A row of a list."""
    return {
        **{name: getattr(row.project, name) for name in ProjectSchema().fields},
        "shifts": row.shifts,
        "places_free": row.places_free,
    }


@blueprint.route("")
class Projects(MethodView):
    """The federation's list."""

    @requires("project.read")
    @blueprint.arguments(ProjectQuery, location="query")
    @blueprint.response(200, list_of(ProjectRowSchema))
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Projects of one's regions, drafts too, newest first."""
        page = list_projects(db(), scope=scope_of("project.read"), now=clock_now(), **query)
        return {"items": [row_document(row) for row in page.rows], "next": page.next_after}

    @requires("project.write")
    @blueprint.arguments(ProjectEntrySchema)
    @blueprint.response(201, ProjectSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Draft a project."""
        return draft_project(db(), entry=entry_of(given), **writer())


@blueprint.route("/listed")
class Listed(MethodView):
    """The public list."""

    @public
    @blueprint.arguments(PublicProjectQuery, location="query")
    @blueprint.response(200, list_of(ProjectRowSchema))
    @refusals(blueprint, 422)
    def get(self, query: dict[str, Any]) -> object:
        """Listed projects of all regions, newest first."""
        page = list_public_projects(db(), now=clock_now(), **query)
        return {"items": [row_document(row) for row in page.rows], "next": page.next_after}


@blueprint.route("/listed/<uuid:project_id>")
class ListedProject(MethodView):
    """One public project."""

    @public
    @blueprint.response(200, ProjectSchema)
    @refusals(blueprint, 404)
    def get(self, project_id: uuid.UUID) -> object:
        """A listed or closed project."""
        return get_public_project(db(), project_id)


@blueprint.route("/<uuid:project_id>")
class OneProject(MethodView):
    """One project."""

    @requires("project.read")
    @blueprint.response(200, ProjectSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, project_id: uuid.UUID) -> object:
        """A project of one's regions."""
        return get_project(db(), project_id, scope=scope_of("project.read"))

    @requires("project.write")
    @blueprint.arguments(ProjectChangeSchema)
    @blueprint.response(200, ProjectSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def put(self, given: dict[str, Any], project_id: uuid.UUID) -> object:
        """Change a project that is not closed."""
        version = given.pop("version")
        return change_project(db(), project_id=project_id, version=version, entry=entry_of(given), **writer())


@blueprint.route("/<uuid:project_id>/list")
class ListIt(MethodView):
    """From draft to public."""

    @requires("project.write")
    @blueprint.response(200, ProjectSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, project_id: uuid.UUID) -> object:
        """List the draft: everybody sees it from now on."""
        return list_project(db(), project_id=project_id, **writer())


@blueprint.route("/<uuid:project_id>/close")
class CloseIt(MethodView):
    """The end of a project."""

    @requires("project.write")
    @blueprint.response(200, ProjectSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, project_id: uuid.UUID) -> object:
        """Close the project; refused while shifts are still to come."""
        return close_project(db(), project_id=project_id, **writer())


@blueprint.route("/<uuid:project_id>/ties")
class Ties(MethodView):
    """What hangs on it."""

    @requires("project.read")
    @blueprint.response(200, TiesSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, project_id: uuid.UUID) -> object:
        """Needs, households, offerings and funds of the project, in numbers."""
        return ties_of(db(), get_project(db(), project_id, scope=scope_of("project.read")).id)


@blueprint.route("/<uuid:project_id>/needs")
class Needs(MethodView):
    """Needs of the project."""

    @requires("project.write")
    @blueprint.arguments(NeedsSchema)
    @blueprint.response(200, TiesSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any], project_id: uuid.UUID) -> object:
        """Tie needs to the project."""
        tie_needs(db(), project_id=project_id, need_ids=given["need_ids"], **writer())
        return ties_of(db(), project_id)


@blueprint.route("/<uuid:project_id>/offerings/<uuid:offering_id>")
class TiedOffering(MethodView):
    """An offering of the project."""

    @requires("project.write")
    @blueprint.response(200, TiesSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def put(self, project_id: uuid.UUID, offering_id: uuid.UUID) -> object:
        """Earmark an offering for the project."""
        tie_offering(db(), project_id=project_id, offering_id=offering_id, **writer())
        return ties_of(db(), project_id)


@blueprint.route("/<uuid:project_id>/funds/<uuid:fund_id>")
class TiedFund(MethodView):
    """A fund of the project."""

    @requires("project.write")
    @blueprint.response(200, TiesSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def put(self, project_id: uuid.UUID, fund_id: uuid.UUID) -> object:
        """Earmark a fund for the project."""
        tie_fund(db(), project_id=project_id, fund_id=fund_id, **writer())
        return ties_of(db(), project_id)


def entry_of(given: dict[str, Any]) -> ProjectEntry:
    """The domain's entry from the document."""
    return ProjectEntry(**{**given, "categories": tuple(given["categories"])})
