"""Projects 帮扶项目: the federation's list and forms, and the public list that needs no sign-in."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.blueprints import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from donors.funds.queries import list_funds
from kernel.catalogue.queries import all_categories, all_skills
from kernel.errors import DomainError
from marketplace.security.access import actor, clock_now, db, may, public, requires, scope_of
from marketplace.web.addresses import id_from, number_after, searched, with_query
from marketplace.web.faults import put_faults
from marketplace.web.places import place_names
from marketplace.web.project_forms import PROJECT_NAMES, FundTieForm, ProjectForm, ShiftForm, form_of
from marketplace.web.steps import take_step
from marketplace.web.typed_fields import find_faults
from projects.models import PROJECT_STATUSES
from projects.operations import change_project, close_project, draft_project, list_project, tie_fund
from projects.queries import get_project, get_public_project, list_projects, list_public_projects, ties_of
from projects.rules import checked_project
from projects.volunteering.operations import cancel_shift, open_shift
from projects.volunteering.queries import get_shift, list_shifts, sign_ups_on
from projects.volunteering.rules import checked_shift

blueprint = Blueprint("projects", __name__)


@blueprint.get("/projects")
@public
def public_index() -> ResponseReturnValue:
    """Listed projects of all regions, for everybody."""
    page = list_public_projects(
        db(),
        now=clock_now(),
        search=searched(),
        category_code=searched("category") or None,
        with_free_places=request.args.get("places") == "1",
        after=number_after(),
        limit=20,
    )
    return render_template(
        "projects/public_index.html",
        page=page,
        next_url=with_query("projects.public_index", after=page.next_after) if page.next_after else None,
        categories={category.code: category for category in all_categories(db())},
        places=place_names(row.project.region_code for row in page.rows),
    )


@blueprint.get("/projects/<uuid:project_id>")
@public
def public_detail(project_id: uuid.UUID) -> ResponseReturnValue:
    """One project with its shifts, for everybody."""
    project = get_public_project(db(), project_id)
    return render_template(
        "projects/public_detail.html",
        project=project,
        shifts=list_shifts(db(), scope=None, now=clock_now(), project_id=project.id, limit=50).rows,
        categories={category.code: category for category in all_categories(db())},
        places=place_names([project.region_code]),
    )


@blueprint.get("/federation/projects")
@requires("project.read")
def index() -> ResponseReturnValue:
    """Projects of the person's regions, drafts too."""
    status = request.args.get("status", "")
    page = list_projects(
        db(),
        scope=scope_of("project.read"),
        now=clock_now(),
        search=searched(),
        status=status if status in PROJECT_STATUSES else None,
        after=number_after(),
    )
    return render_template(
        "projects/index.html",
        page=page,
        next_url=with_query("projects.index", after=page.next_after) if page.next_after else None,
        places=place_names(row.project.region_code for row in page.rows),
    )


@blueprint.route("/federation/projects/new", methods=["GET", "POST"])
@requires("project.write")
def create() -> ResponseReturnValue:
    """The form of a new project; it stays a draft until it is listed."""
    scope = scope_of("project.write")
    form = ProjectForm()
    form.offer(scope)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                project = draft_project(db(), entry=form.entry(), **_writer())
            except DomainError as error:
                db().rollback()
                put_faults(form, error, PROJECT_NAMES)
            else:
                flash(_("The project is a draft. Add shifts, then list it so that everybody sees it."), "success")
                return redirect(url_for("projects.detail", project_id=project.id), 303)
        else:
            find_faults(form, lambda: checked_project(form.entry()), PROJECT_NAMES)
    return render_template("projects/form.html", form=form, project=None), status


@blueprint.get("/federation/projects/<uuid:project_id>")
@requires("project.read")
def detail(project_id: uuid.UUID) -> ResponseReturnValue:
    """One project as the federation sees it."""
    return _detail(project_id, FundTieForm())


def _detail(project_id: uuid.UUID, fund_form: FundTieForm) -> str:
    project = get_project(db(), project_id, scope=scope_of("project.read"))
    ties = ties_of(db(), project.id)
    fund_form.offer(set(ties.fund_ids))
    funds = list_funds(db(), scope=scope_of("fund.read"), ids=ties.fund_ids).rows if may("fund.read") else []
    writes = any(project.region_code.startswith(code) for code in scope_of("project.write"))
    return render_template(
        "projects/detail.html",
        project=project,
        ties=ties,
        funds=funds,
        fund_form=fund_form,
        shifts=list_shifts(
            db(), scope=scope_of("project.read"), now=clock_now(), project_id=project.id, upcoming=False, limit=100
        ).rows,
        categories={category.code: category for category in all_categories(db())},
        places=place_names([project.region_code]),
        may_write=writes and project.status != "closed",
        now=clock_now(),
    )


