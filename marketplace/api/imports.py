"""Imports: a template, a dry run that names every fault, then all of it or only the good rows."""

import uuid
from typing import Any

import marshmallow as ma
from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint
from flask_smorest.fields import Upload

from kernel.catalogue.queries import all_categories, all_skills
from marketplace import i18n
from marketplace.api import fields
from marketplace.api.base import list_of, refusals
from marketplace.imports.background import receive_upload, request_import, work_of
from marketplace.imports.columns import COLUMNS
from marketplace.imports.models import ImportBatch
from marketplace.imports.operations import (
    discard_import,
    list_imports,
    rejected_rows,
)
from marketplace.imports.templates import template_workbook
from marketplace.imports.workbooks import XLSX
from marketplace.security.access import actor, clock_now, db, requires
from marketplace.security.uploads import as_file, own_batch, require_kind, translate

blueprint = Blueprint("api_imports", __name__, url_prefix="/api/v1/imports", description="Imports from XLSX and CSV")
KINDS = tuple(COLUMNS)


class ImportFaultSchema(ma.Schema):
    """One fault with its place: sheet, row as the spreadsheet counts, column by its heading, the reason and its mend."""

    sheet = ma.fields.String(required=True)
    row = ma.fields.Integer(allow_none=True)
    column = ma.fields.String(allow_none=True)
    message = ma.fields.String(required=True)


class ImportProgressSchema(ma.Schema):
    """How far a worker is with a large file, and why it was refused, if it was."""

    stage = ma.fields.String(
        allow_none=True, metadata={"description": "read, checked or written; null while no worker has begun"}
    )
    done = ma.fields.Integer(required=True, metadata={"description": "Rows, or entries where `stage` is written"})
    total = ma.fields.Integer(required=True)
    refusal = ma.fields.String(allow_none=True)


class ImportSchema(ma.Schema):
    """An upload and what its dry run found."""

    id = ma.fields.UUID(required=True)
    kind = ma.fields.String(required=True)
    file_name = ma.fields.String(required=True)
    file_sha256 = ma.fields.String(required=True)
    region_code = ma.fields.String(required=True)
    status = ma.fields.String(
        required=True,
        metadata={
            "description": "checking, checked, importing, imported or discarded. A file of 200 kB or more, or of 2,000 rows, is checked and imported by a worker: ask again until it is neither `checking` nor `importing`"
        },
    )
    rows = ma.fields.Integer(required=True)
    good = ma.fields.Integer(required=True, metadata={"description": "Rows that hold"})
    bad = ma.fields.Integer(required=True)
    written = ma.fields.Integer(allow_none=True, metadata={"description": "Entries that were imported"})
    ignored_columns = ma.fields.List(ma.fields.String(), required=True)
    ignored_sheets = ma.fields.List(ma.fields.String(), required=True)
    faults = ma.fields.List(ma.fields.Nested(ImportFaultSchema), required=True)
    has_rejected_rows = ma.fields.Boolean(
        required=True, metadata={"description": "A workbook of the rows left out can be fetched"}
    )
    progress = ma.fields.Nested(
        ImportProgressSchema, allow_none=True, metadata={"description": "null where the file was done at once"}
    )
    created_at = ma.fields.AwareDateTime(required=True)
    finished_at = ma.fields.AwareDateTime(allow_none=True)


class UploadForm(ma.Schema):
    """What and where."""

    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(KINDS))
    region_code = fields.region_code(required=True)


class UploadFile(ma.Schema):
    """The file: .xlsx or .csv (UTF-8, UTF-16 or GB18030), at most 20 MB."""

    file = Upload(required=True)


class ApplySchema(ma.Schema):
    """All of it, or only the rows that hold."""

    partial = ma.fields.Boolean(load_default=False)


class TemplateQuery(ma.Schema):
    """The kind and the language of the headings."""

    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(KINDS))
    language = ma.fields.String(load_default="zh", validate=ma.validate.OneOf(("zh", "en")))


