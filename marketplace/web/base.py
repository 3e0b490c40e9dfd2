"""The pages' frame: the list of their rooms and what every template may ask."""

from importlib import import_module

from flask import Flask

from marketplace.security.access import may, optional_person
from marketplace.web import formatting, plain_input

AREAS = (
    "health", "account", "home", "public", "donors", "offerings", "funds", "households", "needs",
    "consents", "plans", "objections", "my_plan",
    "household_history", "household_life", "household_accounts", "attachments",
    "projects", "volunteering", "imports", "rounds", "deliveries", "administration", "policies",
    "portraits", "leads", "tip_offs", "monitoring",
    "visits", "visit_rates", "problems", "reviews", "cases",
)  # fmt: skip


def register(app: Flask) -> None:
    """Registers each area's blueprint, the filters and the helpers of the templates."""
    formatting.register(app)
    plain_input.register(app)
    app.jinja_env.globals.update(may=may, current_person=optional_person)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    for area in AREAS:
        app.register_blueprint(import_module(f"marketplace.web.{area}").blueprint)
