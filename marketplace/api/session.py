"""Tokens for programs: made with login and password, shown once, revocable."""

import uuid
from datetime import timedelta

import marshmallow as ma
import sqlalchemy as sa
from flask.views import MethodView
from flask_smorest import Blueprint

from kernel.accounts.models import ApiToken
from kernel.accounts.operations import WrongLogin, issue_token, sign_in
from kernel.errors import NotFound
from marketplace.api.base import refusals
from marketplace.security.access import actor, clock_now, db, person, public, requires
from marketplace.security.throttle import sign_in_allowed

blueprint = Blueprint("session", __name__, url_prefix="/api/v1/session", description="Tokens and the signed-in person")


class TokenRequest(ma.Schema):
    """Login and password of an account."""

    login = ma.fields.String(required=True, validate=ma.validate.Length(1, 40))
    password = ma.fields.String(required=True, load_only=True, validate=ma.validate.Length(1, 200))
    name = ma.fields.String(load_default="API", validate=ma.validate.Length(1, 80))
    days = ma.fields.Integer(load_default=90, validate=ma.validate.Range(1, 366))


class TokenSchema(ma.Schema):
    """The token's text, returned this once."""

    token = ma.fields.String(required=True)
    expires_at = ma.fields.AwareDateTime(required=True)


class GrantSchema(ma.Schema):
    """A role within a subtree."""

    role = ma.fields.String(required=True)
    region_code = ma.fields.String(required=True)


class PersonSchema(ma.Schema):
    """The signed-in person."""

    id = ma.fields.UUID(required=True)
    login = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    grants = ma.fields.List(ma.fields.Nested(GrantSchema), required=True)


@blueprint.route("")
class Session(MethodView):
    """Who is asking."""

    @requires("signed_in")
    @blueprint.response(200, PersonSchema)
    @refusals(blueprint, 401)
    def get(self) -> object:
        """The signed-in person with roles and regions."""
        return person()


@blueprint.route("/tokens")
class Tokens(MethodView):
    """Making tokens."""

    @public
    @blueprint.arguments(TokenRequest)
    @blueprint.response(201, TokenSchema)
    @refusals(blueprint, 400, 401, 422, 429)
    def post(self, wanted: dict[str, object]) -> object:
        """Exchange login and password for a token."""
        sign_in_allowed()
        now = clock_now()
        try:
            user = sign_in(db(), login=str(wanted["login"]), password=str(wanted["password"]), now=now)
        except WrongLogin:
            db().commit()  # the miss is counted although the request is refused
            raise
        expires = now + timedelta(days=int(str(wanted["days"])))
        return {
            "token": issue_token(db(), user_id=user.id, name=str(wanted["name"]), now=now, expires_at=expires),
            "expires_at": expires,
        }


@blueprint.route("/tokens/<uuid:token_id>")
class Token(MethodView):
    """One token of one's own."""

    @requires("signed_in")
    @blueprint.response(204)
    @refusals(blueprint, 401, 404)
    def delete(self, token_id: uuid.UUID) -> None:
        """Revoke a token."""
        revoked = db().execute(
            sa.update(ApiToken)
            .where(ApiToken.id == token_id, ApiToken.user_id == actor().id, ApiToken.revoked_at.is_(None))
            .values(revoked_at=clock_now())
        )
        if not revoked.rowcount:
            raise NotFound("There is no such token of yours")
