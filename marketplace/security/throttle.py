"""What anybody may send is slowed per address: sign-in (promise 13; the per-account back-off lives with the account) and reports of the public."""

from flask import current_app, request
from limits import RateLimitItem, parse

from kernel.errors import DomainError

_SIGN_IN = parse("20/minute")
_TIP_OFF = parse("20/hour")
_RECEIPT = parse("30/hour")


class TooManyTries(DomainError):
    """Too many sign-in tries from one address (HTTP 429)."""

    code = "too_many"


def sign_in_allowed() -> None:
    """Counts a try from this address. Raises TooManyTries beyond 20 a minute."""
    if not _hit(_SIGN_IN, "sign-in"):
        raise TooManyTries("Too many tries from this place; wait a minute and try again")


def tip_off_allowed() -> None:
    """Counts a report from this address. Raises TooManyTries beyond 20 an hour."""
    if not _hit(_TIP_OFF, "tip-off"):
        raise TooManyTries("Many reports came from this place within an hour; wait, or call 12345")


def receipt_allowed() -> None:
    """Counts a question about a receipt from this address. Raises TooManyTries beyond 30 an hour: codes are not to be guessed."""
    if not _hit(_RECEIPT, "receipt"):
        raise TooManyTries("Too many questions from this place; wait an hour and try again")


def _hit(limit: RateLimitItem, what: str) -> bool:
    limiter = current_app.extensions["zhongfu_limiter"]
    return bool(limiter.limiter.hit(limit, what, request.remote_addr or "unknown"))
