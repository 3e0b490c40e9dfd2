"""Who is asking: a signed session cookie for people, a bearer token for programs. Both are checked against the database each time."""

from datetime import timedelta

from flask import Flask, g, request, session
from werkzeug.exceptions import Unauthorized

from kernel.accounts.models import User
from kernel.accounts.operations import person_of, user_of_token
from marketplace.security.access import clock_now, db

_USER, _EPOCH, _SINCE = "user", "epoch", "since"
LONGEST_SESSION = timedelta(hours=12)


def begin_session(user: User) -> None:
    """Signs `user` in on this browser; the old session's content is dropped so that none can be planted."""
    locale = session.get("locale")
    session.clear()
    session.permanent = True
    session[_USER], session[_EPOCH], session[_SINCE] = str(user.id), user.session_epoch, int(clock_now().timestamp())
    if locale:
        session["locale"] = locale


def end_session() -> None:
    """Signs out on this browser; the chosen language stays."""
    locale = session.get("locale")
    session.clear()
    if locale:
        session["locale"] = locale


def _person_of_cookie() -> User | None:
    user_id, epoch, since = session.get(_USER), session.get(_EPOCH), session.get(_SINCE, 0)
    if user_id is None:
        return None
    user = db().get(User, user_id)
    if (
        user is None
        or not user.active
        or user.session_epoch != epoch
        or clock_now().timestamp() - since > LONGEST_SESSION.total_seconds()
    ):
        end_session()
        return None
    return user


def register(app: Flask) -> None:
    """Finds the person before each request; static files ask for nobody."""

    @app.before_request
    def find_person() -> None:
        g.person = None
        g.by_token = False
        if request.endpoint in (None, "static", "web.healthz"):
            return
        header = request.headers.get("Authorization", "")
        if header.startswith("Bearer "):
            user = user_of_token(db(), header.removeprefix("Bearer ").strip(), now=clock_now())
            if user is None:
                raise Unauthorized("The API token is unknown, expired or revoked")
            g.by_token = True
        elif header:
            raise Unauthorized("Only bearer tokens are accepted in Authorization")
        else:
            user = _person_of_cookie()
        if user is not None:
            g.person = person_of(user)
