"""One press of a button: the step is taken, or what speaks against it stands on the page one comes back to."""

from collections.abc import Callable

from flask import flash, redirect
from flask.typing import ResponseReturnValue

from kernel.errors import DomainError, NotFound
from marketplace.security.access import db
from marketplace.web.faults import sentence


def take_step(act: Callable[[], object], *, done: str, back: str) -> ResponseReturnValue:
    """Calls `act`, which is one operation, says `done` or the refusal, and leads to the address `back`. Raises NotFound."""
    try:
        act()
    except NotFound:
        raise
    except DomainError as error:
        db().rollback()
        flash(sentence(error), "error")
    else:
        flash(done, "success")
    return redirect(back, 303)
