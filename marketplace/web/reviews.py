"""Reviews 定期核查: which are due or late, and one with its outcome."""

import uuid
from datetime import date
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField, TextAreaField
from wtforms.validators import InputRequired

from households.models import STATUS_CATEGORIES
from households.policy.document import Policy
from households.policy.queries import list_policy_sets, policy_in_force, policy_of
from households.queries import get_household
from households.revealing import OpenedText
from households.visits.models import HouseholdReview
from households.visits.queries import count_due, get_review, list_reviews, names_of
from households.visits.reviews import do_review
from households.visits.rules import OUTCOMES, ReviewEntry, announced_until
from households.visits.texts import open_texts
from kernel.errors import DomainError, InvalidInput, NotFound
from marketplace import i18n
from marketplace.errors import status_of
from marketplace.security.access import actor, clock_now, db, requires, scope_of, today
from marketplace.web.addresses import region_in_address
from marketplace.web.faults import put_faults, sentence
from marketplace.web.households import region_names, township_choices
from marketplace.web.typed_fields import DayField
from marketplace.web.words import choices, word

blueprint = Blueprint("reviews", __name__, url_prefix="/reviews")
HORIZONS = {"today": 0, "quarter": 92, "year": 366}


class ReviewForm(FlaskForm):  # type: ignore[misc]
    """What the review came to."""

    outcome = RadioField(_l("What the review came to"), validators=[InputRequired(_l("Choose one"))])
    status_category = SelectField(_l("New status category"), description=_l("Only where the category changed"))
    evidence = TextAreaField(
        _l("Evidence"),
        description=_l("What was looked at: papers, data, a visit. Kept sealed"),
        validators=[InputRequired(_l("Say what was looked at"))],
    )
    done_on = DayField(_l("Day of the review"))

    def offer(self) -> None:
        """Fills the choices."""
        self.outcome.choices = choices("review_outcome")
        self.status_category.choices = choices("status_category", empty=_("Choose"))

    def entry(self) -> ReviewEntry:
        """The domain's entry."""
        return ReviewEntry(
            self.outcome.data, self.evidence.data or "", self.status_category.data or None, self.done_on.data
        )


def writing(permission: str = "visit.write") -> dict[str, Any]:
    """Who writes, where, and when."""
    return {"actor": actor(), "scope": scope_of(permission), "now": clock_now()}


@blueprint.get("")
@requires("visit.read")
def index() -> ResponseReturnValue:
    """The reviews that are late or come up, the one due first first."""
    scope, show = scope_of("visit.read"), request.args.get("show", "")
    page = list_reviews(
        db(),
        scope=scope,
        until=_until(scope, show),
        text=request.args.get("text", "")[:60],
        region_code=region_in_address(),
        after=request.args.get("after"),
    )
    sets = {row.code: policy_of(row) for row in list_policy_sets(db(), scope=scope)}
    return render_template(
        "reviews/index.html",
        page=page,
        counts=count_due(db(), scope=scope, today=today()),
        groups={line.review.id: group_name(sets.get(line.review.policy_code), line.review) for line in page.rows},
        places=region_names({line.household.region_code for line in page.rows}),
        townships=township_choices(scope),
        query={name: value for name, value in request.args.items() if value and name != "after"},
        day=today(),
    )


def _until(scope: tuple[str, ...], show: str) -> date:
    """The last day of the list: what is announced by the policy set, unless the reader asks for less or more."""
    days = HORIZONS.get(show)
    if days is not None:
        return date.fromordinal(today().toordinal() + days)
    policy = policy_in_force(db(), region_code=scope[0], day=today()) if scope else None
    return announced_until(policy.reviews if policy is not None else None, today())


def group_name(policy: Policy | None, review: HouseholdReview) -> str:
    """The group of the policy set that set the cycle, in the language of the page."""
    groups = policy.reviews.groups if policy is not None and policy.reviews is not None else ()
    found = next((group.name for group in groups if group.id == review.rule_group), None)
    if found is None:
        return review.rule_group or _("All other households")
    return found.zh if i18n.is_chinese() else found.en


@blueprint.get("/<uuid:review_id>")
@requires("visit.read")
def one(review_id: uuid.UUID) -> ResponseReturnValue:
    """One review: its form while it is open, else what is on record of it."""
    return _page(review_id)


def _page(
    review_id: uuid.UUID,
    *,
    form: ReviewForm | None = None,
    opened: list[OpenedText] | None = None,
    errors: list[str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    review = get_review(db(), review_id, scope=scope_of("visit.read"))
    household = get_household(db(), review.household_id, scope=scope_of("visit.read"))
    typed = form is not None
    if form is None:
        form = ReviewForm(formdata=None, data={"done_on": today()})
    form.offer()
    sets = {row.code: policy_of(row) for row in list_policy_sets(db(), scope=scope_of("visit.read"))}
    text = render_template(
        "reviews/one.html",
        review=review,
        household=household,
        region=region_names({household.region_code})[household.region_code],
        group=group_name(sets.get(review.policy_code), review),
        form=form,
        people=names_of(db(), [review.reviewer_id]),
        opened={one.id: one.text for one in opened or []},
        errors=[*(errors or []), *(form.form_errors if review.status != "open" else ())],
        unsaved=_typed(form) if typed and review.status != "open" else None,
        day=today(),
    )
    return text, status


def _typed(form: ReviewForm) -> dict[str, Any]:
    """An outcome that came too late to be saved, as it is shown again: nothing typed is lost."""
    return {
        "outcome": word("review_outcome", form.outcome.data) if form.outcome.data in OUTCOMES else None,
        "status_category": (
            word("status_category", form.status_category.data)
            if form.status_category.data in STATUS_CATEGORIES
            else None
        ),
        "evidence": form.evidence.data,
    }


@blueprint.post("/<uuid:review_id>/do")
@requires("visit.write")
def record(review_id: uuid.UUID) -> ResponseReturnValue:
    """The review came to its outcome."""
    form, status = ReviewForm(), 422
    form.offer()
    review = get_review(db(), review_id, scope=scope_of("visit.write"))
    # what is on record already or dropped takes no report, faulty or not: the domain says so
    if review.status != "open" or form.validate():
        try:
            review = do_review(db(), review_id=review_id, entry=form.entry(), **writing())
        except NotFound:
            raise
        except DomainError as error:
            db().rollback()
            put_faults(form, error)
            status = status_of(error)
        else:
            flash(_done(review.outcome), "success")
            return redirect(url_for("households.detail", household_id=review.household_id), 303)
    return _page(review_id, form=form, status=status)


def _done(outcome: str | None) -> str:
    if outcome == "facts_changed":
        return _("The review is recorded. Enter the changed facts now, so that the portrait follows.")
    if outcome == "leaves":
        return _("The review is recorded and the household is closed.")
    return _("The review is recorded and the next one is dated.")


@blueprint.post("/<uuid:review_id>/texts")
@requires("personal.reveal")
def texts(review_id: uuid.UUID) -> ResponseReturnValue:
    """Shows the evidence, once, for a purpose; the page is kept nowhere."""
    g.idempotency_key = None
    purpose = request.form.get("purpose", "")
    try:
        opened = open_texts(db(), subject="review", subject_id=review_id, purpose=purpose, **writing("personal.reveal"))
    except InvalidInput as error:
        return _page(review_id, errors=[sentence(error)], status=status_of(error))
    return _page(review_id, opened=opened)
