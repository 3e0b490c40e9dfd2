"""The `monitoring` part of a policy set: until when leads and warnings are handled and by whom, and what departments' data must show to warn.

Amounts are whole fen, ages whole years, periods whole days; all ends are included.
"""

from dataclasses import dataclass, replace
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate, validates_schema

CHANNELS = ("application", "home_visit", "hotline", "data_comparison", "tip_off")
"""Ways in: own application, home visit, hotline 12345 or 12349, data comparison (a district's plan as published 2022-08-10), tip-off by the public,
volunteers and organisations (厦委办发〔2018〕16号, 2018-03-23)"""
LEVELS = {"village": 12, "township": 9, "county": 6}
"""Who answers first, and the digits of its region's code"""
RECORD_STATES = {
    "medical_bill": ("paid",),
    "employment": ("lost", "found"),
    "school": ("left", "returned"),
    "disability": ("granted", "changed", "withdrawn"),
    "disaster": ("fire", "flood", "landslide", "storm", "accident"),
}
"""Kinds of departments' data → what a record may say"""
MEASURES = ("records", "amount_per_head")
WAYS = ("in", "out")
"""A warning that a household may need help, or a sign that it needs it less: people enter monitoring and leave it"""


@dataclass(frozen=True)
class ChannelTerms:
    """Leads of a channel: who answers first, and within how many days they are verified."""

    channel: str
    level: str
    due_days: int


@dataclass(frozen=True)
class LeadTerms:
    """`escalate_days` after its day an overdue lead goes to the county; names are alike from `alike` ‰ of equal pinyin trigrams."""

    channels: tuple[ChannelTerms, ...]
    escalate_days: int
    alike: int

    def of(self, channel: str) -> ChannelTerms:
        """The terms of a channel."""
        return next(one for one in self.channels if one.channel == channel)


@dataclass(frozen=True)
class Comparison:
    """A rule over the records of one household: those of `record` with one of `states`, of the last `within_days`, of people whose age
    and grade lie between the ends, counted or summed per head, warn from `at_least`; of people of no known household from `unknown_at_least`
    (None: such people are no candidates). The township handles it within `due_days`."""

    id: str
    name_zh: str
    name_en: str
    record: str
    states: tuple[str, ...]
    within_days: int
    measure: str
    at_least: int
    due_days: int
    way: str = "in"
    unknown_at_least: int | None = None
    age_from: int = 0
    age_to: int = 150
    grade_to: int = 4


@dataclass(frozen=True)
class Monitoring:
    """`calm_days` without a warning after which a household may leave monitoring."""

    leads: LeadTerms
    rules: tuple[Comparison, ...]
    calm_days: int


class _Strict(Schema):
    class Meta:
        unknown = RAISE


def _days(most: int = 3_650, least: int = 1) -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(least, most))


class _ChannelSchema(_Strict):
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    level = fields.String(required=True, validate=validate.OneOf(tuple(LEVELS)))
    due_days = _days(365)

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> ChannelTerms:
        return ChannelTerms(**data)


class _LeadsSchema(_Strict):
    channels = fields.List(fields.Nested(_ChannelSchema), required=True)
    escalate_days = _days(365, 0)
    alike = fields.Integer(required=True, strict=True, validate=validate.Range(300, 1_000))

    @validates_schema
    def _each_once(self, data: dict[str, Any], **_: Any) -> None:
        if sorted(one.channel for one in data.get("channels", ())) != sorted(CHANNELS):
            raise ValidationError(f"each once: {', '.join(CHANNELS)}", "channels")

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> LeadTerms:
        return LeadTerms(**(data | {"channels": tuple(data["channels"])}))


class _NameSchema(_Strict):
    zh = fields.String(required=True, validate=validate.Length(1, 60))
    en = fields.String(required=True, validate=validate.Length(1, 120))


class _ComparisonSchema(_Strict):
    id = fields.String(required=True, validate=validate.Regexp(r"^[a-z][a-z0-9_-]{1,60}$"))
    name = fields.Nested(_NameSchema, required=True)
    record = fields.String(required=True, validate=validate.OneOf(tuple(RECORD_STATES)))
    states = fields.List(fields.String(), required=True, validate=validate.Length(min=1))
    within_days = _days()
    measure = fields.String(required=True, validate=validate.OneOf(MEASURES))
    at_least = fields.Integer(required=True, strict=True, validate=validate.Range(1, 10**12))
    unknown_at_least = fields.Integer(strict=True, validate=validate.Range(1, 10**12))
    due_days = _days(365)
    way = fields.String(validate=validate.OneOf(WAYS))
    age_from = fields.Integer(strict=True, validate=validate.Range(0, 150))
    age_to = fields.Integer(strict=True, validate=validate.Range(0, 150))
    grade_to = fields.Integer(strict=True, validate=validate.Range(1, 4))

    @validates_schema
    def _fits(self, data: dict[str, Any], **_: Any) -> None:
        known = RECORD_STATES.get(data.get("record", ""), ())
        if not set(data.get("states", ())) <= set(known):
            raise ValidationError(f"of {', '.join(known)}", "states")
        if data.get("age_from", 0) > data.get("age_to", 150):
            raise ValidationError("lies below age_from", "age_to")
        if data.get("measure") == "amount_per_head" and data.get("record") != "medical_bill":
            raise ValidationError("only medical bills have an amount", "measure")

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Comparison:
        name = data.pop("name")
        return Comparison(**(data | {"states": tuple(data["states"])}), name_zh=name["zh"], name_en=name["en"])


class MonitoringSchema(_Strict):
    """The part as it stands in the document."""

    leads = fields.Nested(_LeadsSchema, required=True)
    rules = fields.List(fields.Nested(_ComparisonSchema), required=True)
    calm_days = _days()

    @validates_schema
    def _ids_once(self, data: dict[str, Any], **_: Any) -> None:
        ids = [one.id for one in data.get("rules", ())]
        if len(set(ids)) != len(ids):
            raise ValidationError("two rules have one id; each once", "rules")

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Monitoring:
        return Monitoring(**(data | {"rules": tuple(data["rules"])}))


def without_rules(monitoring: Monitoring) -> Monitoring:
    """The terms alone: what is taken from elsewhere so that no lead is without a day must not warn of anybody."""
    return replace(monitoring, rules=())
