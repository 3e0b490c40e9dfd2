"""Sealing personal fields, and finding them again without opening them.

A sealed value is ``version byte 1 | key number byte | 12-byte nonce | AES-256-GCM ciphertext and tag``; the associated data is
``table|row|column``, so that a value moved to another row or column does not open. The blind index is a keyed HMAC-SHA-256 of
the normalised value, cut to 16 bytes: equal values collide, nothing else is learnt without the key.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.orm import Session


class Unsealable(Exception):
    """A sealed value does not open: it was changed, moved to another row, or its key is missing."""


@dataclass(frozen=True)
class Vault:
    """The keys of one installation. `keys` maps key number → 32 bytes; the highest number seals, all of them open."""

    keys: dict[int, bytes]
    index_key: bytes

    def seal(self, text: str, *, table: str, row: Any, column: str) -> bytes:
        """`text` sealed to its place."""
        return self.seal_bytes(text.encode(), table=table, row=row, column=column)

    def seal_bytes(self, content: bytes, *, table: str, row: Any, column: str) -> bytes:
        """`content` sealed to its place."""
        number = max(self.keys)
        nonce = os.urandom(12)
        body = AESGCM(self.keys[number]).encrypt(nonce, content, f"{table}|{row}|{column}".encode())
        return bytes([1, number]) + nonce + body

    def open(self, sealed: bytes, *, table: str, row: Any, column: str) -> str:
        """The text again. Raises Unsealable when the value, its place or its key is not what it was."""
        return self.open_bytes(sealed, table=table, row=row, column=column).decode()

    def open_bytes(self, sealed: bytes, *, table: str, row: Any, column: str) -> bytes:
        """The content again. Raises Unsealable as `open` does."""
        if len(sealed) < 30 or sealed[0] != 1 or sealed[1] not in self.keys:
            raise Unsealable(f"{table}.{column} of {row} was not sealed by a key of this installation")
        try:
            return AESGCM(self.keys[sealed[1]]).decrypt(sealed[2:14], sealed[14:], f"{table}|{row}|{column}".encode())
        except InvalidTag as error:
            raise Unsealable(f"{table}.{column} of {row} does not open") from error

    def blind_index(self, kind: str, normalised: str) -> bytes:
        """16 bytes by which equal values of one `kind` (``resident_id``, ``phone``) find each other."""
        return hmac.new(self.index_key, f"{kind}:{normalised}".encode(), hashlib.sha256).digest()[:16]


def open_vault(folder: Path) -> Vault:
    """The vault whose keys lie in `folder` (``seal-1.key``, ``seal-2.key``, … and ``index.key``); made at first use, mode 0600."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    first, index = folder / "seal-1.key", folder / "index.key"
    for path in (first, index):
        if not path.exists():
            _write_new_key(path)
    keys = {int(path.stem.removeprefix("seal-")): path.read_bytes() for path in folder.glob("seal-*.key")}
    for number, key in keys.items():
        if len(key) != 32 or not 1 <= number <= 255:
            raise ValueError(
                f"key seal-{number}.key must hold 32 bytes and be numbered 1 to 255; restore it from the backup"
            )
    return Vault(keys=keys, index_key=index.read_bytes())


def _write_new_key(path: Path) -> None:
    """Two processes may start at once: the key is written whole under another name and linked, the first link wins."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, os.urandom(32))
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def vault_of(session: Session) -> Vault:
    """The vault that travels with the session."""
    vault = session.info.get("vault")
    if not isinstance(vault, Vault):
        raise RuntimeError("this session carries no vault: make it with make_session_factory(engine, vault=…)")
    return vault