@blueprint.route("/federation/projects/<uuid:project_id>/edit", methods=["GET", "POST"])
@requires("project.write")
def edit(project_id: uuid.UUID) -> ResponseReturnValue:
    """The form of a known project."""
    scope = scope_of("project.write")
    project = get_project(db(), project_id, scope=scope)
    form = form_of(project)
    form.offer(scope)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            typed = form.version.data or ""
            version = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1
            try:
                change_project(db(), project_id=project_id, entry=form.entry(), version=version, **_writer())
            except DomainError as error:
                db().rollback()
                put_faults(form, error, PROJECT_NAMES)
            else:
                flash(_("The changes are saved."), "success")
                return redirect(url_for("projects.detail", project_id=project_id), 303)
        else:
            find_faults(form, lambda: checked_project(form.entry()), PROJECT_NAMES)
    return render_template("projects/form.html", form=form, project=project), status


@blueprint.post("/federation/projects/<uuid:project_id>/list")
@requires("project.write")
def list_it(project_id: uuid.UUID) -> ResponseReturnValue:
    """From draft to public."""
    return _step(list_project, project_id, _("The project is listed: everybody sees it."))


@blueprint.post("/federation/projects/<uuid:project_id>/close")
@requires("project.write")
def close(project_id: uuid.UUID) -> ResponseReturnValue:
    """The end of a project."""
    return _step(close_project, project_id, _("The project is closed."))


@blueprint.post("/federation/projects/<uuid:project_id>/funds")
@requires("project.write")
def tie(project_id: uuid.UUID) -> ResponseReturnValue:
    """A fund for this project alone."""
    form = FundTieForm()
    fund_id = id_from(form.fund_id.data)
    if fund_id is None:
        form.fund_id.errors = [_("Choose a fund")]
        return _detail(project_id, form), 422
    return _step(tie_fund, project_id, _("The fund pays for this project from now on."), fund_id=fund_id)


@blueprint.route("/federation/projects/<uuid:project_id>/shifts/new", methods=["GET", "POST"])
@requires("project.write")
def create_shift(project_id: uuid.UUID) -> ResponseReturnValue:
    """The form of a new shift."""
    scope = scope_of("project.write")
    project = get_project(db(), project_id, scope=scope)
    form = ShiftForm()
    form.offer(scope)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                open_shift(db(), entry=form.entry(project_id), **_writer())
            except DomainError as error:
                db().rollback()
                put_faults(form, error)
            else:
                flash(_("The shift is open."), "success")
                return redirect(url_for("projects.detail", project_id=project_id), 303)
        else:
            find_faults(form, lambda: checked_shift(form.entry(project_id), now=clock_now()))
    return render_template("projects/shift_form.html", form=form, project=project), status


@blueprint.get("/federation/shifts/<uuid:shift_id>")
@requires("project.write")
def shift_people(shift_id: uuid.UUID) -> ResponseReturnValue:
    """Who comes to a shift."""
    row = get_shift(db(), shift_id, scope=scope_of("project.write"))
    return render_template(
        "projects/shift_people.html",
        row=row,
        people=sign_ups_on(db(), shift_id),
        skills={skill.code: skill for skill in all_skills(db())},
        places=place_names([row.shift.region_code]),
        may_cancel=row.shift.status == "open" and row.shift.starts_at > clock_now(),
    )


@blueprint.post("/federation/shifts/<uuid:shift_id>/cancel")
@requires("project.write")
def cancel(shift_id: uuid.UUID) -> ResponseReturnValue:
    """The shift does not take place."""
    row = get_shift(db(), shift_id, scope=scope_of("project.write"))
    return take_step(
        lambda: cancel_shift(db(), shift_id=shift_id, **_writer()),
        done=_("The shift is cancelled; every place on it was given back."),
        back=url_for("projects.detail", project_id=row.project.id),
    )


def _step(operation: Callable[..., Any], project_id: uuid.UUID, done: str, **values: Any) -> ResponseReturnValue:
    """One step of the project's life."""
    values |= {"project_id": project_id, **_writer()}
    return take_step(
        lambda: operation(db(), **values), done=done, back=url_for("projects.detail", project_id=project_id)
    )


def _writer() -> dict[str, Any]:
    return {"actor": actor(), "scope": scope_of("project.write"), "now": clock_now()}
