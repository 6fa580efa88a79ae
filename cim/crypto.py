"""Sealed fields, per-customer keys, blind indexes, signatures. The only importer of `cryptography`.

What it defends: a copied database, WAL, backup or log. What it does not: whoever controls the running server or the key file.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cim.config import settings

_ALGORITHM = b"\x01\x00\x01"  # AES-256-GCM, key generation 1: one byte algorithm, two bytes key id
_NONCE = 12
_FILE = b"\x01\x02"  # a file: AES-256-GCM in chunks, layout 2
_FILE_CHUNK, _TAG = 1024 * 1024, 16


class Unreadable(Exception):
    """A sealed value does not open: wrong key, moved to another row, damaged, or its key was erased."""


class Cipher:
    """Seals and opens the values of one customer. Get it from `new_subject` or `open_subject`."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, value: str, place: str) -> bytes:
        """UTF-8 text to alg(1) | key id(2) | nonce(12) | ciphertext | tag(16), bound to `place` (table.column.uid)."""
        nonce = os.urandom(_NONCE)
        return _ALGORITHM + nonce + self._aead.encrypt(nonce, value.encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """The text sealed at `place`. Raises Unreadable when it was moved, altered, or sealed under another key."""
        if sealed[:3] != _ALGORITHM:
            raise Unreadable(place)
        try:
            return self._aead.decrypt(sealed[3 : 3 + _NONCE], sealed[3 + _NONCE :], place.encode()).decode()
        except InvalidTag as error:
            raise Unreadable(place) from error


class FileCipher:
    """Seals the content of one file, in chunks, under a key that is used for nothing else (STREAM, Hoang et al. 2015).

    The counter may begin at zero each time: under one key there is one content. So a name stands for exactly one
    sequence of sealed bytes, and a file that was lost can be put back byte for byte."""

    def __init__(self, key: str) -> None:
        root = bytes.fromhex(key)
        self._aead = AESGCM(_derived(root, "file-seal"))
        self._name = _derived(root, "file-name")

    @staticmethod
    def new_key() -> str:
        """A fresh key, hexadecimal, to be kept sealed under the customer's key."""
        return secrets.token_bytes(32).hex()

    def digest(self, content: bytes) -> str:
        """Keyed digest (HMAC-SHA256, hexadecimal): names the file, proves that it is whole, and tells nothing of the
        content to whoever does not have the key."""
        return hmac.digest(self._name, content, "sha256").hex()

    def seal(self, content: bytes) -> Iterator[bytes]:
        """The content as the parts of a sealed file: alg(1) | layout(1), then chunks of 1 MiB with a tag(16) each."""
        yield _FILE
        last = max(len(content) - 1, 0) // _FILE_CHUNK
        for number in range(last + 1):
            chunk = content[number * _FILE_CHUNK : (number + 1) * _FILE_CHUNK]
            yield self._aead.encrypt(_chunk_nonce(number, number == last), chunk, _FILE)

    def open(self, sealed: BinaryIO) -> bytes:
        """The content of a sealed file. Raises Unreadable when a byte was altered, cut off, added or moved."""
        if sealed.read(len(_FILE)) != _FILE:
            raise Unreadable("file")
        content, number, part = bytearray(), 0, sealed.read(_FILE_CHUNK + _TAG)
        while True:
            following = sealed.read(_FILE_CHUNK + _TAG)
            try:
                content += self._aead.decrypt(_chunk_nonce(number, not following), part, _FILE)
            except InvalidTag as error:
                raise Unreadable("file") from error
            if not following:
                return bytes(content)
            number, part = number + 1, following


def _chunk_nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(_NONCE - 1, "big") + bytes([last])


@dataclass(frozen=True)
class Keys:
    """Everything derived from the key-encryption key by HKDF-SHA256 (RFC 5869), one label per use."""

    wrap: Cipher
    index: bytes
    audit: bytes
    signer: Ed25519PrivateKey
    form: str
    server: Cipher

    def new_subject(self, uid: str) -> tuple[Cipher, bytes]:
        """A fresh customer key: the cipher, and the key wrapped for the table `subject_key`."""
        key = secrets.token_bytes(32)
        return Cipher(key), self.wrap.seal(key.hex(), f"subject_key.{uid}")

    def open_subject(self, uid: str, wrapped: bytes) -> Cipher:
        """The cipher of a customer. Raises Unreadable when the wrapped key belongs to another customer or KEK."""
        return Cipher(bytes.fromhex(self.wrap.open(wrapped, f"subject_key.{uid}")))

    def blind(self, kind: str, value: str) -> bytes:
        """Keyed digest (HMAC-SHA256, 16 bytes) that finds equal values without storing them."""
        return hmac.digest(self.index, f"{kind}\x00{value}".encode(), "sha256")[:16]

    def blinded(self, facts: Iterable[tuple[str, str]]) -> list[bytes]:
        """`blind` of many (kind, value) pairs."""
        key, digest = self.index, hmac.digest
        return [digest(key, f"{kind}\x00{value}".encode(), "sha256")[:16] for kind, value in facts]

    def mac(self, previous: bytes, canonical: bytes) -> bytes:
        """HMAC-SHA256 link of the audit chain: 32 bytes."""
        return hmac.digest(self.audit, previous + canonical, "sha256")

    def sign(self, message: bytes) -> str:
        """Ed25519 signature (RFC 8032), hexadecimal."""
        return self.signer.sign(message).hex()

    def signed(self, message: bytes, signature: str) -> bool:
        """Whether `signature` is ours over `message`."""
        try:
            self.signer.public_key().verify(bytes.fromhex(signature), message)
        except (InvalidSignature, ValueError):
            return False
        return True


def keys() -> Keys:
    """The keys of this installation. Raises FileNotFoundError when `init` has not been run."""
    return _load(settings().keys / "kek.key")


def server_cipher() -> Cipher:
    """Seals what belongs to the installation and to no customer: the mail server's password, addresses of channels."""
    return keys().server


def create_keys() -> bool:
    """Make the key file (32 random bytes, mode 0600) unless there is one. True when it was made."""
    path = settings().keys / "kek.key"
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)  # unlike rename, never replaces the key of a process that was faster
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary)
    return True


def digest(token: str) -> str:
    """SHA-256 of a random token, hexadecimal: what is stored instead of cookies and tickets."""
    return hashlib.sha256(token.encode()).hexdigest()


@lru_cache(maxsize=4)
def _load(path: Path) -> Keys:
    root = path.read_bytes()
    if len(root) != 32:
        raise ValueError(f"{path.name} must hold exactly 32 bytes")

    return Keys(
        wrap=Cipher(_derived(root, "dek-wrap")),
        index=_derived(root, "blind-index"),
        audit=_derived(root, "audit-mac"),
        signer=Ed25519PrivateKey.from_private_bytes(_derived(root, "checkpoint")),
        form=_derived(root, "form").hex(),
        server=Cipher(_derived(root, "server-seal")),
    )


def _derived(root: bytes, label: str) -> bytes:
    return HKDF(SHA256(), 32, None, f"cim/{label}".encode()).derive(root)
