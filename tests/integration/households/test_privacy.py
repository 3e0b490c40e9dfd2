"""A known resident ID and a known phone are nowhere in clear: no column of any table, no audit line, no log line."""

import logging

import pytest
import sqlalchemy as sa

from households.operations import register_household, reveal
from kernel.audit import SYSTEM
from kernel.errors import Conflict, InvalidFields
from tests.factories import COUNTY, NOW, resident_id
from tests.factories_demand import a_head, a_household, make_need

CANARY_ID = resident_id(born="19660606")
CANARY_PHONE = "13698765432"
CANARY_DIAGNOSIS = "某种很少见的病"
WORKER = {"actor": SYSTEM, "scope": (COUNTY,), "now": NOW}


def every_cell(session) -> str:
    """Every row of every table as text, sealed bytes read as text where they can be."""
    session.flush()
    tables = session.scalars(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
    assert len(tables) > 20
    found = []
    for table in tables:
        for row in session.execute(sa.select(sa.text("*")).select_from(sa.table(table))):
            found += [
                bytes(cell).decode("utf-8", "replace") if isinstance(cell, bytes | memoryview) else str(cell)
                for cell in row
            ]
    return "\n".join(found)


def test_the_canaries_are_nowhere_in_clear(session, caplog: pytest.LogCaptureFixture) -> None:  # promise 19
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
    entry = a_household(a_head(resident_id=CANARY_ID, diagnosis=CANARY_DIAGNOSIS), phone=CANARY_PHONE)
    household = register_household(session, entry=entry, **WORKER)
    make_need(session, household)
    session.commit()
    with pytest.raises(Conflict) as known:
        register_household(session, entry=entry, **WORKER)
    with pytest.raises(InvalidFields) as wrong:
        register_household(session, entry=a_household(a_head(resident_id=CANARY_ID[:-1] + "#")), **WORKER)
    opened = reveal(session, household_id=household.id, purpose="核对身份", **WORKER)
    session.commit()
    assert opened.members[0].resident_id == CANARY_ID
    everything = every_cell(session) + caplog.text + known.value.text + "".join(str(f) for f in wrong.value.faults)
    for canary in (CANARY_ID, CANARY_ID[:-1], CANARY_PHONE, CANARY_DIAGNOSIS):
        assert canary not in everything
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
