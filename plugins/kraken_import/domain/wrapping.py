"""Wrapping keys: the keys of waves lie in the tracking database wrapped by one of them.

They come from where an administrator keeps secrets, never from that database, so that the database, a copy
or a backup of it opens no payload.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from importlib.metadata import entry_points
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

GROUP: Final = "kraken_migration.wrapping"
"""Entry points of key management services: each takes its options, and returns a `Wrapping`."""

_BYTES: Final = 32
_NONCE: Final = 12
_BETWEEN: Final = re.compile(r"[\s,]+")


class BadWrappingKeys(Exception):
    """What is said of wrapping keys cannot be meant; the sentence names the place and no key."""


class UnableToUnwrap(Exception):
    """A wave's key does not open. The message is half a sentence that follows "The key of wave 12"."""


class Wrapping(Protocol):
    """What wraps the keys of waves. `context` says whose key it is, and must be the same to unwrap."""

    @property
    def key_id(self) -> str:
        """The name of the key that wraps now: kept beside what it has wrapped."""

    def wrap(self, *, secret: bytes, context: bytes) -> bytes:
        """Return the secret wrapped, so that it cannot be read or changed unnoticed."""

    def unwrap(self, *, wrapped: bytes, key_id: str, context: bytes) -> bytes:
        """Return the secret that the key of this name has wrapped. Raises `UnableToUnwrap`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyList:
    """Keys of 32 bytes each: the first wraps with AES-256-GCM, and all of them unwrap."""

    keys: tuple[bytes, ...] = field(repr=False)

    @property
    def key_id(self) -> str:
        """A digest of the first key."""
        return _id_of(key=self.keys[0])

    def wrap(self, *, secret: bytes, context: bytes) -> bytes:
        """Return nonce and sealed secret."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self.keys[0]).encrypt(nonce, secret, context)

    def unwrap(self, *, wrapped: bytes, key_id: str, context: bytes) -> bytes:
        """Return the secret. Raises `UnableToUnwrap` without that key, and for a secret that was changed."""
        key = next((each for each in self.keys if _id_of(key=each) == key_id), None)
        if key is None:
            raise UnableToUnwrap(f"is wrapped by key {key_id}, which is not among them")
        try:
            return AESGCM(key).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], context)
        except (InvalidTag, ValueError):
            raise UnableToUnwrap(f"was changed since key {key_id} has wrapped it") from None


def read_wrapping(*, text: str, named: str, options: Mapping[str, Any] | None = None) -> Wrapping | None:
    """Return what wraps, by keys in base64 or by a service that the options name; None where both are empty.

    Several keys stand apart by commas or white space. The options may be a JSON object in `text` instead.
    Raises `BadWrappingKeys`, whose sentence begins with `named`.
    """
    given = dict(options or {}) if not text.strip().startswith("{") else _options(text=text, named=named)
    if "kms" in given:
        return _service(name=str(given.pop("kms")), options=given, named=named)
    words = [word for word in _BETWEEN.split(text) if word]
    if not words:
        return None
    keys = tuple(_key(word=word, place=place, named=named) for place, word in enumerate(words, start=1))
    return KeyList(keys=tuple(dict.fromkeys(keys)))


def _options(*, text: str, named: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or "kms" not in found:
        raise BadWrappingKeys(
            f'{named} must be keys of 32 bytes in base64, or a JSON object like {{"kms": "name"}}: correct '
            "it."
        )
    return found


def _key(*, word: str, place: int, named: str) -> bytes:
    try:
        # As urlsafe alphabet: both are in use.
        key = base64.b64decode(word.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _BYTES:
        raise BadWrappingKeys(
            f"Key {place} of {named} is not 32 bytes in base64: make one with `openssl rand -base64 32`, and "
            "keep every key that is in use."
        )
    return key


def _service(*, name: str, options: Mapping[str, Any], named: str) -> Wrapping:
    found = entry_points(group=GROUP, name=name)
    if not found:
        raise BadWrappingKeys(
            f"{named} names the key management service {name!r}, which no installed package provides by the "
            f"entry point {GROUP}: install the package, or correct the name."
        )
    service: Wrapping = next(iter(found)).load()(**options)
    return service


def _id_of(*, key: bytes) -> str:
    return blake2b(key, digest_size=8, person=b"wrapping key id").hexdigest()
