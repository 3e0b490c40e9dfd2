"""Documents of leads. What was told, numbers and who told it go in whole and come out masked, or for a purpose."""

import marshmallow as ma

from households.leads.models import CLOSINGS, STATUSES
from households.policy.monitoring import CHANNELS
from marketplace.api import fields


class LeadQuery(ma.Schema):
    """Filters of the list; `after` is the `next` of the page before."""

    after = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.Length(max=40))
    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))
    search = fields.search()
    region_code = fields.region_code(load_default=None)
    channel = ma.fields.String(load_default=None, validate=ma.validate.OneOf(CHANNELS))
    status = ma.fields.String(load_default="open", allow_none=True, validate=ma.validate.OneOf(STATUSES))
    late = ma.fields.Boolean(load_default=False)


class TipOffSchema(ma.Schema):
    """What anybody may tell."""

    region_code = fields.region_code(required=True)
    told = fields.text(2_000, required=True, load_only=True)
    name = fields.text(200, load_default=None, allow_none=True)
    phone = fields.text(40, load_default=None, allow_none=True, load_only=True)
    address = fields.text(400, load_default=None, allow_none=True, load_only=True)
    teller = fields.text(200, load_default=None, allow_none=True, load_only=True)


class LeadEntrySchema(TipOffSchema):
    """A lead as handed in by the staff."""

    channel = ma.fields.String(required=True, validate=ma.validate.OneOf(CHANNELS))
    resident_id = fields.text(40, load_default=None, allow_none=True, load_only=True)
    reference = fields.text(80, load_default=None, allow_none=True)


class LeadRowSchema(ma.Schema):
    """A lead in a list."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.Integer(required=True)
    region_code = ma.fields.String(required=True)
    channel = ma.fields.String(required=True)
    reference = ma.fields.String(allow_none=True)
    name = ma.fields.String(allow_none=True)
    owner_region = ma.fields.String(required=True)
    owner_id = ma.fields.UUID(allow_none=True)
    due_on = ma.fields.Date(required=True)
    escalated_at = ma.fields.AwareDateTime(allow_none=True)
    status = ma.fields.String(required=True)
    closing = ma.fields.String(allow_none=True)
    household_id = ma.fields.UUID(allow_none=True)
    merged_into_id = ma.fields.UUID(allow_none=True)
    created_at = ma.fields.AwareDateTime(required=True)
    done_at = ma.fields.AwareDateTime(allow_none=True)


class LeadSchema(LeadRowSchema):
    """A lead, its numbers masked."""

    phone_masked = ma.fields.String(allow_none=True)
    resident_id_masked = ma.fields.String(allow_none=True)
    has_address = ma.fields.Boolean(required=True)
    has_teller = ma.fields.Boolean(required=True)
    found = ma.fields.Dict(allow_none=True, metadata={"description": "What a data comparison found"})


class CandidateSchema(ma.Schema):
    """A household or lead that may be the same, with the reasons."""

    kind = ma.fields.String(required=True, metadata={"description": "household or lead"})
    id = ma.fields.UUID(required=True)
    number = ma.fields.Integer(required=True)
    name = ma.fields.String(allow_none=True)
    region_code = ma.fields.String(required=True)
    status = ma.fields.String(required=True)
    reasons = ma.fields.List(ma.fields.String(), required=True)
    same_village = ma.fields.Boolean(required=True)


class CandidatesSchema(ma.Schema):
    """All of them, the most likely first."""

    items = ma.fields.List(ma.fields.Nested(CandidateSchema), attribute="rows", required=True)
    elsewhere = ma.fields.Boolean(
        required=True, metadata={"description": "The number or telephone is on file outside your regions"}
    )


class OwnerSchema(ma.Schema):
    """Who answers for it."""

    user_id = ma.fields.UUID(required=True)


class SameHouseholdSchema(ma.Schema):
    """The household on file that it speaks of."""

    household_id = ma.fields.UUID(required=True)


class MergeSchema(ma.Schema):
    """The lead in which it goes on."""

    into_id = ma.fields.UUID(required=True)


class ClosingSchema(ma.Schema):
    """Verified, and no household."""

    closing = ma.fields.String(required=True, validate=ma.validate.OneOf(CLOSINGS))
    reason = fields.text(1_000, required=True, load_only=True)


class LeadPurposeSchema(ma.Schema):
    """What the sealed words are needed for."""

    purpose = fields.text(400, required=True)


class RevealedLeadSchema(ma.Schema):
    """A lead's sealed words in clear; not kept anywhere."""

    told = ma.fields.String(allow_none=True)
    address = ma.fields.String(allow_none=True)
    phone = ma.fields.String(allow_none=True)
    resident_id = ma.fields.String(allow_none=True)
    teller = ma.fields.String(allow_none=True)
    reason = ma.fields.String(allow_none=True)


class ReceiptSchema(ma.Schema):
    """The code with which the teller may ask how far things are."""

    code = ma.fields.String(required=True, metadata={"example": "7KQ2-M4XD-9TRA"})


class ReceiptQuestionSchema(ma.Schema):
    """A receipt code, in any way of writing it."""

    code = fields.text(40, required=True)


class StageSchema(ma.Schema):
    """How far a report is; nothing of the household."""

    stage = ma.fields.String(required=True, metadata={"description": "received, looked_into or finished"})


class PeriodQuery(ma.Schema):
    """Days, both included."""

    since = ma.fields.Date(required=True)
    until = ma.fields.Date(required=True)


class ChannelFiguresSchema(ma.Schema):
    """What became of the leads of a channel."""

    channel = ma.fields.String(required=True)
    total = ma.fields.Integer(required=True)
    open = ma.fields.Integer(required=True)
    late = ma.fields.Integer(required=True)
    registered = ma.fields.Integer(required=True)
    known = ma.fields.Integer(required=True)
    merged = ma.fields.Integer(required=True)
    closings = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)
