"""The import page: choose what, take the template, upload, read every fault, then import all of it or only the good rows."""

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired

from kernel.catalogue.queries import all_categories, all_skills
from kernel.errors import DomainError, NotFound
from marketplace import i18n
from marketplace.errors import status_of
from marketplace.imports.background import receive_upload, request_import, work_of
from marketplace.imports.columns import COLUMNS
from marketplace.imports.operations import (
    PERMISSIONS,
    discard_import,
    list_imports,
    rejected_rows,
)
from marketplace.imports.templates import template_workbook
from marketplace.security.access import actor, clock_now, db, may, requires, scope_of
from marketplace.security.uploads import as_file, own_batch, require_kind, translate
from marketplace.web.faults import put_faults, sentence
from marketplace.web.region_choice import code_of, shown_by_code, suggestions
from marketplace.web.words import choices

blueprint = Blueprint("imports", __name__, url_prefix="/imports")
SHOWN_FAULTS = 500
_LEVEL_OF_COUNTIES = 3


class UploadForm(FlaskForm):  # type: ignore[misc]
    """What, where, and the file."""

    kind = SelectField(_l("What is in the file"), validators=[InputRequired(_l("Choose what is in the file"))])
    region_code = StringField(
        _l("Region"),
        description=_l("Every row lies in this region: code or name"),
        validators=[InputRequired(_l("Name the region"))],
    )
    file = FileField(
        _l("File"),
        description=_l("XLSX, or CSV in UTF-8 or GB18030; at most 20 MB"),
        validators=[FileRequired(_l("Choose a file"))],
    )


def kinds() -> list[tuple[str, str]]:
    """The kinds that the person may write."""
    return [(code, text) for code, text in choices("import_kind") if may(PERMISSIONS[code])]


@blueprint.route("", methods=["GET", "POST"])
@requires("import.write")
def index() -> ResponseReturnValue:
    """The upload form, the templates and one's newest uploads."""
    scope = scope_of("import.write")
    start = {"kind": request.args.get("kind", ""), "region_code": shown_by_code(scope[0]) if len(scope) == 1 else ""}
    form = UploadForm() if request.method == "POST" else UploadForm(formdata=None, data=start)
    form.kind.choices = [("", _("Choose")), *kinds()]
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                allowed = require_kind(form.kind.data)
                batch = receive_upload(
                    db(),
                    kind=form.kind.data,
                    file_name=form.file.data.filename or "",
                    content=form.file.data.read(),
                    region_code=code_of(form.region_code.data, scope=allowed),
                    actor=actor(),
                    scope=allowed,
                    now=clock_now(),
                    chinese=i18n.is_chinese(),
                )
            except DomainError as error:
                db().rollback()
                put_faults(form, error)
                status = status_of(error)
            else:
                return redirect(url_for("imports.detail", batch_id=batch.id), 303)
    text = render_template(
        "imports/index.html",
        form=form,
        kinds=kinds(),
        batches=list_imports(db(), actor=actor(), limit=10),
        places=suggestions(scope, least_level=_LEVEL_OF_COUNTIES),
    )
    return text, status


@blueprint.get("/template/<kind>")
@requires("import.write")
def template(kind: str) -> ResponseReturnValue:
    """A template in the language of the page."""
    if kind not in COLUMNS:
        raise NotFound("There is no such kind of import")
    content = template_workbook(
        kind, categories=all_categories(db()), skills=all_skills(db()), chinese=i18n.is_chinese()
    )
    return as_file(content, f"zhongfu-{kind}")


@blueprint.get("/<uuid:batch_id>")
@requires("import.write")
def detail(batch_id: uuid.UUID) -> ResponseReturnValue:
    """How far a large file is, or what the dry run found."""
    return _page(batch_id)


@blueprint.get("/<uuid:batch_id>/progress")
@requires("import.write")
def progress(batch_id: uuid.UUID) -> ResponseReturnValue:
    """The moving part of the page while a worker checks or imports; tells the page to load anew when it is done."""
    batch, _scope = own_batch(batch_id)
    if batch.status not in ("checking", "importing"):
        return "", 200, {"HX-Refresh": "true"}
    return render_template("imports/_progress.html", batch=batch, work=work_of(db(), batch))


def _page(batch_id: uuid.UUID, *, errors: list[str] | None = None, status: int = 200) -> ResponseReturnValue:
    batch, _scope = own_batch(batch_id)
    work = work_of(db(), batch)
    if work is not None and work.refusal and not errors:
        errors = [translate(work.refusal["message"], work.refusal["values"])]
    found: list[dict[str, Any]] = batch.report["faults"]
    faults = [{**fault, "message": translate(fault["message"], fault["values"])} for fault in found[:SHOWN_FAULTS]]
    text = render_template(
        "imports/detail.html",
        batch=batch,
        work=work,
        report=batch.report,
        faults=faults,
        count=len(found),
        region=shown_by_code(batch.region_code),
        errors=errors or [],
    )
    return text, status


@blueprint.post("/<uuid:batch_id>/apply")
@requires("import.write")
def apply(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Imports all of it, or only the good rows."""
    batch, scope = own_batch(batch_id)
    try:
        done = request_import(
            db(),
            batch_id=batch.id,
            partial=request.form.get("partial") == "yes",
            actor=actor(),
            scope=scope,
            now=clock_now(),
            translate=translate,
            chinese=i18n.is_chinese(),
        )
    except DomainError as error:
        db().rollback()
        return _page(batch_id, errors=[sentence(error)], status=status_of(error))
    if done.status == "imported":
        flash(_("%(count)s entries are imported.", count=done.report["written"]), "success")
    return redirect(url_for("imports.detail", batch_id=batch_id), 303)


@blueprint.post("/<uuid:batch_id>/discard")
@requires("import.write")
def discard(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Empties the sealed file."""
    batch, scope = own_batch(batch_id)
    discard_import(db(), batch_id=batch.id, actor=actor(), scope=scope, now=clock_now())
    flash(_("The file is discarded."), "success")
    return redirect(url_for("imports.index"), 303)


@blueprint.get("/<uuid:batch_id>/rejected")
@requires("import.write")
def rejected(batch_id: uuid.UUID) -> ResponseReturnValue:
    """The workbook of the rows left out, each with its reason."""
    batch, scope = own_batch(batch_id)
    return as_file(rejected_rows(db(), batch_id=batch.id, actor=actor(), scope=scope), "zhongfu-rejected")
