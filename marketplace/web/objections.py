"""Objections 异议 of households: the list, and hearing one."""

import uuid

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from households.plans.models import OBJECTION_STATUSES
from households.plans.objections import HEARING, hear_objection, read_words
from households.plans.queries import answer_of, get_objection, list_objections
from kernel.errors import DomainError, NotFound
from marketplace.errors import status_of
from marketplace.security.access import actor, clock_now, db, requires, scope_of
from marketplace.web.faults import sentence
from marketplace.web.households import region_names

blueprint = Blueprint("objections", __name__, url_prefix="/objections")


@blueprint.get("")
@requires("plan.read")
def index() -> ResponseReturnValue:
    """The objections of one's regions, the longest waiting first among the open ones; their words stay sealed."""
    status = request.args.get("status", "open")
    page = list_objections(
        db(),
        scope=scope_of("plan.read"),
        status=status if status in OBJECTION_STATUSES else None,
        after=request.args.get("after"),
    )
    return render_template(
        "objections/index.html",
        page=page,
        rows=page.rows,
        status=status,
        regions=region_names({row.region_code for row in page.rows}),
        query={"status": status},
    )


@blueprint.app_template_filter("looked_for")
def looked_for(purpose: str) -> str:
    """What somebody opened a household's texts for: people's own words as they are, the program's in the reader's language."""
    return _("hearing the household's objection") if purpose == HEARING else purpose


@blueprint.get("/<uuid:objection_id>")
@requires("plan.read")
def detail(objection_id: uuid.UUID) -> ResponseReturnValue:
    """One objection, its words sealed."""
    return _page(objection_id)


def _page(
    objection_id: uuid.UUID,
    *,
    words: str | None = None,
    given: str | None = None,
    errors: list[str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    row = get_objection(db(), objection_id, scope=scope_of("plan.read"))
    text = render_template(
        "objections/detail.html", row=row, words=words, given=given, errors=errors or [], answer=request.form.get("answer", ""),
        outcome=request.form.get("outcome", ""), region=region_names({row.region_code})[row.region_code],
    )  # fmt: skip
    return text, status


@blueprint.post("/<uuid:objection_id>/read")
@requires("plan.approve")
def read(objection_id: uuid.UUID) -> ResponseReturnValue:
    """Opens the words for whoever hears them, which the household can see; the page is kept nowhere."""
    g.idempotency_key = None
    words = read_words(db(), objection_id=objection_id, actor=actor(), scope=scope_of("plan.approve"), now=clock_now())
    answer = answer_of(db(), get_objection(db(), objection_id, scope=scope_of("plan.approve")).objection)
    return _page(objection_id, words=words, given=answer)


@blueprint.post("/<uuid:objection_id>/hear")
@requires("plan.approve")
def hear(objection_id: uuid.UUID) -> ResponseReturnValue:
    """Decides, with an answer for the household."""
    outcome = request.form.get("outcome", "")
    if outcome not in ("upheld", "rejected"):
        return _page(objection_id, errors=[_("Choose whether the objection is upheld")], status=422)
    try:
        objection = hear_objection(
            db(), objection_id=objection_id, upheld=outcome == "upheld", answer=request.form.get("answer", ""),
            actor=actor(), scope=scope_of("plan.approve"), now=clock_now(),
        )  # fmt: skip
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        return _page(objection_id, errors=[sentence(error)], status=status_of(error))
    if objection.status == "rejected":
        done = _("The objection is answered; its needs may enter rounds again.")
    elif objection.need_id is not None:
        done = _(
            "The objection is upheld: its need is withdrawn. If the plan should not ask for it again, change the plan."
        )
    else:
        done = _("The objection is upheld. Change the plan or end it; until then no round sees the household's needs.")
    flash(done, "success")
    return redirect(url_for("objections.detail", objection_id=objection_id), 303)
