"""Policy sets: the list, one set with its document, a check, a preview of what would change, and a new set."""

from typing import Any

import marshmallow as ma
from flask.views import MethodView
from flask_smorest import Blueprint

from households.policy.models import PolicySet
from households.policy.operations import add_policy_set, read_entry
from households.policy.preview import WAITED_FOR, Change, preview
from households.policy.queries import get_policy_set, last_day, list_policy_sets, state_of
from kernel.accounts.rules import require_scope
from marketplace.api import fields
from marketplace.api.base import list_of, refusals
from marketplace.security.access import actor, clock_now, db, requires, scope_of, today

blueprint = Blueprint("api_policies", __name__, url_prefix="/api/v1/policies", description="Policy sets 政策标准")


class PolicyRowSchema(ma.Schema):
    """A policy set: of a region one holds on a day."""

    code = ma.fields.String(required=True)
    region_code = ma.fields.String(required=True)
    valid_from = ma.fields.Date(required=True)
    valid_to = ma.fields.Date(allow_none=True, metadata={"description": "The last day; null where no end is known"})
    state = ma.fields.String(required=True, metadata={"description": "in_force, coming or past"})
    created_at = ma.fields.AwareDateTime(required=True)


class PolicySchema(PolicyRowSchema):
    """A policy set with its document in the format `zhongfu-policy/1`."""

    document = ma.fields.Dict(required=True)


class DocumentSchema(ma.Schema):
    """A document in the format `zhongfu-policy/1`; every fault in it is named by its place."""

    document = ma.fields.Dict(required=True)


class PreviewSchema(DocumentSchema):
    """A document, and which page of the households it would change."""

    after = ma.fields.Integer(load_default=0, strict=True, validate=ma.validate.Range(0, fields.MOST_NUMBER))
    limit = ma.fields.Integer(load_default=50, strict=True, validate=ma.validate.Range(1, 200))


class CheckedSchema(ma.Schema):
    """What the check read."""

    id = ma.fields.String(required=True)
    region_code = ma.fields.String(required=True)
    valid_from = ma.fields.Date(required=True)
    rules = ma.fields.Integer(required=True)
    measures = ma.fields.Integer(required=True)


class PortraitInShortSchema(ma.Schema):
    """What a portrait says in short."""

    category = ma.fields.String(required=True)
    main_type = ma.fields.String(required=True, allow_none=True)
    risk_tier = ma.fields.String(required=True)


class PolicyChangeSchema(ma.Schema):
    """A household that would change, by its number."""

    number = ma.fields.Integer(required=True)
    region_code = ma.fields.String(required=True)
    before = ma.fields.Nested(PortraitInShortSchema, allow_none=True, required=True)
    after = ma.fields.Nested(PortraitInShortSchema, required=True)


class PolicyMoveSchema(ma.Schema):
    """How many households go from one category, type or tier to another."""

    what = ma.fields.String(required=True, metadata={"description": "category, main_type or risk_tier"})
    before = ma.fields.String(required=True, allow_none=True)
    after = ma.fields.String(required=True, allow_none=True)
    households = ma.fields.Integer(required=True)


class PreviewedSchema(ma.Schema):
    """What the document would change, by the facts of `day`."""

    day = ma.fields.Date(required=True)
    households = ma.fields.Integer(required=True)
    changed = ma.fields.Integer(required=True)
    moves = ma.fields.List(ma.fields.Nested(PolicyMoveSchema), required=True)
    items = ma.fields.List(ma.fields.Nested(PolicyChangeSchema), required=True)
    next = ma.fields.Integer(required=True, allow_none=True)


def row_of(row: PolicySet) -> dict[str, Any]:
    """The set as a row of a list."""
    return {
        "code": row.code, "region_code": row.region_code, "valid_from": row.holds.lower, "valid_to": last_day(row),
        "state": state_of(row, today()), "created_at": row.created_at, "document": row.document,
    }  # fmt: skip


def _told(values: Any) -> dict[str, Any] | None:
    return None if values is None else dict(zip(("category", "main_type", "risk_tier"), values, strict=True))


def change_of(change: Change) -> dict[str, Any]:
    """A change without names: whoever may read the household looks it up by its number."""
    one = change.household
    return {"number": one.number, "region_code": one.region_code, "before": _told(change.before), "after": _told(change.after)}  # fmt: skip


@blueprint.route("")
class Policies(MethodView):
    """The list."""

    @requires("policy.read")
    @blueprint.response(200, list_of(PolicyRowSchema))
    @refusals(blueprint, 401, 403)
    def get(self) -> object:
        """Policy sets of one's regions and of those above, the newest first."""
        return {"items": [row_of(row) for row in list_policy_sets(db(), scope=scope_of("policy.read"))], "next": None}

    @requires("policy.write")
    @blueprint.arguments(DocumentSchema)
    @blueprint.response(201, PolicySchema)
    @refusals(blueprint, 400, 401, 403, 404, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Publish a set; the one that would hold beside it ends the day before. The same document again changes nothing."""
        made = add_policy_set(
            db(), document=given["document"], actor=actor(), scope=scope_of("policy.write"), now=clock_now()
        )
        return row_of(made)


@blueprint.route("/check")
class Check(MethodView):
    """A check."""

    @requires("policy.read")
    @blueprint.arguments(DocumentSchema)
    @blueprint.response(200, CheckedSchema)
    @refusals(blueprint, 400, 401, 403, 422)
    def post(self, given: dict[str, Any]) -> object:
        """Read a document and name every fault by its place; nothing is kept."""
        policy = read_entry(db(), given["document"])
        return {
            "id": policy.id, "region_code": policy.region, "valid_from": policy.valid_from, "rules": len(policy.rules),
            "measures": len(policy.measures),
        }  # fmt: skip


@blueprint.route("/preview")
class Previews(MethodView):
    """A preview."""

    @requires("policy.write")
    @blueprint.arguments(PreviewSchema)
    @blueprint.response(200, PreviewedSchema)
    @refusals(blueprint, 400, 401, 403, 409, 422)
    def post(self, given: dict[str, Any]) -> object:
        """What a document would change for the households of its region; nothing is kept."""
        scope = scope_of("policy.write")
        require_scope(scope, read_entry(db(), given["document"]).region)
        found = preview(db(), scope=scope, day=today(), most=WAITED_FOR, **given)
        return {
            "day": found.day, "households": found.count, "changed": found.changed,
            "moves": [
                {"what": what, "before": old, "after": new, "households": times} for (what, old, new), times in found.moves.items()
            ],
            "items": [change_of(change) for change in found.changes], "next": found.next_after,
        }  # fmt: skip


@blueprint.route("/<string:code>")
class OnePolicy(MethodView):
    """One set."""

    @requires("policy.read")
    @blueprint.response(200, PolicySchema)
    @refusals(blueprint, 401, 403, 404)
    def get(self, code: str) -> object:
        """A set with its document."""
        return row_of(get_policy_set(db(), code, scope=scope_of("policy.read")))
