"""A clerk's desk for the tests of imports: a person, a session, and the two steps of an import."""

from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from kernel.accounts.rules import Person
from marketplace.imports.models import ImportBatch
from marketplace.imports.operations import (
    apply_import,
    check_import,
)
from tests.factories import COUNTY, NOW, make_person
from tests.factories_imports import (
    HOUSEHOLD_HEADS,
    xlsx,
)


@dataclass
class Desk:
    """Somebody who imports."""

    session: Any
    person: Person
    region: str = COUNTY

    @property
    def right(self) -> dict[str, Any]:
        return {"actor": self.person.actor, "scope": (self.region,), "now": NOW}

    def check(self, kind: str, content: bytes, name: str = "file.xlsx") -> ImportBatch:
        return check_import(
            self.session, kind=kind, file_name=name, content=content, region_code=self.region, **self.right
        )

    def apply(self, batch: ImportBatch, **more: Any):
        return apply_import(self.session, batch_id=batch.id, **self.right, **more)

    def faults(self, kind: str, content: bytes) -> list[tuple[int | None, str | None, str]]:
        """(row, column, reason) of each fault."""
        found = self.check(kind, content).report["faults"]
        return [(fault["row"], fault["column"], fault["message"] % fault["values"]) for fault in found]

    def count(self, model: Any) -> int:
        return self.session.scalar(sa.select(sa.func.count()).select_from(model))


@pytest.fixture(name="desk")
def make_desk(session) -> Desk:
    return Desk(session, make_person(session, "importer", ("coordinator", COUNTY)))


def households_file(*rows: list[Any]) -> bytes:
    return xlsx([HOUSEHOLD_HEADS, *rows])