def document_of(batch: ImportBatch) -> dict[str, Any]:
    """The upload with its faults in the reader's language."""
    report = batch.report
    return {
        **{
            name: getattr(batch, name)
            for name in ("id", "kind", "file_name", "file_sha256", "region_code", "status", "created_at", "finished_at")
        },
        **{name: report[name] for name in ("rows", "good", "bad", "ignored_columns", "ignored_sheets")},
        "written": report.get("written"),
        "faults": [{**fault, "message": translate(fault["message"], fault["values"])} for fault in report["faults"]],
        "progress": _progress(batch),
        "has_rejected_rows": batch.status == "imported" and batch.file_sealed is not None,
    }


def _progress(batch: ImportBatch) -> dict[str, Any] | None:
    work = work_of(db(), batch)
    if work is None:
        return None
    refusal = translate(work.refusal["message"], work.refusal["values"]) if work.refusal else None
    return {"stage": work.stage, "done": work.done, "total": work.total, "refusal": refusal}


_FILE = {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}


@blueprint.route("")
class Imports(MethodView):
    """One's own uploads."""

    @requires("import.write")
    @blueprint.response(200, list_of(ImportSchema))
    @refusals(blueprint, 401, 403)
    def get(self) -> object:
        """One's newest uploads."""
        return {"items": [document_of(batch) for batch in list_imports(db(), actor=actor())], "next": None}

    @requires("import.write")
    @blueprint.arguments(UploadForm, location="form")
    @blueprint.arguments(UploadFile, location="files")
    @blueprint.response(201, ImportSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 413, 422)
    def post(self, given: dict[str, str], files: dict[str, Any]) -> object:
        """Dry run: every fault is named, nothing is written."""
        scope = require_kind(given["kind"])
        upload = files["file"]
        return document_of(
            receive_upload(
                db(), file_name=upload.filename or "", content=upload.read(), actor=actor(), scope=scope,
                now=clock_now(), chinese=i18n.is_chinese(), **given,
            )
        )  # fmt: skip


@blueprint.route("/template")
class Template(MethodView):
    """Templates."""

    @requires("import.write")
    @blueprint.arguments(TemplateQuery, location="query")
    @blueprint.doc(responses={"200": {"description": "The workbook", **_FILE}})
    @refusals(blueprint, 401, 403, 422)
    def get(self, query: dict[str, str]) -> Response:
        """An XLSX template with an example row that is not imported."""
        kind = query["kind"]
        content = template_workbook(
            kind, categories=all_categories(db()), skills=all_skills(db()), chinese=query["language"] == "zh"
        )
        return as_file(content, f"zhongfu-{kind}")


@blueprint.route("/<uuid:batch_id>")
class OneImport(MethodView):
    """One upload."""

    @requires("import.write")
    @blueprint.response(200, ImportSchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, batch_id: uuid.UUID) -> object:
        """An upload of one's own and what was found."""
        return document_of(own_batch(batch_id)[0])

    @requires("import.write")
    @blueprint.response(200, ImportSchema)
    @refusals(blueprint, 401, 403, 404)
    def delete(self, batch_id: uuid.UUID) -> object:
        """Discard the sealed file."""
        batch, scope = own_batch(batch_id)
        return document_of(discard_import(db(), batch_id=batch.id, actor=actor(), scope=scope, now=clock_now()))


@blueprint.route("/<uuid:batch_id>/apply")
class Apply(MethodView):
    """Importing."""

    @requires("import.write")
    @blueprint.arguments(ApplySchema)
    @blueprint.response(200, ImportSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, bool], batch_id: uuid.UUID) -> object:
        """Import every row, or with `partial` the rows that hold; nothing is half imported."""
        batch, scope = own_batch(batch_id)
        found = request_import(
            db(),
            batch_id=batch.id,
            partial=given["partial"],
            actor=actor(),
            scope=scope,
            now=clock_now(),
            translate=translate,
            chinese=i18n.is_chinese(),
        )
        return document_of(found)


@blueprint.route("/<uuid:batch_id>/rejected")
class Rejected(MethodView):
    """What was left out."""

    @requires("import.write")
    @blueprint.doc(responses={"200": {"description": "The workbook", **_FILE}})
    @refusals(blueprint, 401, 403, 404)
    def get(self, batch_id: uuid.UUID) -> Response:
        """The workbook of the rows a partial import left out, each with its reason; mended, it is imported as it is."""
        batch, scope = own_batch(batch_id)
        return as_file(rejected_rows(db(), batch_id=batch.id, actor=actor(), scope=scope), "zhongfu-rejected")
