"""Policy sets 政策标准: the list, one set in words, editing as a form or by upload, the preview of what would change, publishing."""

import json
import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired

from households.policy.models import PolicyDraft, PolicySet
from households.policy.operations import discard_draft, keep_draft, publish_draft, read_entry
from households.policy.preview import WAITED_FOR, Preview, TooManyHouseholds, preview
from households.policy.queries import (
    get_draft,
    get_policy_set,
    last_day,
    list_drafts,
    list_policy_sets,
    policy_of,
    state_of,
)
from households.policy.reading import read_policy
from households.portrait.queries import list_renewals
from households.portrait.renewal import ask_renewal
from kernel.catalogue.models import Category
from kernel.catalogue.queries import all_categories
from kernel.errors import DomainError, InvalidFields
from marketplace.errors import status_of
from marketplace.security.access import actor, clock_now, db, may, requires, scope_of, today
from marketplace.web.faults import put_faults, sentence
from marketplace.web.list_exports import by_surname
from marketplace.web.places import place_names
from marketplace.web.policy_forms import filled, form_of, put_policy_faults
from marketplace.web.policy_words import move_word, policy_values
from marketplace.web.region_choice import shown_by_code

blueprint = Blueprint("policies", __name__, url_prefix="/policies")
SHOWN_FAULTS = 200


class DocumentForm(FlaskForm):  # type: ignore[misc]
    """A document from a file."""

    file = FileField(
        _l("Document"),
        description=_l("A policy set as JSON, as it can be downloaded from every set here"),
        validators=[FileRequired(_l("Choose a file"))],
    )


def writing() -> dict[str, Any]:
    """Who writes, where, and when."""
    return {"actor": actor(), "scope": scope_of("policy.write"), "now": clock_now()}


def _whole(text: str) -> int:
    """The whole number that was sent, 0 where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def categories() -> dict[str, Category]:
    """The catalogue by code."""
    return {category.code: category for category in all_categories(db())}


def regions_of(rows: Any) -> dict[str, str]:
    """Region code → as a page shows it."""
    return {code: shown_by_code(code) for code in {row.region_code for row in rows}}


@blueprint.get("")
@requires("policy.read")
def index() -> ResponseReturnValue:
    """The sets that hold for the person's regions, the drafts, and how the renewals of portraits come on."""
    scope = scope_of("policy.read")
    rows, renewals = list_policy_sets(db(), scope=scope), list_renewals(db(), scope=scope)
    drafts = list_drafts(db(), scope=scope_of("policy.write")) if may("policy.write") else []
    return render_template(
        "policies/index.html",
        rows=[(row, state_of(row, today()), last_day(row)) for row in rows],
        drafts=drafts,
        renewals=renewals,
        regions=regions_of([*rows, *drafts, *renewals]),
        own=[code for code in scope_of("policy.write") if any(code.startswith(row.region_code) for row in rows)]
        if may("policy.write")
        else [],
    )


@blueprint.get("/sets/<code>")
@requires("policy.read")
def detail(code: str) -> ResponseReturnValue:
    """One set in words."""
    row = _set(code)
    return render_template(
        "policies/detail.html",
        row=row,
        state=state_of(row, today()),
        ends=last_day(row),
        region=shown_by_code(row.region_code),
        **policy_values(policy_of(row), categories()),
    )


@blueprint.get("/sets/<code>/document.json")
@requires("policy.read")
def document(code: str) -> Response:
    """The set as a document, to be changed outside and uploaded."""
    row = _set(code)
    return _as_json(row.document, row.code)


def _set(code: str) -> PolicySet:
    return get_policy_set(db(), code, scope=scope_of("policy.read"))


