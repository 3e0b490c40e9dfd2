"""Pictures and papers of households: kept sealed, opened for a purpose."""

import uuid
from typing import Any

import marshmallow as ma
from flask import Response, g
from flask.views import MethodView
from flask_smorest import Blueprint
from flask_smorest.fields import Upload as UploadField

from households.attachments.models import SUBJECTS
from households.attachments.operations import Upload, add_attachment, open_attachment, remove_attachment
from households.attachments.queries import attachments_of
from households.queries import get_household
from marketplace.api import fields
from marketplace.api.base import list_of, refusals
from marketplace.api.fields import ReasonSchema
from marketplace.api.households import writing
from marketplace.api.households_schemas import RevealSchema
from marketplace.security.access import db, requires, scope_of
from marketplace.security.uploads import as_picture

blueprint = Blueprint(
    "api_attachments", __name__, url_prefix="/api/v1", description="Pictures and papers of households"
)


class AttachmentSchema(ma.Schema):
    """A picture on file, without the picture; `size` in bytes."""

    id = ma.fields.UUID(required=True, attribute="row.id")
    subject = ma.fields.String(required=True, attribute="row.subject", validate=ma.validate.OneOf(SUBJECTS))
    indicator_value_id = ma.fields.UUID(allow_none=True, attribute="row.indicator_value_id")
    event_id = ma.fields.UUID(allow_none=True, attribute="row.event_id")
    size = ma.fields.Integer(required=True, attribute="row.size")
    width = ma.fields.Integer(required=True, attribute="row.width")
    height = ma.fields.Integer(required=True, attribute="row.height")
    has_note = ma.fields.Boolean(required=True)
    creator = ma.fields.String(required=True, attribute="row.creator")
    created_at = ma.fields.AwareDateTime(required=True, attribute="row.created_at")


class AttachmentForm(ma.Schema):
    """What the picture shows and proves."""

    subject = ma.fields.String(required=True, validate=ma.validate.OneOf(SUBJECTS))
    indicator_value_id = ma.fields.UUID(load_default=None)
    event_id = ma.fields.UUID(load_default=None)
    note = fields.text(400, load_default=None)


class AttachmentFile(ma.Schema):
    """The picture: JPEG, PNG or WebP, at most 10 MB; its name is not kept."""

    file = UploadField(required=True)


@blueprint.route("/households/<uuid:household_id>/attachments")
class Attachments(MethodView):
    """The list."""

    @requires("household.read")
    @blueprint.response(200, list_of(AttachmentSchema))
    @refusals(blueprint, 401, 403, 404)
    def get(self, household_id: uuid.UUID) -> object:
        """The household's pictures, the newest first."""
        household = get_household(db(), household_id, scope=scope_of("household.read"))
        return {"items": attachments_of(db(), household.id), "next": None}

    @requires("household.write")
    @blueprint.arguments(AttachmentForm, location="form")
    @blueprint.arguments(AttachmentFile, location="files")
    @blueprint.response(201, AttachmentSchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 413, 422)
    def post(self, form: dict[str, Any], files: dict[str, Any], household_id: uuid.UUID) -> object:
        """Keep a picture, drawn anew without place and metadata; the same picture again gives the row that is there."""
        made = add_attachment(db(), household_id=household_id, upload=Upload(files["file"].read(), **form), **writing())
        return next(view for view in attachments_of(db(), household_id) if view.row.id == made.id)


@blueprint.route("/attachments/<uuid:attachment_id>/open")
class Open(MethodView):
    """A picture in clear."""

    @requires("personal.reveal")
    @blueprint.arguments(RevealSchema)
    @blueprint.response(200, content_type="image/jpeg", description="The picture (JPEG), as a download")
    @refusals(blueprint, 400, 401, 403, 404, 422)
    def post(self, given: dict[str, str], attachment_id: uuid.UUID) -> Response:
        """Open a picture for a purpose; who, when and what for stands on the trail."""
        g.idempotency_key = None
        opened = open_attachment(
            db(), attachment_id=attachment_id, purpose=given["purpose"], **writing("personal.reveal")
        )
        return as_picture(opened.content, opened.id)


@blueprint.route("/attachments/<uuid:attachment_id>/remove")
class Remove(MethodView):
    """Removing."""

    @requires("household.write")
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(204)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, str], attachment_id: uuid.UUID) -> None:
        """Remove a picture and its note; that there was one, and why it went, stays."""
        remove_attachment(db(), attachment_id=attachment_id, reason=given["reason"], **writing())
