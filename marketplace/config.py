"""Settings from the environment, typed, with safe defaults: two copies with different homes and ports run side by side."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class BadSetting(ValueError):
    """A setting of the environment cannot be used; says which one and what it takes."""


@dataclass(frozen=True)
class Settings:
    """What one installation is told from outside.

    `database_url` None means the embedded PostgreSQL under `home`; `broker_url` None means the queue in that database.
    """

    home: Path
    port: int
    host: str
    database_url: str | None
    database_owner_url: str | None
    broker_url: str | None
    production: bool
    solver_threads: int
    web_workers: int

    @property
    def keys_folder(self) -> Path:
        """Where the sealing keys lie."""
        return self.home / "keys"

    @property
    def secret_key(self) -> str:
        """The key that signs session cookies, made at first use."""
        path = self.home / "keys" / "session.key"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
        return path.read_text().strip()


def _whole(environment: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdigit() or not low <= int(text) <= high:
        raise BadSetting(f"{name} must be a whole number from {low} to {high}, not {text!r}")
    return int(text)


def default_home() -> Path:
    """`/var/lib/zhongfu` for root, else the user's own data folder."""
    if os.geteuid() == 0:
        return Path("/var/lib/zhongfu")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "zhongfu"


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Reads PORT, HOST, ZHONGFU_HOME, DATABASE_URL, DATABASE_OWNER_URL, BROKER_URL, ZHONGFU_ENV, ZHONGFU_THREADS, WEB_WORKERS.

    Raises BadSetting naming the variable.
    """
    stage = environment.get("ZHONGFU_ENV", "local")
    if stage not in ("local", "production"):
        raise BadSetting(f"ZHONGFU_ENV must be local or production, not {stage!r}")
    url = environment.get("DATABASE_URL") or None
    if url and not url.startswith(("postgresql://", "postgresql+psycopg://", "postgres://")):
        raise BadSetting("DATABASE_URL must begin with postgresql://; no other database is supported")
    return Settings(
        home=Path(environment.get("ZHONGFU_HOME") or default_home()).absolute(),
        port=_whole(environment, "PORT", 8000, 1, 65_535),
        host=environment.get("HOST", "127.0.0.1"),
        database_url=_psycopg(url),
        database_owner_url=_psycopg(environment.get("DATABASE_OWNER_URL") or url),
        broker_url=environment.get("BROKER_URL") or None,
        production=stage == "production",
        solver_threads=_whole(environment, "ZHONGFU_THREADS", min(os.cpu_count() or 1, 8), 1, 64),
        web_workers=_whole(environment, "WEB_WORKERS", 2, 1, 32),
    )


def _psycopg(url: str | None) -> str | None:
    """SQLAlchemy wants the driver in the address; people write it without."""
    if url is None:
        return None
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url
