"""The demonstration county, filled once for all tests of it."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.orm import Session, sessionmaker

from kernel.database import make_engine, make_session_factory
from marketplace.demo.county import DemoReport, fill_demo_county
from marketplace.demo.reference import load_reference
from marketplace.serving.postgres import EmbeddedPostgres
from tests.conftest import TEST_VAULT

TODAY = date(2027, 3, 5)
NOW = datetime(2027, 3, 5, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def clone(postgres: EmbeddedPostgres) -> Iterator[Callable[[str], sessionmaker[Session]]]:
    """Makes databases that hold the reference data and nothing else; the tree is loaded once for all of them."""
    names: list[str] = []
    engines: list[sa.Engine] = []
    address = postgres.url("zhongfu_admin", "postgres").replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as admin:

        def make(name: str, template: str = "test_demo_base") -> sessionmaker[Session]:
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER zhongfu_owner TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
            names.append(name)
            engines.append(make_engine(postgres.url("zhongfu_app", name)))
            return make_session_factory(engines[-1], vault=TEST_VAULT)

        with make("test_demo_base", "zhongfu")() as session:
            load_reference(session)
            session.commit()
        engines[0].dispose()  # a template has no other connections
        yield make
        for engine in engines:
            engine.dispose()
        for name in names:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def county(clone: Callable[[str], sessionmaker[Session]]) -> tuple[sessionmaker[Session], DemoReport]:
    """A session factory over a filled database, and what the first fill reported."""
    factory = clone("test_demo_county")
    return factory, fill_demo_county(factory, today=TODAY, now=NOW)


@pytest.fixture
def filled(county: tuple[sessionmaker[Session], DemoReport]) -> Iterator[Session]:
    """A session that only reads: nothing it does is committed."""
    with county[0]() as session:
        yield session
