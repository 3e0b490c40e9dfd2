"""Pictures and papers of a household: taken with the phone's camera or chosen, listed, opened for a purpose, removed with a reason."""

import uuid

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import SelectField, StringField

from households.attachments.operations import (
    MOST_BYTES_OF_HOUSEHOLD,
    MOST_FILES,
    Upload,
    add_attachment,
    open_attachment,
    remove_attachment,
)
from households.attachments.queries import attachments_of
from households.history.queries import current_rows, history_of
from households.indicators import KINDS
from households.models import Household
from households.queries import get_household
from kernel.errors import DomainError, InvalidInput, NotFound
from marketplace.errors import status_of
from marketplace.security.access import actor, clock_now, db, may, requires, scope_of
from marketplace.security.uploads import as_picture
from marketplace.web.faults import put_faults, sentence
from marketplace.web.formatting import day
from marketplace.web.words import choices, word

blueprint = Blueprint("attachments", __name__, url_prefix="/households")


class PictureForm(FlaskForm):  # type: ignore[misc]
    """A picture and what it shows."""

    file = FileField(
        _l("Picture"), description=_l("Photograph the paper or the thing; JPEG, PNG or WebP, at most 10 MB")
    )
    subject = SelectField(_l("What it shows"), default="")
    proves = SelectField(_l("What it proves"), default="")
    note = StringField(_l("Note"), description=_l("Kept sealed"))


@blueprint.get("/<uuid:household_id>/attachments")
@requires("household.read")
def index(household_id: uuid.UUID) -> ResponseReturnValue:
    """The list; whoever may write also finds the form."""
    return _page(household_id)


@blueprint.post("/<uuid:household_id>/attachments/new")
@requires("household.write")
def add(household_id: uuid.UUID) -> ResponseReturnValue:
    """Keeps a picture; what the phone called it is not looked at."""
    household = get_household(db(), household_id, scope=scope_of("household.write"))
    form = PictureForm()
    _offer(form, household)
    status = 422
    if form.validate():
        kind, _dot, key = (form.proves.data or "").partition(".")
        upload = Upload(
            form.file.data.read() if form.file.data else b"",
            form.subject.data or "",
            form.note.data,
            uuid.UUID(key) if kind == "value" else None,
            uuid.UUID(key) if kind == "event" else None,
        )
        try:
            if not upload.content:
                raise InvalidInput("Take or choose a picture", field="file")
            add_attachment(
                db(),
                household_id=household.id,
                upload=upload,
                actor=actor(),
                scope=scope_of("household.write"),
                now=clock_now(),
            )
        except DomainError as error:
            db().rollback()
            put_faults(form, error)
            status = status_of(error)
        else:
            flash(_("The picture is kept, without place and metadata."), "success")
            return redirect(url_for("attachments.index", household_id=household_id), 303)
    return _page(household_id, form=form, status=status)


@blueprint.post("/<uuid:household_id>/attachments/open")
@requires("personal.reveal")
def show(household_id: uuid.UUID) -> ResponseReturnValue:
    """Gives a picture out for a purpose; the reply is kept nowhere, not even beside the form's key."""
    g.idempotency_key = None
    try:
        opened = open_attachment(
            db(),
            attachment_id=_key(),
            purpose=request.form.get("purpose", ""),
            actor=actor(),
            scope=scope_of("personal.reveal"),
            now=clock_now(),
        )
    except InvalidInput as error:
        db().rollback()
        return _page(household_id, errors=[sentence(error)], status=status_of(error))
    return as_picture(opened.content, opened.id)


@blueprint.post("/<uuid:household_id>/attachments/remove")
@requires("household.write")
def remove(household_id: uuid.UUID) -> ResponseReturnValue:
    """Removes a picture."""
    try:
        remove_attachment(
            db(),
            attachment_id=_key(),
            reason=request.form.get("reason", ""),
            actor=actor(),
            scope=scope_of("household.write"),
            now=clock_now(),
        )
    except InvalidInput as error:
        db().rollback()
        return _page(household_id, errors=[sentence(error)], status=status_of(error))
    flash(_("The picture is removed."), "success")
    return redirect(url_for("attachments.index", household_id=household_id), 303)


def _key() -> uuid.UUID:
    try:
        return uuid.UUID(request.form.get("attachment", ""))
    except ValueError as error:
        raise NotFound("There is no such picture in the regions you work in") from error


def _offer(form: PictureForm, household: Household) -> None:
    """Fills the choices: the current values and the events that a picture may prove."""
    form.subject.choices = choices("attachment_subject", empty=_("Choose"))
    values = current_rows(history_of(db(), household.id))
    form.proves.choices = [
        ("", _("The household as a whole")),
        *((f"value.{values[code].id}", _(kind.name)) for code, kind in KINDS.items() if code in values),
        *(
            (f"event.{event.id}", f"{word('household_event', event.kind)} {day(event.happened_on)}")
            for event in household.events
        ),
    ]


def _page(
    household_id: uuid.UUID,
    *,
    form: PictureForm | None = None,
    errors: list[str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    household = get_household(db(), household_id, scope=scope_of("household.read"))
    if form is None:
        form = PictureForm(formdata=None)
        _offer(form, household)
    rows = attachments_of(db(), household.id)
    text = render_template(
        "households/attachments.html",
        household=household,
        form=form,
        rows=rows,
        names={code: _(kind.name) for code, kind in KINDS.items()},
        errors=errors or [],
        left_files=MOST_FILES - len(rows),
        left_mb=max(0, MOST_BYTES_OF_HOUSEHOLD - sum(view.row.size for view in rows)) / 1_000_000,
        may_open=may("personal.reveal"),
        writes=may("household.write"),
    )
    return Response(text, status=status)
