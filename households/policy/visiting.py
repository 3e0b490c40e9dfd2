"""The part of a policy set that says how often a household is visited, and how long a problem found there may stay open.

Three risk tiers set the frequency of care visits 探访关爱 (中国社会报, 积极推动新时代新征程社会救助事业高质量发展(上), national conference of
17–18 April 2023); the figures are the county's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import RAISE, Schema, fields, post_load, validate

RISK_TIERS = ("high", "key", "general")
PROBLEM_KINDS = ("safety", "health", "care", "living", "housing", "benefits", "work_school", "other")
"""What may be found: danger in the home, health, care and company, food and daily life, the house, benefits not received, work or school"""


@dataclass(frozen=True)
class TierVisits:
    """A household of the tier is visited every `every_days` days; `telephone_in_a_row` visits may follow each other by telephone (0: none may)."""

    every_days: int
    telephone_in_a_row: int


@dataclass(frozen=True)
class Visits:
    """`again_days` after nobody was at home the worker tries again; a problem is to be resolved within `problem_days` of its kind."""

    tiers: Mapping[str, TierVisits]
    again_days: int
    problem_days: Mapping[str, int]


class _TierSchema(Schema):
    class Meta:
        unknown = RAISE

    every_days = fields.Integer(required=True, strict=True, validate=validate.Range(1, 730))
    telephone_in_a_row = fields.Integer(required=True, strict=True, validate=validate.Range(0, 100))

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> TierVisits:
        return TierVisits(**data)


_DAYS = fields.Integer(required=True, strict=True, validate=validate.Range(1, 365))
_TiersSchema = Schema.from_dict({tier: fields.Nested(_TierSchema, required=True) for tier in RISK_TIERS})
_ProblemsSchema = Schema.from_dict(dict.fromkeys(PROBLEM_KINDS, _DAYS))


class VisitsSchema(Schema):
    """Every tier and every kind of problem once, and nothing else."""

    class Meta:
        unknown = RAISE

    tiers = fields.Nested(_TiersSchema(unknown=RAISE), required=True)
    again_days = _DAYS
    problem_days = fields.Nested(_ProblemsSchema(unknown=RAISE), required=True)

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Visits:
        return Visits(**data)
