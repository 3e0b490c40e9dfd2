"""Documents of rounds."""

import marshmallow as ma

from marketplace.api import fields
from marketplace.api.base import PageQuery
from matching.pool import NEED_EXCLUSIONS
from matching.rounds.models import ALLOCATION_STATUSES, ROUND_STATUSES
from matching.solution import REASONS
from matching.waiting import STANDARD


class RoundQuery(fields.NumberPageQuery):
    """Filters of the list."""

    search = fields.search()
    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(ROUND_STATUSES))
    region_code = fields.region_code(load_default=None)


class LimitSchema(ma.Schema):
    """A spending limit; regions and categories are the need's."""

    max_fen = fields.fen(required=True)
    regions = fields.codes(fields.region_code(), load_default=None, allow_none=True)
    categories = fields.codes(fields.catalogue_code(), load_default=None, allow_none=True)
    government_bought = ma.fields.Boolean(load_default=None, allow_none=True)


class RoundEntrySchema(ma.Schema):
    """A round as handed in; an absent list means any."""

    name = fields.text(200, required=True)
    region_code = fields.region_code(required=True)
    seed_source = fields.text(
        400,
        required=True,
        metadata={"description": "The public value, known only later, that decides what is left equal"},
    )
    categories = fields.codes(fields.catalogue_code(), load_default=None, allow_none=True)
    project_id = ma.fields.UUID(load_default=None, allow_none=True)
    fund_ids = fields.codes(ma.fields.UUID(), load_default=None, allow_none=True)
    limits = ma.fields.List(ma.fields.Nested(LimitSchema), load_default=list, validate=ma.validate.Length(max=50))
    floor_percent = fields.whole("Share of its fair points a township gets at least, percent", load_default=90)
    tolerance_permille = fields.whole("What a tier may give up for fairness, per mille", load_default=1)
    household_cap_fen = fields.whole("Most a household receives, fen", load_default=None, allow_none=True)
    waiting_step = fields.whole(
        "Weight a need gains for each round that gave it nothing, points", load_default=STANDARD.step
    )
    waiting_most = fields.whole("Most weight that waiting adds, points", load_default=STANDARD.most)
    time_limit_s = fields.whole("Seconds of search, 5 to 3600", load_default=45)


class DrawSchema(ma.Schema):
    """The public value, as published by the source named beforehand."""

    value = fields.text(200, required=True)


class RoundSchema(ma.Schema):
    """A round as lists show it."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    region_code = ma.fields.String(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(ROUND_STATUSES))
    status_reason = ma.fields.String(allow_none=True)
    categories = ma.fields.List(ma.fields.String(), allow_none=True)
    project_id = ma.fields.UUID(allow_none=True)
    fund_ids = ma.fields.List(ma.fields.UUID(), allow_none=True)
    limits = ma.fields.List(ma.fields.Dict())
    floor_percent = ma.fields.Integer()
    tolerance_permille = ma.fields.Integer()
    household_cap_fen = ma.fields.Integer(allow_none=True)
    waiting_step = ma.fields.Integer()
    waiting_most = ma.fields.Integer()
    time_limit_s = ma.fields.Integer()
    creator_id = ma.fields.UUID()
    reviewer_id = ma.fields.UUID(allow_none=True)
    review_reason = ma.fields.String(allow_none=True)
    committer_id = ma.fields.UUID(allow_none=True)
    refreezes_id = ma.fields.UUID(allow_none=True)
    created_at = ma.fields.AwareDateTime()
    frozen_at = ma.fields.AwareDateTime(allow_none=True)
    queued_at = ma.fields.AwareDateTime(allow_none=True)
    proposed_at = ma.fields.AwareDateTime(allow_none=True)
    approved_at = ma.fields.AwareDateTime(allow_none=True)
    committed_at = ma.fields.AwareDateTime(allow_none=True)
    ended_at = ma.fields.AwareDateTime(allow_none=True)
    expires_at = ma.fields.AwareDateTime(allow_none=True)
    pool_sha256 = ma.fields.String(allow_none=True)
    pool_summary = ma.fields.Dict(allow_none=True)
    seed_source = ma.fields.String(allow_none=True)
    seed_value = ma.fields.String(allow_none=True)
    seed = ma.fields.Integer(allow_none=True)
    plan_status = ma.fields.String(allow_none=True)
    result_sha256 = ma.fields.String(allow_none=True)
    version = ma.fields.Integer()


class LevelSchema(ma.Schema):
    """One level of the objective; `gap` is a share, null where there is no bound. `certified_bound` of a tier is recomputed from the
    plan's certificate without the solver (null: none); `certified_gap` is the gap it leaves. `bound_deliveries` is what the level
    cannot fall below for the help that is given (null: none), `deliveries_gap` how far it is from that."""

    name = ma.fields.String(required=True)
    value = ma.fields.Integer(required=True)
    achieved = ma.fields.Integer(allow_none=True)
    bound = ma.fields.Float(allow_none=True)
    gap = ma.fields.Float(allow_none=True)
    certified_bound = ma.fields.Integer(allow_none=True)
    certified_gap = ma.fields.Float(allow_none=True)
    bound_deliveries = ma.fields.Float(allow_none=True)
    deliveries_gap = ma.fields.Float(allow_none=True)
    proven = ma.fields.Boolean()
    seconds = ma.fields.Float()


class RelativeSchema(ma.Schema):
    """Another round of the same pool or chain."""

    id = ma.fields.UUID()
    number = ma.fields.Integer()
    status = ma.fields.String()
    frozen_at = ma.fields.AwareDateTime(allow_none=True)


class CountsSchema(ma.Schema):
    """How many rows the round's tables have."""

    allocations = ma.fields.Integer()
    households = ma.fields.Integer()
    cost_fen = ma.fields.Integer()
    by_status = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer())
    unmet = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer())
    excluded = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer())


