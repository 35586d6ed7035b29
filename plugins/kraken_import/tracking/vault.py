"""Keys of waves: each seals the payloads and answers of its wave, and keys the digests of its values.

A wave's key lies in the database wrapped, is unwrapped once in a process, and is destroyed with the purge.
Where no wrapping key is configured it lies there as it is, and keys the digests alone.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import Any, Final, Protocol, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, Engine, Row

from kraken_import.domain.wrapping import BadWrappingKeys, UnableToUnwrap, Wrapping
from kraken_import.tracking.faults import UnableToUseTracking
from kraken_import.tracking.queries import queries

_SEALED: Final = b"\x01"
"""First byte of what AES-256-GCM has sealed; what is only compressed begins with zlib's own, 0x78."""
_NONCE: Final = 12
_SECRET: Final = 32

_OPTION: Final = "migration_vault"
_PAGE: Final = 1_000

_Keys: TypeAlias = "Mapping[int, WaveKey]"


class UnableToUseKeys(UnableToUseTracking):
    """A payload or an answer cannot be sealed or opened; the sentence says why, and what to do."""


class Tampered(UnableToUseKeys):
    """What lies in a row is not what was sealed for it."""


class KeySource(Protocol):
    """Where wrapping keys come from."""

    @property
    def named(self) -> str:
        """Its name, to begin a sentence with."""

    def read(self) -> Wrapping | None:
        """Return what wraps, read anew; None where nothing is configured. Raises `BadWrappingKeys`."""

    def check_silence(self) -> None:
        """Raise a fault that passes where `read` may have found nothing because it could not look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoKeys:
    """A source for processes that have none."""

    named: str = "The wrapping key"

    def read(self) -> Wrapping | None:
        """Return None."""
        return None

    def check_silence(self) -> None:
        """Do nothing: it is certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveKey:
    """The key of one wave, ready for use."""

    wave_id: int
    digest_key: bytes = field(default=b"", repr=False)
    """What digests of the wave's values are keyed with; empty for a wave from before there were keys."""
    cipher: AESGCM | None = field(default=None, repr=False)
    """What seals; None where payloads and answers are only compressed."""
    made_at: datetime | None = None
    """When the wave was planned: numbers of waves come again after a restore."""
    destroyed_at: datetime | None = None

    def seal(self, *, body: bytes, place: bytes) -> bytes:
        """Return the body as it is kept at its place, so that it opens at no other."""
        if self.cipher is None:
            return body
        nonce = os.urandom(_NONCE)
        return _SEALED + nonce + self.cipher.encrypt(nonce, body, place)

    def open(self, *, body: bytes | memoryview, place: bytes) -> bytes:
        """Return a body that was sealed for this place.

        Raises `UnableToUseKeys`, and `Tampered` for what was not sealed for it.
        """
        kept = bytes(body)
        is_sealed = kept.startswith(_SEALED)
        if self.destroyed_at is not None:
            raise UnableToUseKeys(
                f"The key of wave {self.wave_id} was destroyed with its purge on "
                f"{self.destroyed_at:%Y-%m-%d}, so its payloads and answers cannot be opened any more: plan "
                "a wave that names the customers."
            )
        if self.cipher is None and not is_sealed:
            return kept
        if self.cipher is not None and is_sealed:
            try:
                return self.cipher.decrypt(kept[1 : 1 + _NONCE], kept[1 + _NONCE :], place)
            except (InvalidTag, ValueError):
                pass
        kind, _, record, attempt, *_ = place.decode().split("/")
        raise Tampered(
            f"The {kind} of try {attempt} of import process {record} in wave {self.wave_id} is not what was "
            "sealed there: find out who can write to the tracking database, then restore the row from a "
            "backup, or clear the task that builds its batch."
        )


def payload_place(*, wave_id: int, process_id: int, attempt: int) -> bytes:
    """Return what binds a payload to its row."""
    return b"payload/%d/%d/%d" % (wave_id, process_id, attempt)


def answer_place(
    *, wave_id: int, process_id: int, attempt: int, stage: str, http_status: int | None
) -> bytes:
    """Return what binds an answer to its row."""
    return f"answer/{wave_id}/{process_id}/{attempt}/{stage}/{http_status}".encode()


