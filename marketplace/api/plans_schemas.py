"""Documents of plans, consents and objections."""

import marshmallow as ma

from households.consents.models import GIVERS, PURPOSES, WAYS
from households.plans.approval import OUTCOMES
from households.plans.models import CAUSES, EVERY, OBJECTION_STATUSES, PLAN_STATUSES
from marketplace.api import fields


class GivingSchema(ma.Schema):
    """How a household agreed. On paper: its reference and day. A guardian or proxy: name and relation."""

    way = ma.fields.String(required=True, validate=ma.validate.OneOf(WAYS[:2]))
    given_by = ma.fields.String(load_default="self", validate=ma.validate.OneOf(GIVERS))
    giver = fields.text(100, load_default=None, allow_none=True)
    relation = fields.text(100, load_default=None, allow_none=True)
    reference = fields.text(100, load_default=None, allow_none=True)
    given_on = ma.fields.Date(load_default=None, allow_none=True)


class GiveConsentSchema(GivingSchema):
    """Consent to one or more purposes."""

    purposes = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(PURPOSES)),
        required=True,
        validate=ma.validate.Length(1, len(PURPOSES)),
    )
    version = fields.text(
        20,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Of the words that were agreed to; needed for a paper where there are several. Absent: the present one"
        },
    )


class WithdrawConsentSchema(ma.Schema):
    """A consent taken back; it counts at once."""

    purpose = ma.fields.String(required=True, validate=ma.validate.OneOf(PURPOSES))
    words = fields.text(1_000, load_default=None, allow_none=True)


class ConsentSchema(ma.Schema):
    """A consent from when it was recorded until it was taken back."""

    id = ma.fields.UUID(required=True)
    purpose = ma.fields.String(required=True)
    text_version = ma.fields.String(required=True)
    way = ma.fields.String(required=True, validate=ma.validate.OneOf(WAYS))
    given_by = ma.fields.String(required=True)
    giver = ma.fields.String(required=True)
    relation = ma.fields.String(allow_none=True)
    reference = ma.fields.String(allow_none=True)
    given_on = ma.fields.Date(required=True)
    recorded_at = ma.fields.AwareDateTime(required=True)
    withdrawn_at = ma.fields.AwareDateTime(allow_none=True)
    has_withdrawal_words = ma.fields.Boolean(
        required=True, metadata={"description": "Whether something was said when it was taken back; it is sealed"}
    )


class StepSchema(ma.Schema):
    """One line of a plan's story; what somebody wrote is sealed."""

    id = ma.fields.UUID(required=True)
    at = ma.fields.AwareDateTime(required=True)
    actor_id = ma.fields.UUID(allow_none=True)
    step = ma.fields.String(required=True)
    cause = ma.fields.String(allow_none=True, validate=ma.validate.OneOf(CAUSES))
    has_reason = ma.fields.Boolean(required=True)


class PlanQuery(ma.Schema):
    """Filters of the list; `due_on`: plans in force whose review falls on or before that day."""

    search = fields.search()
    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(PLAN_STATUSES))
    region_code = fields.region_code(load_default=None)
    due_on = ma.fields.Date(load_default=None)
    after = ma.fields.String(
        load_default=None,
        validate=ma.validate.Regexp(
            r"\d{1,15}\.\d{1,9}\Z", error="This is no page of the list; start at its first page"
        ),
    )
    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))


class MeasureEntrySchema(ma.Schema):
    """A measure as chosen; what is absent follows from the catalogue of the policy set in force."""

    measure_code = ma.fields.String(required=True, validate=ma.validate.Length(max=60))
    quantity = fields.whole("In the category's unit", load_default=None, allow_none=True)
    tier = fields.whole("1 (most urgent) to 3", load_default=None, allow_none=True)
    weight = fields.whole("1 to 1000", load_default=None, allow_none=True)
    every = ma.fields.String(load_default="once", validate=ma.validate.OneOf(EVERY))
    starts_on = ma.fields.Date(load_default=None, allow_none=True)
    days = fields.whole("In which it should be served", load_default=None, allow_none=True)
    deliver_to = fields.text(200, load_default=None, allow_none=True)
    lat = ma.fields.Float(load_default=None, allow_none=True)
    lon = ma.fields.Float(load_default=None, allow_none=True)


