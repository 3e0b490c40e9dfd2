"""The API's frame: OpenAPI 3.1 at /api/v1/openapi.json, one error document, one list document, and the list of its rooms."""

from functools import cache
from importlib import import_module
from typing import Any

import marshmallow as ma
from flask import Flask
from flask_smorest import Api, Blueprint

AREAS = (
    "session", "regions", "catalogue", "donors", "offerings", "funds", "households", "needs",
    "household_life", "household_accounts", "attachments", "consents", "plans", "objections",
    "projects", "shifts", "imports", "rounds", "rounds_fairness", "whatif", "deliveries",
    "leads", "monitoring", "visits", "problems", "reviews", "cases", "policies", "portraits",
)  # fmt: skip


class FaultSchema(ma.Schema):
    """One wrong input."""

    field = ma.fields.String(allow_none=True)
    message = ma.fields.String(required=True)


class ErrorSchema(ma.Schema):
    """What every refused request answers with."""

    code = ma.fields.String(required=True, metadata={"description": "A stable word for programs"})
    message = ma.fields.String(
        required=True, metadata={"description": "A sentence for people: what is wrong and how to mend it"}
    )
    field = ma.fields.String(allow_none=True)
    faults = ma.fields.List(ma.fields.Nested(FaultSchema))


@cache
def list_of(schema: type[ma.Schema]) -> type[ma.Schema]:
    """The list document of a schema: ``{"items": […], "next": key or null}``."""
    name = schema.__name__.removesuffix("Schema") + "ListSchema"
    return ma.Schema.from_dict(  # type: ignore[return-value]
        {
            "items": ma.fields.List(ma.fields.Nested(schema), required=True),
            "next": ma.fields.String(allow_none=True, required=True),
        },
        name=name,
    )


class PageQuery(ma.Schema):
    """Paging by key: `after` is the `next` of the page before."""

    after = ma.fields.String(load_default=None)
    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))


def refusals(blueprint: Blueprint, *statuses: int) -> Any:
    """Documents the error replies of an operation: ``@refusals(blueprint, 403, 404, 409)``."""

    def mark(view: Any) -> Any:
        for status in statuses:
            view = blueprint.alt_response(status, schema=ErrorSchema)(view)
        return view

    return mark


class ZhongfuApi(Api):
    """The library's API with our error document."""

    ERROR_SCHEMA = ErrorSchema

    def _register_error_handlers(self) -> None:
        """None of its own: `marketplace.errors` answers for pages and API alike, and keeps `Allow` on a 405."""


def register(app: Flask) -> Api:
    """Makes the API and registers each area's blueprint."""
    app.config.update(
        API_TITLE="Zhongfu 众扶",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {
                "description": "The marketplace's own interface; money is whole fen, times are UTC.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
            "security": [{"token": []}],
        },
    )
    api = ZhongfuApi(app)
    for area in AREAS:
        api.register_blueprint(import_module(f"marketplace.api.{area}").blueprint)
    return api
