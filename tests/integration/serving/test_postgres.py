"""The embedded PostgreSQL: survives a kill, keeps its secrets, lives beside a second one."""

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from marketplace.serving.postgres import EmbeddedPostgres, PostgresFailed, require_open_to_nobody


def connect(server: EmbeddedPostgres, role: str = "zhongfu_owner") -> psycopg.Connection:
    return psycopg.connect(server.url(role).replace("+psycopg", ""), autocommit=True)


@pytest.fixture
def server(temporary_home: Path) -> Iterator[EmbeddedPostgres]:
    """A server of the test's own, made and removed."""
    made = EmbeddedPostgres(temporary_home / f"own-{os.urandom(3).hex()}")
    made.start()
    yield made
    made.stop("immediate")


def test_a_killed_server_comes_back_with_what_was_committed(server: EmbeddedPostgres) -> None:  # promise 4, first cut
    with connect(server) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    postmaster = int((server.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGKILL)
    server.start()
    with connect(server) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_crash_without_shutdown_is_recovered(server: EmbeddedPostgres) -> None:  # promise 4, first cut
    for number in range(3):
        with connect(server) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
            connection.execute("INSERT INTO kept VALUES (%s)", (number,))
        server.stop("immediate")
        assert not server.is_running()
        server.start()
    with connect(server) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (3,)


def test_it_listens_on_no_network_and_wants_a_password(server: EmbeddedPostgres) -> None:
    with connect(server) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    wrong = server.url("zhongfu_owner").replace("+psycopg", "").replace(server.password("zhongfu_owner"), "wrong")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(wrong)
    for path in (server.home / "keys").glob("*.password"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_weak_role_can_neither_create_nor_become_another(server: EmbeddedPostgres) -> None:  # promise 12
    with connect(server, "zhongfu_app") as connection:
        for statement in (
            "CREATE TABLE mine (n int)",
            "CREATE ROLE other",
            "SET ROLE zhongfu_owner",
            "CREATE DATABASE other",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_two_copies_run_side_by_side(server: EmbeddedPostgres, temporary_home: Path) -> None:
    other = EmbeddedPostgres(temporary_home / f"other-{os.urandom(3).hex()}")
    other.start()
    try:
        with connect(server) as one, connect(other) as two:
            one.execute("CREATE TABLE only_here (n int)")
            assert two.execute("SELECT to_regclass('only_here')").fetchone() == (None,)
    finally:
        other.stop("immediate")


def test_a_data_folder_that_nobody_can_enter_is_refused_with_the_way_out(temporary_home: Path) -> None:
    closed = temporary_home / "closed"
    home = closed / "home"
    home.mkdir(mode=0o711, parents=True)
    closed.chmod(0o700)
    with pytest.raises(PostgresFailed, match=r"chmod o\+x"):
        require_open_to_nobody(home)
    closed.chmod(0o711)
    require_open_to_nobody(home)
