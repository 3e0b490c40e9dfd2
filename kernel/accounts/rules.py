"""Who may do what, where: pure rules over a signed-in person. The table of permissions itself is the face's."""

import uuid
from dataclasses import dataclass

from kernel.audit import Actor
from kernel.errors import OutsideScope


@dataclass(frozen=True)
class Grant:
    """A role within the subtree of one region."""

    role: str
    region_code: str


@dataclass(frozen=True)
class Person:
    """A signed-in person as the domain sees one."""

    id: uuid.UUID
    login: str
    name: str
    grants: tuple[Grant, ...]
    locale: str = "zh_Hans_CN"

    @property
    def actor(self) -> Actor:
        """The person as the audit trail names one."""
        return Actor(self.id, self.login)

    def holds(self, *roles: str) -> bool:
        """Whether the person holds any of these roles anywhere."""
        return any(grant.role in roles for grant in self.grants)

    def scope(self, *roles: str) -> tuple[str, ...]:
        """The region codes in whose subtrees the person holds any of these roles; empty means nowhere."""
        codes = sorted(
            {grant.region_code for grant in self.grants if grant.role in roles}, key=lambda code: (len(code), code)
        )
        kept: list[str] = []
        for code in codes:
            if not any(code.startswith(above) for above in kept):
                kept.append(code)
        return tuple(kept)


def covers(scope: tuple[str, ...], region_code: str) -> bool:
    """Whether `region_code` lies at or below one of the codes of `scope`."""
    return any(region_code.startswith(code) for code in scope)


def require_scope(scope: tuple[str, ...], region_code: str, *, field: str = "region_code") -> None:
    """Raises OutsideScope unless `region_code` lies within `scope`."""
    if not covers(scope, region_code):
        raise OutsideScope(
            "Region %(region)s lies outside the regions you work in; choose one within %(scope)s",
            field=field,
            region=region_code,
            scope=", ".join(scope) or "—",
        )
