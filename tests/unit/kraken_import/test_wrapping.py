"""Wrapping keys are read whole or refused in one sentence, which never repeats a key."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from kraken_import.domain.wrapping import (
    GROUP,
    BadWrappingKeys,
    KeyList,
    UnableToUnwrap,
    Wrapping,
    read_wrapping,
)
from tests.wave_keys import FIRST, SECOND

URLSAFE = base64.urlsafe_b64encode(b"\xfb\xff" * 16).decode()
SERVICE = """
class Service:
    key_id = "vault-7"
    def __init__(self, **options): self.options = options
    def wrap(self, *, secret, context): return context + secret
    def unwrap(self, *, wrapped, key_id, context): return wrapped.removeprefix(context)
"""


def read(text: str) -> Wrapping:
    found = read_wrapping(text=text, named="WAVE_KEYS")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("c2hvcnQ=", "Key 1 of WAVE_KEYS is not 32 bytes in base64: make one with `openssl rand"),
        (f"{FIRST},{SECOND[:-4]}", "Key 2 of WAVE_KEYS is not 32 bytes in base64"),
        (f"{FIRST}\n{FIRST}x", "Key 2 of WAVE_KEYS is not 32 bytes in base64"),
        ("ключ", "Key 1 of WAVE_KEYS is not 32 bytes in base64"),
        ("{", "WAVE_KEYS must be keys of 32 bytes in base64, or a JSON object like"),
        ("{" * 100_000, "WAVE_KEYS must be keys of 32 bytes in base64, or a JSON object like"),
        ('{"key": "x"}', "WAVE_KEYS must be keys of 32 bytes in base64, or a JSON object like"),
        ('{"kms": "none-such"}', "WAVE_KEYS names the key management service 'none-such', which no"),
    ],
)
def test_keys_that_cannot_be_meant_are_one_sentence_without_them(text: str, told: str) -> None:
    with pytest.raises(BadWrappingKeys) as refused:
        read(text)
    assert str(refused.value).startswith(told)
    assert FIRST not in str(refused.value)


def test_the_first_key_wraps_and_all_unwrap() -> None:
    wrapped, old = read(FIRST).wrap(secret=b"secret", context=b"wave/1"), read(FIRST).key_id
    both = read(f" {SECOND} ,\n{FIRST},{FIRST} ")
    assert both.key_id == read(SECOND).key_id != old
    assert both.unwrap(wrapped=wrapped, key_id=old, context=b"wave/1") == b"secret"
    assert read(URLSAFE).key_id == read(URLSAFE.replace("-", "+").replace("_", "/")).key_id
    assert read_wrapping(text=" \n", named="WAVE_KEYS", options={}) is None
    assert FIRST not in repr(both)
    assert repr(both) == "KeyList()"


@pytest.mark.parametrize(
    ("text", "changes", "told"),
    [
        (SECOND, {}, r"is wrapped by key \w{16}, which is not among them"),
        (FIRST, {"context": b"wave/2"}, r"was changed since key \w{16} has wrapped it"),
        (FIRST, {"wrapped": b"x" * 60}, r"was changed since key \w{16} has wrapped it"),
        (FIRST, {"wrapped": b""}, r"was changed since key \w{16} has wrapped it"),
    ],
)
def test_what_another_key_has_wrapped_or_a_person_has_changed_does_not_unwrap(
    text: str, changes: dict[str, bytes], told: str
) -> None:
    keys = read(FIRST)
    given = {"wrapped": keys.wrap(secret=b"secret", context=b"wave/1"), "context": b"wave/1"} | changes
    with pytest.raises(UnableToUnwrap, match=told):
        read(text).unwrap(key_id=keys.key_id, wrapped=given["wrapped"], context=given["context"])


def test_a_key_management_service_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "service_of_tests.py").write_text(SERVICE)
    info = tmp_path / "service_of_tests-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: service-of-tests\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nour-kms = service_of_tests:Service\n")
    monkeypatch.syspath_prepend(tmp_path)
    for found in (
        read('{"kms": "our-kms", "key": "arn"}'),
        read_wrapping(text="", named="it", options={"kms": "our-kms", "key": "arn"}),
    ):
        assert found is not None
        assert not isinstance(found, KeyList)
        assert vars(found) == {"options": {"key": "arn"}}
        wrapped = found.wrap(secret=b"secret", context=b"wave/1")
        assert found.unwrap(wrapped=wrapped, key_id=found.key_id, context=b"wave/1") == b"secret"
