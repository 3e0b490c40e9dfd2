"""Documents of monitoring. Resident IDs and details go in whole and never come out."""

import marshmallow as ma

from households.models import EVENT_KINDS
from households.monitoring.models import KINDS, OUTCOMES, SOURCES
from marketplace.api import fields


class RecordSchema(ma.Schema):
    """A department's record. `amount_fen` is what the family paid itself; a disaster may name an address instead of a person."""

    source = ma.fields.String(required=True, validate=ma.validate.OneOf(SOURCES))
    number = fields.text(
        80, required=True, metadata={"description": "Unique within source and county; of a disaster, with the address"}
    )
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(KINDS))
    state = ma.fields.String(
        required=True,
        metadata={"description": "paid; lost, found; left, returned; granted, changed, withdrawn; fire, flood, landslide, storm, accident"},
    )  # fmt: skip
    happened_on = ma.fields.Date(required=True)
    region_code = fields.region_code(required=True)
    resident_id = fields.text(40, load_default=None, allow_none=True)
    name = fields.text(200, load_default=None, allow_none=True)
    address = fields.text(400, load_default=None, allow_none=True)
    amount_fen = fields.fen(load_default=None, allow_none=True)
    grade = fields.whole("1 (most severe) to 4", load_default=None, allow_none=True)
    detail = fields.text(1_000, load_default=None, allow_none=True)


class RecordsSchema(ma.Schema):
    """Records to take in, all or none."""

    records = ma.fields.List(ma.fields.Nested(RecordSchema), required=True, validate=ma.validate.Length(1, 1_000))


class AddedSchema(ma.Schema):
    """What came of it."""

    new = ma.fields.Integer(required=True)
    repeated = ma.fields.Integer(required=True, metadata={"description": "On file already with the same values"})
    warnings = ma.fields.Integer(
        required=True, metadata={"description": "Warnings raised for households on file in your regions"}
    )
    leads = ma.fields.Integer(required=True, metadata={"description": "Leads about people of no household on file"})


class WarningQuery(ma.Schema):
    """Filters of the list; `after` is the `next` of the page before."""

    after = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.Length(max=40))
    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))
    region_code = fields.region_code(load_default=None)
    rule = fields.text(60, load_default=None)
    status = ma.fields.String(load_default="open", allow_none=True, validate=ma.validate.OneOf(("open", "handled")))
    household_id = ma.fields.UUID(load_default=None)
    late = ma.fields.Boolean(load_default=False)


class WarningSchema(ma.Schema):
    """A warning: the rule, the figures that made it, and what came of it."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.Integer(required=True)
    household_id = ma.fields.UUID(required=True)
    region_code = ma.fields.String(required=True)
    policy_code = ma.fields.String(required=True)
    rule = ma.fields.String(required=True)
    way = ma.fields.String(required=True, metadata={"description": "in: may need help; out: may need it less"})
    facts = ma.fields.Dict(required=True)
    counted_to = ma.fields.Integer(required=True, metadata={"description": "Grows with what comes in"})
    due_on = ma.fields.Date(required=True)
    raised_at = ma.fields.AwareDateTime(required=True)
    status = ma.fields.String(required=True)
    outcome = ma.fields.String(allow_none=True)
    handled_at = ma.fields.AwareDateTime(allow_none=True)


class HandlingSchema(ma.Schema):
    """What came of a warning."""

    outcome = ma.fields.String(required=True, validate=ma.validate.OneOf(OUTCOMES))
    note = fields.text(1_000, required=True, load_only=True)
    event_kind = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.OneOf(EVENT_KINDS))
    event_on = ma.fields.Date(load_default=None, allow_none=True)
    seen_to = ma.fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=ma.validate.Range(0, fields.MOST_NUMBER),
        metadata={"description": "The warning's `counted_to` as you read it; where more came in since, 409"},
    )


class NoteSchema(ma.Schema):
    """What was found when a warning was handled, in clear; not kept anywhere."""

    note = ma.fields.String(allow_none=True)


class BoardLineSchema(ma.Schema):
    """A township's closed loop."""

    code = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    raised = ma.fields.Integer(required=True)
    on_time = ma.fields.Integer(required=True)
    handled_late = ma.fields.Integer(required=True)
    open = ma.fields.Integer(required=True)
    open_late = ma.fields.Integer(required=True)
    monitored = ma.fields.Integer(required=True)
    entered = ma.fields.Integer(required=True)
    left = ma.fields.Integer(required=True)
    handled_rate = ma.fields.Float(allow_none=True, metadata={"description": "Handled, of all raised"})
    on_time_rate = ma.fields.Float(
        allow_none=True, metadata={"description": "Handled by their day, of those handled and those open past it"}
    )


class SpellSchema(ma.Schema):
    """Whether a household is monitored."""

    monitored = ma.fields.Boolean(required=True)
    entered_on = ma.fields.Date(allow_none=True)
