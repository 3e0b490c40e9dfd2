"""Identifiers that come out the same on every run: the pool of a round over the demonstration then has one hash per day."""

import uuid

_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:zhongfu:demonstration")


class Keys:
    """Names rows by kind and counter under one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def of(self, kind: str, number: int) -> uuid.UUID:
        """The id of the `number`-th row of `kind` (a UUID version 5)."""
        return uuid.uuid5(_SPACE, f"{self._seed}:{kind}:{number}")
