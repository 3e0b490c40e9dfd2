"""Documents of a household's life and of its indicators' history."""

import marshmallow as ma

from households.life.models import CHANGE_KINDS
from households.models import RELATIONS
from marketplace.api import fields
from marketplace.api.households_schemas import MemberEntrySchema


class PastValueSchema(ma.Schema):
    """A recorded value; `value` null takes back the one that `corrects` names. Money is fen."""

    id = ma.fields.UUID(required=True)
    code = ma.fields.String(required=True)
    value = ma.fields.Decimal(as_string=True, places=2, allow_none=True)
    as_of = ma.fields.Date(required=True)
    source = ma.fields.String(required=True)
    evidence = ma.fields.String(required=True)
    corrects = ma.fields.UUID(allow_none=True)
    recorder = ma.fields.String(required=True)
    recorded_at = ma.fields.AwareDateTime(required=True)


class LifeChangeSchema(ma.Schema):
    """Something that happened to a household."""

    id = ma.fields.UUID(required=True, attribute="row.id")
    kind = ma.fields.String(required=True, attribute="row.kind", validate=ma.validate.OneOf(CHANGE_KINDS))
    happened_on = ma.fields.Date(required=True, attribute="row.happened_on")
    person_name = ma.fields.String(allow_none=True, attribute="row.person_name")
    other_number = ma.fields.Integer(
        allow_none=True, metadata={"description": "The other household's number, where it lies within your regions"}
    )
    from_region = ma.fields.String(allow_none=True, attribute="row.from_region")
    to_region = ma.fields.String(allow_none=True, attribute="row.to_region")
    recorder = ma.fields.String(required=True, attribute="row.recorder")
    recorded_at = ma.fields.AwareDateTime(required=True, attribute="row.recorded_at")


class BirthSchema(MemberEntrySchema):
    """A newborn member."""


class RelationSchema(ma.Schema):
    """What a member is to the head from now on."""

    member_id = ma.fields.UUID(required=True)
    relation = ma.fields.String(required=True, validate=ma.validate.OneOf(RELATIONS))


def _relations() -> ma.fields.List:
    return ma.fields.List(ma.fields.Nested(RelationSchema), load_default=list, validate=ma.validate.Length(max=60))


class DeathSchema(ma.Schema):
    """Who died and when; where the head died, `relations` name the new head."""

    member_id = ma.fields.UUID(required=True)
    died_on = ma.fields.Date(required=True)
    was_earner = ma.fields.Boolean(load_default=False)
    relations = _relations()


class NewPlaceSchema(ma.Schema):
    """Where a household lives from a day on."""

    region_code = fields.region_code(required=True)
    address = fields.text(400, load_default=None, allow_none=True)
    lat = ma.fields.Float(load_default=None, allow_none=True)
    lon = ma.fields.Float(load_default=None, allow_none=True)
    happened_on = ma.fields.Date(required=True)


class NeedInRoundSchema(ma.Schema):
    """A need and the round that froze it, by their numbers."""

    need = ma.fields.Integer(required=True)
    round = ma.fields.Integer(required=True)


class MovedSchema(ma.Schema):
    """What a move took along; the household may lie outside your regions now."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.Integer(required=True)
    region_code = ma.fields.String(required=True)
    needs = ma.fields.List(ma.fields.Integer(), required=True, metadata={"description": "Numbers of the open needs"})
    promised = ma.fields.List(
        ma.fields.Integer(),
        required=True,
        metadata={"description": "Those of them that are promised; the help is delivered at the new place"},
    )
    in_rounds = ma.fields.List(
        ma.fields.Nested(NeedInRoundSchema),
        required=True,
        metadata={
            "description": "Those that a round under way froze at the old place: a plan that helps them there cannot be committed"
        },
    )


class SplitSchema(NewPlaceSchema):
    """Who leaves, where to, with which needs; `relations` give each of the two households exactly one head."""

    leaving = ma.fields.List(ma.fields.UUID(), required=True, validate=ma.validate.Length(1, 60))
    relations = _relations()
    needs_along = ma.fields.List(ma.fields.UUID(), load_default=list, validate=ma.validate.Length(max=200))


class JoinSchema(ma.Schema):
    """Which household comes in, and what its members are to the head."""

    other_id = ma.fields.UUID(required=True)
    happened_on = ma.fields.Date(required=True)
    relations = _relations()
