"""Documents of visits, problems and reviews; what people wrote is sealed and never in them."""

import marshmallow as ma

from households.models import STATUS_CATEGORIES
from households.policy.visiting import PROBLEM_KINDS
from households.visits.rules import MOST_TEXT, OUTCOMES, WAYS
from marketplace.api import fields

_DAY_KEY = ma.validate.Regexp(r"\d{4}-\d{2}-\d{2}\.\d{1,15}\Z", error="Take `next` of the page before")


class _KeyPage(ma.Schema):
    after = ma.fields.String(load_default=None, allow_none=True, validate=_DAY_KEY)
    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))
    region_code = fields.region_code(load_default=None)


class VisitQuery(ma.Schema):
    """Filters of the day's list; `late` keeps to those whose day has passed."""

    late = ma.fields.Boolean(load_default=False)
    region_code = fields.region_code(load_default=None)


class VisitSchema(ma.Schema):
    """A visit. `has_words`: something was written, and is sealed."""

    id = ma.fields.UUID(required=True)
    household_id = ma.fields.UUID(required=True)
    tier = ma.fields.String(required=True)
    every_days = ma.fields.Integer(required=True)
    due_on = ma.fields.Date(required=True)
    try_on = ma.fields.Date(allow_none=True)
    status = ma.fields.String(required=True)
    way = ma.fields.String(allow_none=True)
    done_on = ma.fields.Date(allow_none=True)
    findings = ma.fields.List(ma.fields.String(), required=True)
    has_words = ma.fields.Boolean(required=True)


class VisitLineSchema(VisitSchema):
    """A visit of the day's list with what leads to it, in the order of the way."""

    household_number = ma.fields.Integer(required=True)
    head_name = ma.fields.String(required=True)
    region_code = ma.fields.String(required=True)
    address = ma.fields.String(allow_none=True)
    late = ma.fields.Boolean(required=True)
    tries = ma.fields.Integer(required=True)


class FindingSchema(ma.Schema):
    """Something found; without an owner whoever reports it, without a day by the policy set."""

    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(PROBLEM_KINDS))
    words = fields.text(MOST_TEXT, load_default=None, allow_none=True)
    owner_id = ma.fields.UUID(load_default=None, allow_none=True)
    due_on = ma.fields.Date(load_default=None, allow_none=True)


class VisitReportSchema(ma.Schema):
    """A visit as it was made."""

    way = ma.fields.String(load_default="home", validate=ma.validate.OneOf(WAYS))
    words = fields.text(MOST_TEXT, load_default=None, allow_none=True)
    done_on = ma.fields.Date(load_default=None, allow_none=True)
    findings = ma.fields.List(
        ma.fields.Nested(FindingSchema), load_default=list, validate=ma.validate.Length(max=len(PROBLEM_KINDS))
    )


class ProblemSchema(ma.Schema):
    """A problem."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.Integer(required=True)
    household_id = ma.fields.UUID(required=True)
    visit_id = ma.fields.UUID(allow_none=True)
    kind = ma.fields.String(required=True)
    owner_id = ma.fields.UUID(required=True)
    found_on = ma.fields.Date(required=True)
    due_on = ma.fields.Date(required=True)
    status = ma.fields.String(required=True)
    resolved_on = ma.fields.Date(allow_none=True)
    escalated_at = ma.fields.AwareDateTime(allow_none=True)
    version = ma.fields.Integer(required=True)


class VisitDoneSchema(ma.Schema):
    """The visit and the problems that it opened."""

    visit = ma.fields.Nested(VisitSchema, required=True)
    problems = ma.fields.List(ma.fields.Nested(ProblemSchema), required=True)


class ProblemQuery(_KeyPage):
    """Filters of the list."""

    status = ma.fields.String(load_default="open", validate=ma.validate.OneOf(("open", "resolved")))
    kind = ma.fields.String(load_default=None, validate=ma.validate.OneOf(PROBLEM_KINDS))
    owner_id = ma.fields.UUID(load_default=None)
    household_id = ma.fields.UUID(load_default=None)
    late = ma.fields.Boolean(load_default=False)
    escalated = ma.fields.Boolean(load_default=False)


class ProblemEntrySchema(FindingSchema):
    """A problem found outside a visit's report."""

    household_id = ma.fields.UUID(required=True)


class ProblemStepSchema(ma.Schema):
    """A step with its words."""

    words = fields.text(MOST_TEXT, required=True)
    version = fields.version()


class AssignSchema(ma.Schema):
    """Who answers for it from now on."""

    owner_id = ma.fields.UUID(required=True)
    version = fields.version()


class ReviewQuery(_KeyPage):
    """Filters of the list; open reviews due up to and with `until`, else up to today."""

    search = fields.search()
    until = ma.fields.Date(load_default=None, allow_none=True)


class ReviewSchema(ma.Schema):
    """A review; `rule_group` is the policy set's group that set its months, null where none of them does."""

    id = ma.fields.UUID(required=True)
    household_id = ma.fields.UUID(required=True)
    policy_code = ma.fields.String(required=True)
    rule_group = ma.fields.String(allow_none=True)
    months = ma.fields.Integer(required=True)
    base_on = ma.fields.Date(required=True)
    due_on = ma.fields.Date(required=True)
    status = ma.fields.String(required=True)
    outcome = ma.fields.String(allow_none=True)
    done_on = ma.fields.Date(allow_none=True)


class ReviewReportSchema(ma.Schema):
    """What a review came to."""

    outcome = ma.fields.String(required=True, validate=ma.validate.OneOf(OUTCOMES))
    evidence = fields.text(MOST_TEXT, required=True)
    status_category = ma.fields.String(
        load_default=None, allow_none=True, validate=ma.validate.OneOf(STATUS_CATEGORIES)
    )
    done_on = ma.fields.Date(load_default=None, allow_none=True)


class VisitPurposeSchema(ma.Schema):
    """What the sealed texts are opened for; it stays on record."""

    purpose = fields.text(200, required=True)


class TextSchema(ma.Schema):
    """One text in clear, of the row with this id."""

    id = ma.fields.UUID(required=True)
    text = ma.fields.String(required=True)


class TextsSchema(ma.Schema):
    """What was written."""

    texts = ma.fields.List(ma.fields.Nested(TextSchema), required=True)


class MonthQuery(ma.Schema):
    """A month by one of its days; without it the present one."""

    month = ma.fields.Date(load_default=None, allow_none=True)


class RateSchema(ma.Schema):
    """`part` done of `whole` due; `share` null where nothing was due."""

    part = ma.fields.Integer(required=True)
    whole = ma.fields.Integer(required=True)
    share = ma.fields.Float(allow_none=True)


class AreaRatesSchema(ma.Schema):
    """One township."""

    code = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    visits = ma.fields.Nested(RateSchema, required=True)
    problems = ma.fields.Nested(RateSchema, required=True)


class RatesSchema(ma.Schema):
    """Visit rate and problem-resolution rate of a month, counted up to and with `until`."""

    month = ma.fields.Date(required=True)
    until = ma.fields.Date(required=True)
    areas = ma.fields.List(ma.fields.Nested(AreaRatesSchema), required=True)
    visits = ma.fields.Nested(RateSchema, required=True)
    problems = ma.fields.Nested(RateSchema, required=True)