class Vault:
    """The keys of the waves of one tracking database, as far as this process has needed them."""

    def __init__(self, *, source: KeySource) -> None:
        self.source = source
        self._keys: dict[int, WaveKey] = {}
        self._lock = Lock()

    def keys(self, *, connection: Connection, wave_ids: Collection[int]) -> _Keys:
        """Return the keys of these waves. Raises `UnableToUseKeys` for one that does not open."""
        known = self._known(wave_ids)
        found = self._opened(connection=connection, wave_ids=sorted(set(wave_ids)), known=known)
        with self._lock:
            self._keys |= found
        return found

    def at_hand(self, *, connection: Connection, wave_ids: Collection[int]) -> _Keys:
        """Return the keys of these waves as last read; those that never were are read now."""
        known = self._known(wave_ids)
        missing = {each for each in wave_ids if each not in known}
        return {**known, **self.keys(connection=connection, wave_ids=missing)} if missing else known

    def make(self, *, connection: Connection, wave_id: int, at: datetime) -> None:
        """Make the key of a wave that is being planned. Raises `UnableToUseKeys`."""
        sealed = _SQL.run(connection, "sealed").scalar()
        if sealed is None:
            wrapping = self._read()
        else:
            why = "is wrapped, so waves are sealed here"
            wrapping = self._needed(otherwise=self._lacking(wave_id=int(sealed), why=why))
        secret = os.urandom(_SECRET)
        _SQL.run(
            connection,
            "insert",
            wave_id=wave_id,
            secret=secret
            if wrapping is None
            else wrapping.wrap(secret=secret, context=_context(wave_id=wave_id)),
            wrapped_by=None if wrapping is None else wrapping.key_id,
            at=at,
        )

    def rewrap(self, *, connection: Connection, at: datetime) -> tuple[str, int]:
        """Wrap every key by the first of the wrapping keys. Returns its name, and how many it has wrapped.

        Keys that it has wrapped before stay as they are. Plans that have made a key end first, and others
        wait until the transaction ends. Raises `UnableToUseKeys`, also unless the connection is the owner's:
        what is written over a key may make its wave unreadable, so tasks may not write there.
        """
        if not _SQL.run(connection, "may_rewrap").scalar_one():
            raise UnableToUseKeys(
                "Wrapping the keys of waves anew is for the owner of the tracking database alone: name by "
                "TRACKING_OWNER_DSN a member of migration_owner."
            )
        _SQL.run(connection, "lock")
        wrapping = self._needed(
            otherwise=f"{self.source.named} names no wrapping key to wrap with: put the new key there, and "
            "behind it those that are in use."
        )
        wrapped, after = 0, 0
        while True:
            values = {"wrapped_by": wrapping.key_id, "after": after, "most": _PAGE}
            rows = _SQL.run(connection, "wrapped_otherwise", **values).all()
            if not rows:
                return wrapping.key_id, wrapped
            secrets = [self._unwrapped(row=row, wrapping=wrapping) for row in rows]
            done = _SQL.run(
                connection,
                "rewrap",
                wrapped_by=wrapping.key_id,
                wave_ids=[row.wave_id for row in rows],
                old=[row.secret for row in rows],
                secrets=[
                    wrapping.wrap(secret=secret, context=_context(wave_id=row.wave_id))
                    for row, secret in zip(rows, secrets, strict=True)
                ],
                at=at,
            )
            wrapped, after = wrapped + done.rowcount, rows[-1].wave_id

    def standing(self, *, connection: Connection) -> Mapping[str | None, int]:
        """Return how many keys each wrapping key has wrapped; None: those that lie there as they are.

        Raises `UnableToUseKeys` where one of them does not open.
        """
        rows = _SQL.run(connection, "in_use").all()
        newest = [row.newest for row in rows]
        self._opened(connection=connection, wave_ids=newest, known={})
        return {row.wrapped_by: int(row.waves) for row in rows}

    def is_configured(self) -> bool:
        """Return whether waves that are planned from now on are sealed. Raises `UnableToUseKeys`."""
        return self._read() is not None

    def _known(self, wave_ids: Collection[int]) -> dict[int, WaveKey]:
        with self._lock:
            return {each: self._keys[each] for each in wave_ids if each in self._keys}

    def _opened(
        self, *, connection: Connection, wave_ids: Collection[int], known: _Keys
    ) -> dict[int, WaveKey]:
        try:
            return self._load(connection=connection, wave_ids=wave_ids, known=known)
        except UnableToUseKeys:
            # Wrapped anew, and the old wrapping key taken away, between the two reads.
            return self._load(connection=connection, wave_ids=wave_ids, known=known)

    def _load(self, *, connection: Connection, wave_ids: Collection[int], known: _Keys) -> dict[int, WaveKey]:
        rows = _SQL.run(connection, "of_waves", wave_ids=list(wave_ids)).all()
        found = {each: WaveKey(wave_id=each) for each in wave_ids}
        wrapping = None
        for row in rows:
            if row.destroyed_at is not None:
                found[row.wave_id] = WaveKey(wave_id=row.wave_id, destroyed_at=row.destroyed_at)
                continue
            # After a restore the number of a wave that is known here may be that of another one.
            if row.wave_id in known and known[row.wave_id].made_at == row.made_at:
                found[row.wave_id] = known[row.wave_id]
                continue
            secret = bytes(row.secret)
            if row.wrapped_by is not None:
                why = f"is wrapped by key {row.wrapped_by}"
                wrapping = wrapping or self._needed(otherwise=self._lacking(wave_id=row.wave_id, why=why))
                secret = self._unwrapped(row=row, wrapping=wrapping)
            derived = _derived(wave_id=row.wave_id, secret=secret, seals=row.wrapped_by is not None)
            found[row.wave_id] = replace(derived, made_at=row.made_at)
        return found

    def _unwrapped(self, *, row: Row[Any], wrapping: Wrapping) -> bytes:
        try:
            return wrapping.unwrap(
                wrapped=bytes(row.secret), key_id=row.wrapped_by, context=_context(wave_id=row.wave_id)
            )
        except UnableToUnwrap as unable:
            raise UnableToUseKeys(
                f"The key of wave {row.wave_id} {unable}: {self.source.named} must have every key that is in "
                "use, the one to wrap with first."
            ) from None

    def _needed(self, *, otherwise: str) -> Wrapping:
        """Return what wraps. Raises `UnableToUseKeys` with this sentence where nothing is configured."""
        wrapping = self._read()
        if wrapping is None:
            self.source.check_silence()
            raise UnableToUseKeys(otherwise)
        return wrapping

    def _lacking(self, *, wave_id: int, why: str) -> str:
        return (
            f"The key of wave {wave_id} {why}, and {self.source.named} names no key: put back every key "
            "that is in use."
        )

    def _read(self) -> Wrapping | None:
        try:
            return self.source.read()
        except BadWrappingKeys as bad:
            raise UnableToUseKeys(str(bad)) from None


