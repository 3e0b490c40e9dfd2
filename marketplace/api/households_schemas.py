"""Documents of households. Resident IDs, telephone and diagnoses go in whole and come out masked."""

import marshmallow as ma

from households.indicators import EVIDENCE, KINDS
from households.models import RELATIONS, RISK_TIERS, STATUS_CATEGORIES
from households.rules import SEXES
from kernel.catalogue.models import HOUSEHOLD_TYPES
from marketplace.api import fields


class HouseholdQuery(fields.NumberPageQuery):
    """Filters of the list."""

    search = fields.search()
    region_code = fields.region_code(load_default=None)
    status_category = ma.fields.String(load_default=None, validate=ma.validate.OneOf(STATUS_CATEGORIES))
    main_type = ma.fields.String(load_default=None, validate=ma.validate.OneOf(HOUSEHOLD_TYPES))
    risk_tier = ma.fields.String(load_default=None, validate=ma.validate.OneOf(RISK_TIERS))
    status = ma.fields.String(load_default="active", validate=ma.validate.OneOf(("active", "closed")))
    consented = ma.fields.Boolean(load_default=None)


class MemberEntrySchema(ma.Schema):
    """A member as handed in. With a resident ID, sex and date of birth follow from it."""

    name = fields.text(200, required=True)
    relation = ma.fields.String(required=True, validate=ma.validate.OneOf(RELATIONS))
    resident_id = fields.text(40, load_default=None, allow_none=True, load_only=True)
    sex = ma.fields.String(load_default=None, allow_none=True, validate=ma.validate.OneOf(SEXES))
    born_on = ma.fields.Date(load_default=None, allow_none=True)
    disability_grade = fields.whole("1 (most severe) to 4", load_default=None, allow_none=True)
    diagnosis = fields.text(500, load_default=None, allow_none=True, load_only=True)
    able_to_work = ma.fields.Boolean(load_default=False)
    in_school = ma.fields.Boolean(load_default=False)


class KnownMemberSchema(MemberEntrySchema):
    """With `id`, a member who is there already: an absent resident ID or diagnosis stays, an empty one goes."""

    id = ma.fields.UUID(load_default=None, allow_none=True)


class HouseholdEntrySchema(ma.Schema):
    """A household as handed in."""

    region_code = fields.region_code(required=True)
    members = ma.fields.List(ma.fields.Nested(MemberEntrySchema), required=True, validate=ma.validate.Length(max=60))
    status_category = ma.fields.String(required=True, validate=ma.validate.OneOf(STATUS_CATEGORIES))
    main_type = ma.fields.String(required=True, validate=ma.validate.OneOf(HOUSEHOLD_TYPES))
    risk_tier = ma.fields.String(load_default="general", validate=ma.validate.OneOf(RISK_TIERS))
    address = fields.text(400, load_default=None, allow_none=True)
    phone = fields.text(40, load_default=None, allow_none=True, load_only=True)
    lat = ma.fields.Float(load_default=None, allow_none=True)
    lon = ma.fields.Float(load_default=None, allow_none=True)
    cap_fen = fields.fen(load_default=None, allow_none=True)
    consented = ma.fields.Boolean(
        load_default=False, metadata={"description": "The household agrees that its needs enter rounds"}
    )


class HouseholdChangeSchema(HouseholdEntrySchema):
    """The whole household anew; an absent telephone stays, an empty one goes. Consent has its own address."""

    class Meta:
        exclude = ("consented",)

    members = ma.fields.List(ma.fields.Nested(KnownMemberSchema), required=True, validate=ma.validate.Length(max=60))
    version = fields.version()


class MemberSchema(ma.Schema):
    """A member; the resident ID masked, the diagnosis only as being there or not."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    relation = ma.fields.String(required=True)
    sex = ma.fields.String(required=True)
    born_on = ma.fields.Date(required=True)
    resident_id_masked = ma.fields.String(allow_none=True, metadata={"example": "330324***********7"})
    disability_grade = ma.fields.Integer(allow_none=True)
    has_diagnosis = ma.fields.Boolean(required=True)
    able_to_work = ma.fields.Boolean(required=True)
    in_school = ma.fields.Boolean(required=True)


class IndicatorSchema(ma.Schema):
    """An indicator as of a day, with its source; money is fen."""

    code = ma.fields.String(required=True, validate=ma.validate.OneOf(tuple(KINDS)))
    value = ma.fields.Decimal(
        required=True, as_string=True, places=2, allow_nan=False, validate=ma.validate.Range(0, 10**12)
    )
    as_of = ma.fields.Date(required=True)
    source = fields.text(200, required=True)


class IndicatorEntrySchema(IndicatorSchema):
    """A value to record; `corrects` is the id of the recorded value that was wrong."""

    evidence = ma.fields.String(load_default="none", validate=ma.validate.OneOf(EVIDENCE))
    corrects = ma.fields.UUID(load_default=None, allow_none=True)


class IndicatorsSchema(ma.Schema):
    """Values to record; nothing is overwritten, and of each indicator the latest day counts."""

    indicators = ma.fields.List(
        ma.fields.Nested(IndicatorEntrySchema), required=True, validate=ma.validate.Length(1, len(KINDS) * 2)
    )


class HouseholdRowSchema(ma.Schema):
    """A household in a list."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.Integer(required=True)
    region_code = ma.fields.String(required=True)
    head_name = ma.fields.String(required=True)
    address = ma.fields.String(allow_none=True)
    lat = ma.fields.Float(allow_none=True)
    lon = ma.fields.Float(allow_none=True)
    status_category = ma.fields.String(required=True)
    main_type = ma.fields.String(required=True)
    risk_tier = ma.fields.String(required=True)
    cap_fen = ma.fields.Integer(allow_none=True)
    consented_at = ma.fields.AwareDateTime(allow_none=True)
    opted_out = ma.fields.Boolean(required=True)
    status = ma.fields.String(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    updated_at = ma.fields.AwareDateTime(required=True)
    version = ma.fields.Integer(required=True)


class HouseholdSchema(HouseholdRowSchema):
    """A household with members and indicators, its numbers masked."""

    phone_masked = ma.fields.String(allow_none=True, metadata={"example": "+86138******78"})
    members = ma.fields.List(ma.fields.Nested(MemberSchema), required=True)
    indicators = ma.fields.List(ma.fields.Nested(IndicatorSchema), required=True)


class OptOutSchema(ma.Schema):
    """Out of automatic matching, or back in."""

    opted_out = ma.fields.Boolean(required=True)


class RevealSchema(ma.Schema):
    """What the sealed numbers are needed for; the household can read it."""

    purpose = fields.text(400, required=True)


class RevealedMemberSchema(ma.Schema):
    """A member's sealed values in clear."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    resident_id = ma.fields.String(allow_none=True)
    diagnosis = ma.fields.String(allow_none=True)


class RevealedSchema(ma.Schema):
    """The household's sealed values in clear; not kept anywhere."""

    phone = ma.fields.String(allow_none=True)
    members = ma.fields.List(ma.fields.Nested(RevealedMemberSchema), required=True)


class LookSchema(ma.Schema):
    """Somebody opened the sealed numbers."""

    at = ma.fields.AwareDateTime(required=True)
    actor = ma.fields.String(required=True)
    purpose = ma.fields.String(required=True)
