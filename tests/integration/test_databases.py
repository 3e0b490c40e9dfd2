"""What a test wrote is gone when its database is lent again; one whose tables changed is not lent again."""

import sqlalchemy as sa

from kernel.database import make_session_factory
from kernel.regions.models import Region
from tests import factories
from tests.conftest import TEST_VAULT
from tests.databases import Databases

COUNTED = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM audit_entries), (SELECT max(name) FROM regions), (SELECT count(*) FROM regions)"


def _lent(databases: Databases) -> tuple[str, sa.Engine]:
    name = databases.lend()
    return name, databases.engine(databases.server.url("zhongfu_app", name), pool_size=2)


def test_a_database_lent_again_is_as_the_template(databases: Databases) -> None:
    name, engine = _lent(databases)
    with engine.connect() as connection:
        before = connection.execute(sa.text(COUNTED)).one()
    with make_session_factory(engine, vault=TEST_VAULT)() as session:
        factories.make_user(session, "somebody")
        session.execute(sa.update(Region).values(name="zzz"))
        session.execute(sa.delete(Region).where(Region.level == 5))
        session.commit()
    with engine.connect() as connection:
        assert all(a != b for a, b in zip(before, connection.execute(sa.text(COUNTED)).one(), strict=True))
    databases.give_back(name, spent=False)  # with a connection still open
    again, engine = _lent(databases)
    assert again == name
    with engine.connect() as connection:
        assert connection.execute(sa.text(COUNTED)).one() == before
    databases.give_back(name, spent=True)


def test_a_database_with_other_tables_is_thrown_away(databases: Databases) -> None:
    name, _ = _lent(databases)
    owner = databases.engine(databases.server.url("zhongfu_owner", name), pool_size=1)
    with owner.begin() as connection:
        connection.execute(sa.text("CREATE TABLE another (id integer)"))
    owner.dispose()
    databases.give_back(name, spent=False)
    again = databases.lend()
    assert again != name
    databases.give_back(again, spent=False)
