"""The errors of the domain. Each is named, says what is wrong and how to mend it, and maps to one HTTP status in `marketplace.errors`.

`message` is an English text with ``%(name)s`` places that also serves as the translation key; `values` fills it.
`field` names the input that is at fault, where one is.
"""

from typing import Any


class DomainError(Exception):
    """Something the domain refuses. Subclasses choose the kind; the texts belong to the place that raises."""

    code = "refused"

    def __init__(self, message: str, *, field: str | None = None, **values: Any) -> None:
        self.message = message
        self.field = field
        self.values = values
        super().__init__(self.text)

    @property
    def text(self) -> str:
        """The English sentence, filled in."""
        return self.message % self.values if self.values else self.message


class InvalidInput(DomainError):
    """What was handed in cannot be right (HTTP 422)."""

    code = "invalid"


class InvalidFields(DomainError):
    """Several inputs are wrong at once: `faults` holds one InvalidInput each (HTTP 422)."""

    code = "invalid"

    def __init__(self, faults: list["InvalidInput"]) -> None:
        self.faults = faults
        super().__init__("%(count)s fields need mending", count=len(faults))


class NotFound(DomainError):
    """There is no such thing, or it lies outside the asker's regions; the two are never told apart (HTTP 404)."""

    code = "not_found"


class NotAllowed(DomainError):
    """The person may not do this (HTTP 403)."""

    code = "not_allowed"


class OutsideScope(NotAllowed):
    """The region lies outside the subtree in which the person holds the right (HTTP 403)."""

    code = "outside_scope"


class Conflict(DomainError):
    """The state of things does not admit this now (HTTP 409)."""

    code = "conflict"


class NotEnough(Conflict):
    """Less is left than was asked for: stock, hours, places or money (HTTP 409)."""

    code = "not_enough"
