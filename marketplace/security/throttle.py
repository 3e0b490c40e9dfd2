"""Sign-in is slowed per address (promise 13); the per-account back-off lives with the account."""

from flask import current_app, request
from limits import parse

from kernel.errors import DomainError

_SIGN_IN = parse("20/minute")


class TooManyTries(DomainError):
    """Too many sign-in tries from one address (HTTP 429)."""

    code = "too_many"


def sign_in_allowed() -> None:
    """Counts a try from this address. Raises TooManyTries beyond 20 a minute."""
    limiter = current_app.extensions["zhongfu_limiter"]
    if not limiter.limiter.hit(_SIGN_IN, "sign-in", request.remote_addr or "unknown"):
        raise TooManyTries("Too many tries from this place; wait a minute and try again")
