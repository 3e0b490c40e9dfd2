"""Documents of case conferences; facts are sealed and open for a purpose only."""

import marshmallow as ma

from households.cases.rules import MOST_ROWS, MOST_TEXT, REASONS, STATUSES
from marketplace.api import fields


class CaseQuery(fields.NumberPageQuery):
    """Filters of the list."""

    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(STATUSES))
    household_id = ma.fields.UUID(load_default=None)


class ParticipantSchema(ma.Schema):
    """Who took part, for which unit."""

    unit = fields.text(60, required=True)
    name = fields.text(60, required=True)


class CaseEntrySchema(ma.Schema):
    """The minutes of a conference."""

    reason = ma.fields.String(required=True, validate=ma.validate.OneOf(REASONS))
    held_on = ma.fields.Date(required=True)
    facts = fields.text(MOST_TEXT, required=True)
    participants = ma.fields.List(
        ma.fields.Nested(ParticipantSchema), required=True, validate=ma.validate.Length(max=MOST_ROWS)
    )


class CaseCallSchema(CaseEntrySchema):
    """A conference on a household."""

    household_id = ma.fields.UUID(required=True)


class CaseChangeSchema(CaseEntrySchema):
    """The minutes anew, before a decision."""

    version = fields.version()


class CaseMeasureSchema(ma.Schema):
    """A measure: what, and who answers for it until when."""

    words = fields.text(500, required=True)
    category_code = fields.catalogue_code(load_default=None, allow_none=True)
    unit = fields.text(60, load_default=None, allow_none=True)
    due_on = ma.fields.Date(load_default=None, allow_none=True)


class DecisionSchema(ma.Schema):
    """What was decided; above the usual cap only with a legal basis and a period."""

    decision = fields.text(MOST_TEXT, required=True)
    measures = ma.fields.List(
        ma.fields.Nested(CaseMeasureSchema), load_default=list, validate=ma.validate.Length(max=MOST_ROWS)
    )
    extra_fen = fields.fen(load_default=0)
    legal_basis = fields.text(500, load_default=None, allow_none=True)
    valid_from = ma.fields.Date(load_default=None, allow_none=True)
    valid_to = ma.fields.Date(load_default=None, allow_none=True)
    version = fields.version()


class VersionSchema(ma.Schema):
    """The version that was read."""

    version = fields.version()


class CaseReasonSchema(VersionSchema):
    """Why."""

    reason = fields.text(500, required=True)


class CaseDecisionSchema(ma.Schema):
    """A confirmed decision as the household's worker reads it."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.Integer(required=True)
    household_id = ma.fields.UUID(required=True)
    held_on = ma.fields.Date(required=True)
    status = ma.fields.String(required=True)
    decision = ma.fields.String(allow_none=True)
    measures = ma.fields.List(ma.fields.Nested(CaseMeasureSchema), required=True)
    extra_fen = ma.fields.Integer(required=True)
    legal_basis = ma.fields.String(allow_none=True)
    valid_from = ma.fields.Date(allow_none=True)
    valid_to = ma.fields.Date(allow_none=True)


class CaseSchema(CaseDecisionSchema):
    """A conference; its facts stay sealed."""

    reason = ma.fields.String(required=True)
    participants = ma.fields.List(ma.fields.Nested(ParticipantSchema), required=True)
    creator_id = ma.fields.UUID(required=True)
    decider_id = ma.fields.UUID(allow_none=True)
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    confirmer_id = ma.fields.UUID(allow_none=True)
    confirmed_at = ma.fields.AwareDateTime(allow_none=True)
    status_reason = ma.fields.String(allow_none=True)
    version = ma.fields.Integer(required=True)


class DecisionsSchema(ma.Schema):
    """The confirmed decisions about a household."""

    items = ma.fields.List(ma.fields.Nested(CaseDecisionSchema), required=True)


class FactsSchema(ma.Schema):
    """The facts in clear."""

    facts = ma.fields.String(required=True)
