"""Errors of the domain put to the fields of a form, in the reader's language, so that each stands where it can be mended."""

from typing import Any

from flask_babel import gettext
from flask_wtf import FlaskForm

from kernel.errors import DomainError, InvalidFields


def sentence(error: DomainError) -> str:
    """The error's sentence in the reader's language."""
    return gettext(error.message, **error.values) if error.values else gettext(error.message)


def put_faults(form: FlaskForm, error: DomainError, names: dict[str, str] | None = None) -> None:
    """Adds each fault of `error` to the field it names; what names none of the form's fields stands on top of the form.

    `names` maps the domain's field names to the form's where they differ. Then render the form again with status 422 (or 409):
    everything typed is still in it.
    """
    faults: list[Any] = list(error.faults) if isinstance(error, InvalidFields) else [error]
    for fault in faults:
        name = (names or {}).get(fault.field or "", fault.field or "")
        if name in form:
            form[name].errors = [*form[name].errors, sentence(fault)]
        else:
            form.form_errors = [*form.form_errors, sentence(fault)]