class MeasureSchema(MeasureEntrySchema):
    """A measure of a version; `line_id` is the same in every version that keeps it."""

    line_id = ma.fields.UUID(required=True)
    category_code = ma.fields.String(required=True)
    type = ma.fields.String(required=True)
    chosen_by = ma.fields.String(required=True)
    reasons = ma.fields.List(ma.fields.Dict(), allow_none=True)
    need_ids = ma.fields.List(ma.fields.UUID(), required=True, metadata={"description": "What it became, newest first"})


class MeasuresSchema(ma.Schema):
    """The draft asks for exactly these."""

    version = fields.version()
    measures = ma.fields.List(ma.fields.Nested(MeasureEntrySchema), required=True, validate=ma.validate.Length(max=60))


class PlanRowSchema(ma.Schema):
    """A version of a plan in a list."""

    id = ma.fields.UUID(required=True)
    household_id = ma.fields.UUID(required=True)
    version_no = ma.fields.Integer(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(PLAN_STATUSES))
    agreed_way = ma.fields.String(allow_none=True)
    agreed_by = ma.fields.String(allow_none=True)
    agreed_giver = ma.fields.String(allow_none=True)
    agreed_relation = ma.fields.String(allow_none=True)
    agreed_reference = ma.fields.String(allow_none=True)
    agreed_on = ma.fields.Date(allow_none=True)
    starts_on = ma.fields.Date(allow_none=True)
    review_on = ma.fields.Date(allow_none=True)
    ended_at = ma.fields.AwareDateTime(allow_none=True)
    created_at = ma.fields.AwareDateTime(required=True)
    updated_at = ma.fields.AwareDateTime(required=True)
    version = ma.fields.Integer(required=True)


class FateSchema(ma.Schema):
    """What becomes of an open need when this version comes into force."""

    need_id = ma.fields.UUID(required=True)
    need_number = ma.fields.Integer(required=True)
    fate = ma.fields.String(
        required=True, validate=ma.validate.OneOf(("changed", "withdrawn", "in_round", "promised", "delivered"))
    )
    round_number = ma.fields.Integer(allow_none=True)


class PlanSchema(PlanRowSchema):
    """A version with its measures; `fates` while it is in preparation."""

    basis = ma.fields.Dict(required=True)
    measures = ma.fields.List(ma.fields.Nested(MeasureSchema), required=True)
    fates = ma.fields.List(ma.fields.Nested(FateSchema), required=True)


class HouseholdIdSchema(ma.Schema):
    """Whose."""

    household_id = ma.fields.UUID(required=True)


class AgreementSchema(GivingSchema):
    """The household's agreement to the version that it saw."""

    version = fields.version()


class ApprovalSchema(ma.Schema):
    """Approval; `starts_on` absent: in force today."""

    version = fields.version()
    starts_on = ma.fields.Date(load_default=None, allow_none=True)


class PlanReviewSchema(ma.Schema):
    """A review of the plan in force."""

    outcome = ma.fields.String(required=True, validate=ma.validate.OneOf(OUTCOMES))
    words = fields.text(500, required=True)


class ObjectionQuery(ma.Schema):
    """Filters of the list."""

    status = ma.fields.String(load_default="open", validate=ma.validate.OneOf(OBJECTION_STATUSES))
    after = ma.fields.String(load_default=None, validate=ma.validate.Length(max=100))
    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))


class ObjectionSchema(ma.Schema):
    """An objection; its words and the answer stay sealed."""

    id = ma.fields.UUID(required=True)
    household_id = ma.fields.UUID(required=True)
    plan_id = ma.fields.UUID(allow_none=True)
    need_id = ma.fields.UUID(allow_none=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(OBJECTION_STATUSES))
    raised_at = ma.fields.AwareDateTime(required=True)
    ended_at = ma.fields.AwareDateTime(allow_none=True)
    answered = ma.fields.Boolean(required=True)


class RaiseObjectionSchema(ma.Schema):
    """A household's own objection, to its plan as a whole or to one need."""

    household_id = ma.fields.UUID(required=True)
    need_id = ma.fields.UUID(load_default=None, allow_none=True)
    words = fields.text(2_000, required=True)


class HearingSchema(ma.Schema):
    """The decision, with an answer for the household."""

    upheld = ma.fields.Boolean(required=True)
    answer = fields.text(2_000, required=True)


class WordsSchema(ma.Schema):
    """The household's words, and the answer to them where there is one, in clear; not kept anywhere."""

    words = ma.fields.String(required=True)
    answer = ma.fields.String(allow_none=True, required=True)