def _as_json(content: dict[str, Any], name: str) -> Response:
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    response = Response(text, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return response


@blueprint.route("/sets/<code>/edit", methods=["GET", "POST"])
@requires("policy.write")
def edit(code: str) -> ResponseReturnValue:
    """A new version that begins as this set is."""
    row = get_policy_set(db(), code, scope=scope_of("policy.write"))
    start = {**row.document, "id": _next_id(row.code), "valid_from": today().isoformat(), "valid_to": None}
    return _edit(start, back=(url_for("policies.detail", code=code), row.code), draft=None)


def _next_id(code: str) -> str:
    """``yongjia-2026`` → ``yongjia-2026-v2`` → ``yongjia-2026-v3``."""
    stem, mark, number = code.rpartition("-v")
    return f"{stem}-v{int(number) + 1}" if mark and number.isdigit() else f"{code}-v2"


@blueprint.route("/drafts/<uuid:draft_id>/edit", methods=["GET", "POST"])
@requires("policy.write")
def edit_draft(draft_id: uuid.UUID) -> ResponseReturnValue:
    """Changes a draft."""
    draft = get_draft(db(), draft_id, scope=scope_of("policy.write"))
    return _edit(draft.document, back=(url_for("policies.draft", draft_id=draft.id), draft.document["id"]), draft=draft)


def _edit(start: dict[str, Any], *, back: tuple[str, str], draft: PolicyDraft | None) -> ResponseReturnValue:
    form, status = form_of(start, read_policy(start)), 200
    if request.method == "POST":
        status = 422
        made = filled(form, start, request.form)
        try:
            # read even where some field cannot be, so that every fault is shown at once
            read_entry(db(), made)
            if not any(one.error for one in form.fields):
                kept = keep_draft(
                    db(), document=made, draft_id=draft.id if draft else None,
                    version=_whole(request.form.get("version", "")) if draft else None, **writing(),
                )  # fmt: skip
                return redirect(url_for("policies.draft", draft_id=kept.id), 303)
        except DomainError as error:
            db().rollback()
            put_policy_faults(form, error)
            status = status_of(error)
    wrong = [one for one in form.fields if one.error]
    text = render_template("policies/edit.html", form=form, wrong=wrong, back=back, draft=draft)
    return text, status


@blueprint.route("/upload", methods=["GET", "POST"])
@requires("policy.write")
def upload() -> ResponseReturnValue:
    """A set from a file: every fault by its place, else a draft with its preview."""
    form, faults, status = DocumentForm(), [], 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                content = json.loads(form.file.data.read().decode("utf-8-sig"))
                draft = keep_draft(db(), document=content, **writing())
            except (ValueError, RecursionError):
                form.file.errors = [_("This file is no JSON text; download a set here and change that")]
            except InvalidFields as error:
                db().rollback()
                faults = [(fault.field, sentence(fault)) for fault in error.faults]
            except DomainError as error:
                db().rollback()
                put_faults(form, error)
                status = status_of(error)
            else:
                return redirect(url_for("policies.draft", draft_id=draft.id), 303)
    text = render_template("policies/upload.html", form=form, faults=faults[:SHOWN_FAULTS], count=len(faults))
    return text, status


@blueprint.get("/drafts/<uuid:draft_id>")
@requires("policy.write")
def draft(draft_id: uuid.UUID) -> ResponseReturnValue:
    """What the draft would change, and the draft in words."""
    return _draft_page(draft_id)


def _draft_page(draft_id: uuid.UUID, *, errors: list[str] | None = None, status: int = 200) -> ResponseReturnValue:
    scope = scope_of("policy.write")
    kept = get_draft(db(), draft_id, scope=scope)
    place = _whole(request.args.get("after", ""))
    found, too_many = None, ""
    try:
        found = preview(db(), document=kept.document, scope=scope, day=today(), after=place, most=WAITED_FOR)
    except TooManyHouseholds as error:
        too_many = sentence(error)
    text = render_template(
        "policies/draft.html",
        draft=kept,
        found=found,
        too_many=too_many,
        moves=_moves(found),
        places=place_names(change.household.region_code for change in (found.changes if found else ())),
        by_surname=by_surname,
        move_word=move_word,
        region=shown_by_code(kept.region_code),
        errors=errors or [],
        **policy_values(read_policy(kept.document), categories()),
    )  # fmt: skip
    return text, status


def _moves(found: Preview | None) -> list[tuple[str, str, str, int]]:
    """(what, from, to, households) in words."""
    moves = found.moves if found else {}
    return [(what, move_word(what, old), move_word(what, new), times) for (what, old, new), times in moves.items()]


@blueprint.get("/drafts/<uuid:draft_id>/document.json")
@requires("policy.write")
def draft_document(draft_id: uuid.UUID) -> Response:
    """The draft as a document."""
    kept = get_draft(db(), draft_id, scope=scope_of("policy.write"))
    return _as_json(kept.document, kept.document["id"])


@blueprint.post("/drafts/<uuid:draft_id>/publish")
@requires("policy.write")
def publish(draft_id: uuid.UUID) -> ResponseReturnValue:
    """Puts the draft in force from its first day on."""
    try:
        made = publish_draft(db(), draft_id=draft_id, version=_whole(request.form.get("version", "")), **writing())
    except DomainError as error:
        db().rollback()
        return _draft_page(draft_id, errors=[sentence(error)], status=status_of(error))
    flash(_("Policy set %(code)s is published. The portraits are made anew when it begins.", code=made.code), "success")
    return redirect(url_for("policies.detail", code=made.code), 303)


@blueprint.post("/drafts/<uuid:draft_id>/discard")
@requires("policy.write")
def discard(draft_id: uuid.UUID) -> ResponseReturnValue:
    """Throws the draft away."""
    discard_draft(db(), draft_id=draft_id, **writing())
    flash(_("The draft is thrown away."), "success")
    return redirect(url_for("policies.index"), 303)


@blueprint.post("/renew")
@requires("policy.write")
def renew() -> ResponseReturnValue:
    """Asks a worker to make the portraits of a region anew."""
    ask_renewal(db(), region_code=request.form.get("region_code", ""), **writing())
    flash(_("The portraits are being made anew; this page shows how far it is."), "success")
    return redirect(url_for("policies.index"), 303)