class WholeRoundSchema(RoundSchema):
    """A round with everything its page shows above the tables."""

    policy = ma.fields.List(ma.fields.String(), metadata={"description": "The rules in words"})
    levels = ma.fields.List(ma.fields.Nested(LevelSchema))
    progress = ma.fields.Dict(allow_none=True)
    comparison = ma.fields.Dict(allow_none=True)
    coverage = ma.fields.Dict(allow_none=True)
    solver = ma.fields.Dict(allow_none=True)
    counts = ma.fields.Nested(CountsSchema)
    refreezes = ma.fields.Nested(RelativeSchema, allow_none=True)
    successors = ma.fields.List(ma.fields.Nested(RelativeSchema))
    same_pool = ma.fields.List(ma.fields.Nested(RelativeSchema))


class AllocationQuery(PageQuery):
    """Filters of a round's allocations."""

    region_code = fields.region_code(load_default=None)
    category_code = fields.catalogue_code(load_default=None)
    tier = ma.fields.Integer(load_default=None, validate=ma.validate.Range(1, 3))
    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(ALLOCATION_STATUSES))
    need_id = ma.fields.UUID(load_default=None)
    offering_id = ma.fields.UUID(load_default=None)
    donor_id = ma.fields.UUID(load_default=None)


class ChargeSchema(ma.Schema):
    """What one fund pays."""

    fund_id = ma.fields.UUID()
    fen = ma.fields.Integer()


class AllocationSchema(ma.Schema):
    """One line of a plan."""

    id = ma.fields.UUID(required=True)
    need_id = ma.fields.UUID()
    need_number = ma.fields.Integer()
    household_number = ma.fields.Integer()
    offering_id = ma.fields.UUID()
    offering_number = ma.fields.Integer()
    offering_title = ma.fields.String()
    donor_id = ma.fields.UUID()
    donor_name = ma.fields.String()
    region_code = ma.fields.String()
    category_code = ma.fields.String()
    tier = ma.fields.Integer()
    type = ma.fields.String()
    quantity = ma.fields.Integer()
    delivered = ma.fields.Integer()
    points = ma.fields.Integer()
    cost_fen = ma.fields.Integer()
    distance_m = ma.fields.Integer()
    status = ma.fields.String()
    charges = ma.fields.List(ma.fields.Nested(ChargeSchema))


class ReasonQuery(PageQuery):
    """Filters of unmet needs."""

    reason = ma.fields.String(load_default=None, validate=ma.validate.OneOf(REASONS))
    tier = ma.fields.Integer(load_default=None, validate=ma.validate.Range(1, 3))
    region_code = fields.region_code(load_default=None)


class ExcludedQuery(ReasonQuery):
    """Filters of needs outside the pool."""

    reason = ma.fields.String(load_default=None, validate=ma.validate.OneOf(NEED_EXCLUSIONS))


class UnmetSchema(ma.Schema):
    """A need that lacks something, or was not in the pool (`missing` null), and why."""

    need_id = ma.fields.UUID(required=True)
    need_number = ma.fields.Integer()
    household_number = ma.fields.Integer()
    region_code = ma.fields.String()
    category_code = ma.fields.String()
    tier = ma.fields.Integer()
    quantity = ma.fields.Integer()
    missing = ma.fields.Integer(allow_none=True)
    reason = ma.fields.String(required=True)
    detail = ma.fields.Dict(metadata={"description": "The binding row and the smallest change that was tried to help"})


class ChangeSchema(ma.Schema):
    """One thing the plan uses that is not as it was frozen."""

    subject = ma.fields.String(required=True)
    subject_id = ma.fields.UUID(required=True)
    kind = ma.fields.String(required=True)
    message = ma.fields.String(required=True)


class EventSchema(ma.Schema):
    """One line of a round's story; `actor` null is the system."""

    at = ma.fields.AwareDateTime(required=True)
    actor = ma.fields.String(allow_none=True)
    from_status = ma.fields.String(allow_none=True)
    to_status = ma.fields.String(required=True)
    reason = ma.fields.String(allow_none=True)