def attach(*, engine: Engine, source: KeySource) -> Engine:
    """Let an engine of the tracking database open wrapped keys with those of this source. Returns it."""
    known = engine.get_execution_options().get(_OPTION)
    if known is None:
        engine.update_execution_options(**{_OPTION: Vault(source=source)})
    return engine


def vault_of(*, connection: Connection) -> Vault:
    """Return the vault of this connection's database."""
    engine = connection.engine
    attach(engine=engine, source=NoKeys())
    found: Vault = engine.get_execution_options()[_OPTION]
    return found


def key_of(*, connection: Connection, wave_id: int) -> WaveKey:
    """Return the key of a wave. Raises `UnableToUseKeys`."""
    return keys_of(connection=connection, wave_ids=(wave_id,))[wave_id]


def keys_of(*, connection: Connection, wave_ids: Iterable[int]) -> Mapping[int, WaveKey]:
    """Return the keys of several waves. Raises `UnableToUseKeys`."""
    return vault_of(connection=connection).keys(connection=connection, wave_ids=set(wave_ids))


def keys_at_hand(*, connection: Connection, wave_ids: Iterable[int]) -> Mapping[int, WaveKey]:
    """Return the keys of waves that a task works on, as they were last read. Raises `UnableToUseKeys`.

    Work begins with `key_of`, and is given to a wave's rows alone: those of a wave that was purged since are
    gone with its key, so that there is nothing to open and no place to write to.
    """
    return vault_of(connection=connection).at_hand(connection=connection, wave_ids=set(wave_ids))


def key_at_hand(*, connection: Connection, wave_id: int) -> WaveKey:
    """Return the key of one wave in the same way."""
    return keys_at_hand(connection=connection, wave_ids=(wave_id,))[wave_id]


def _derived(*, wave_id: int, secret: bytes, seals: bool) -> WaveKey:
    return WaveKey(
        wave_id=wave_id,
        digest_key=_derive(secret=secret, purpose=b"digests"),
        cipher=AESGCM(_derive(secret=secret, purpose=b"payloads and answers")) if seals else None,
    )


def _derive(*, secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_SECRET, salt=None, info=purpose).derive(secret)


def _context(*, wave_id: int) -> bytes:
    return b"wave/%d" % wave_id


_SQL = queries(file="wave_keys")
