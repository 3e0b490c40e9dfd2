"""One real PostgreSQL per test process, one database per test, as the migrated template is."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from sqlalchemy.orm import Session, sessionmaker

from kernel.accounts import operations
from kernel.crypto import Vault
from kernel.database import make_engine, make_session_factory
from marketplace import models
from marketplace.serving.postgres import EmbeddedPostgres
from migrations import runner
from tests import factories
from tests.databases import Databases

assert models.MODULES  # importing them fills the metadata

NOW = datetime(2027, 3, 5, 2, 0, tzinfo=UTC)
TEST_VAULT = Vault(keys={1: b"k" * 32}, index_key=b"i" * 32)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests stand alone: one that asks for a database is in the wrong folder."""
    for item in items:
        if "tests/unit/" in item.nodeid and {"postgres", "session", "database_url", "sessions"} & set(
            getattr(item, "fixturenames", ())
        ):
            raise pytest.UsageError(f"{item.nodeid} is a unit test and may not use the database")


@pytest.fixture(scope="session", autouse=True)
def strong_hasher() -> Iterator[PasswordHasher]:
    """What passwords are hashed with; in the tests' own processes the cheapest form takes its place, or a third of their time went into it."""
    strong = operations.HASHER
    operations.HASHER = PasswordHasher.from_parameters(CHEAPEST)
    yield strong
    operations.HASHER = strong


@pytest.fixture(scope="session")
def temporary_home() -> Iterator[Path]:
    """A data folder of the test run alone, never the one of `make run`; open enough for the database's user."""
    folder = Path(tempfile.mkdtemp(prefix="zhongfu-test-"))
    os.chmod(folder, 0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(temporary_home: Path) -> Iterator[EmbeddedPostgres]:
    """The server of this test process, with a migrated template database that holds the regions of Yongjia."""
    # The cluster is thrown away afterwards: it need not survive a power cut.
    server = EmbeddedPostgres(temporary_home / "database", extra_settings="fsync = off\nfull_page_writes = off\n")
    server.start()
    runner.upgrade(server.url("zhongfu_owner"), app_role="zhongfu_app")
    engine = make_engine(server.url("zhongfu_app"))
    with make_session_factory(engine, vault=TEST_VAULT)() as session:
        factories.load_reference_data(session)
        session.commit()
    engine.dispose()
    yield server
    server.stop("immediate")


@pytest.fixture(scope="session")
def databases(postgres: EmbeddedPostgres) -> Databases:
    """The databases of this test process."""
    return Databases(postgres)


@pytest.fixture
def database(databases: Databases, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a database that is as the template is; what the test writes is undone after it."""
    name = databases.lend()
    yield name
    databases.give_back(name, spent="owner_url" in request.fixturenames)


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, database: str) -> str:
    """The address by which the app's own weak role reaches the fresh database."""
    return postgres.url("zhongfu_app", database)


@pytest.fixture
def owner_url(postgres: EmbeddedPostgres, database: str) -> str:
    """The same database for the schema's owner."""
    return postgres.url("zhongfu_owner", database)


@pytest.fixture
def sessions(database_url: str, databases: Databases) -> Iterator[sessionmaker[Session]]:
    """A session factory for tests that need several transactions or threads."""
    engine = databases.engine(database_url, pool_size=20)
    yield make_session_factory(engine, vault=TEST_VAULT)
    engine.dispose()


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """One session; what the test does not commit is rolled back."""
    with sessions() as one:
        yield one
