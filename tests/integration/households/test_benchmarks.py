"""The benchmarks of demand run on the tables as they are: at a small size, so that they are there when somebody wants to measure."""

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from bench.demand import search_part
from bench.demand_fill import fill
from bench.demand_import import import_part
from households.models import Household
from kernel.crypto import Vault
from tests.conftest import TEST_VAULT


def test_a_filled_register_is_searched_and_a_list_is_imported(
    sessions: sessionmaker[Session], database_url: str
) -> None:
    vault: Vault = TEST_VAULT
    members, _ = fill(sessions, database_url, vault, households=60, seed=1)
    with sessions() as session:
        consented = session.scalar(sa.select(sa.func.count(Household.consented_at)))
        assert members > 60 and 0 < consented < 60
    assert "at the 95th percentile" in search_part(sessions, seed=1, tries=1)
    assert "**40 rows" in import_part(sessions, rows=40, seed=1)
