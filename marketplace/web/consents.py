"""Consents of one household: what is in force, in which words, who gave it; giving and taking back."""

import uuid
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from households.consents.models import PURPOSES, Consent
from households.consents.operations import give_consents, withdraw_consent
from households.consents.queries import consents_of, head_of, in_force
from households.consents.texts import ConsentText, is_newer, text_of, texts_in_force, versions_of
from households.plans.texts import open_words
from households.queries import get_household
from households.revealing import OpenedText
from kernel.errors import DomainError, InvalidInput, NotFound
from marketplace import i18n
from marketplace.errors import status_of
from marketplace.security.access import actor, clock_now, db, requires, scope_of, today
from marketplace.web.faults import put_faults, sentence
from marketplace.web.plan_forms import GivingForm
from marketplace.web.steps import take_step

blueprint = Blueprint("consents", __name__, url_prefix="/consents")


def wording(text: ConsentText) -> str:
    """The words in the reader's language."""
    return text.zh if i18n.is_chinese() else text.en


def consent_values(consents: list[Consent]) -> dict[str, Any]:
    """What a page on consents shows: purposes with what is in force and its words, and what was."""
    standing, texts = in_force(consents), texts_in_force()

    def words_of(purpose: str) -> str:
        known = standing.get(purpose)
        text = text_of(purpose, known.text_version) if known is not None else None
        return wording(text or texts[purpose])

    return {
        "purposes": [(purpose, standing.get(purpose), words_of(purpose), texts[purpose].version) for purpose in PURPOSES],
        "newer": {
            purpose: wording(texts[purpose])
            for purpose, known in standing.items()
            if is_newer(purpose, texts[purpose].version, than=known.text_version)
        },
        "earlier": [one for one in consents if one.withdrawn_at is not None],
    }  # fmt: skip


def posted_purposes() -> tuple[list[str], dict[str, str]]:
    """The purposes ticked, and the versions of the words that were shown."""
    purposes = [one for one in PURPOSES if request.form.get(f"purpose-{one}")]
    return purposes, {one: request.form.get(f"version-{one}", "") for one in purposes}


@blueprint.get("/<uuid:household_id>")
@requires("household.read")
def index(household_id: uuid.UUID) -> ResponseReturnValue:
    """The consents of a household."""
    return _page(household_id)


def _page(
    household_id: uuid.UUID,
    *,
    form: GivingForm | None = None,
    opened: list[OpenedText] | None = None,
    errors: list[str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    scope = scope_of("household.read")
    household = get_household(db(), household_id, scope=scope)
    if form is None:
        form = GivingForm(formdata=None)
        form.offer()
    text = render_template(
        "consents/index.html",
        household=household,
        form=form,
        minor=head_of(db(), household_id).is_minor(today()),
        ticked=posted_purposes()[0] if request.method == "POST" and opened is None else ["match"],
        typed=request.form,
        versions={purpose: versions_of(purpose)[::-1] for purpose in PURPOSES},
        opened={one.id: one.text for one in opened or []},
        errors=errors or [],
        **consent_values(consents_of(db(), household_id=household_id, scope=scope)),
    )
    return text, status


@blueprint.post("/<uuid:household_id>/give")
@requires("household.write")
def give(household_id: uuid.UUID) -> ResponseReturnValue:
    """Records what the household agrees to."""
    form = GivingForm()
    form.offer()
    purposes, versions = posted_purposes()
    if form.given_on.process_errors:
        form.given_on.errors = list(form.given_on.process_errors)
        return _page(household_id, form=form, status=422)
    try:
        give_consents(
            db(), household_id=household_id, purposes=purposes, giving=form.giving(), versions=versions, actor=actor(),
            scope=scope_of("household.write"), now=clock_now(),
        )  # fmt: skip
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        put_faults(form, error)
        return _page(household_id, form=form, status=status_of(error))
    flash(_("The consent is recorded."), "success")
    return redirect(url_for("consents.index", household_id=household_id), 303)


@blueprint.post("/<uuid:household_id>/texts")
@requires("personal.reveal")
def texts(household_id: uuid.UUID) -> ResponseReturnValue:
    """Shows what the household said when it took consents back, once, for a purpose; the page is kept nowhere."""
    g.idempotency_key = None
    try:
        opened = open_words(
            db(), subject="consents", subject_id=household_id, purpose=request.form.get("purpose", ""), actor=actor(),
            scope=scope_of("personal.reveal"), now=clock_now(),
        )  # fmt: skip
    except InvalidInput as error:
        return _page(household_id, errors=[sentence(error)], status=status_of(error))
    return _page(household_id, opened=opened)


@blueprint.post("/<uuid:household_id>/withdraw")
@requires("household.write")
def withdraw(household_id: uuid.UUID) -> ResponseReturnValue:
    """The household takes a consent back."""
    purpose = request.form.get("purpose", "match")
    return take_step(
        lambda: withdraw_consent(
            db(), household_id=household_id, purpose=purpose, words=request.form.get("words"), actor=actor(),
            scope=scope_of("household.write"), now=clock_now(),
        ),
        done=_("The consent is taken back; it counts from this moment."),
        back=url_for("consents.index", household_id=household_id),
    )  # fmt: skip
