"""What the stack kept for itself is read back, or refused in a sentence when it was damaged."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from kraken_import.local.settings import Targets, load_secrets
from kraken_import.local.state import Stack, UnableToReadState, load
from transforms.private import write_private

SOUND = {"port_base": 28080, "targets": asdict(Targets()), "components": []}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        json.dumps(SOUND)[:-9],
        json.dumps(SOUND | {"port_base": "28080"}),
        json.dumps(SOUND | {"port_base": 65_535}),
        json.dumps(SOUND | {"targets": {"kraken": "x"}}),
        json.dumps(SOUND | {"places": ["TRACKING_DSN"]}),
        json.dumps(SOUND | {"places": {"TRACKING_DSN": 5}}),
        json.dumps(SOUND | {"components": [{"name": "airflow", "pid": -1, "created": 1, "launched": 1}]}),
        '{"port_base": ' + "9" * 5_000 + "}",
        "\xff",
    ],
)
def test_a_damaged_note_of_the_stack_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "stack.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(UnableToReadState, match="is damaged: end what still runs"):
        load(path=path)


def test_a_note_of_the_stack_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    assert load(path=path) is None
    write_private(path=path, text=json.dumps(SOUND))
    assert load(path=path) == Stack(port_base=28080)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "[" * 100_000, "null"])
def test_secrets_that_were_damaged_are_made_again_and_then_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(text)
    made = load_secrets(path=path)
    assert load_secrets(path=path) == made
    write_private(path=path, text=json.dumps(asdict(made) | {"jwt": None}))
    assert load_secrets(path=path) != made


def test_secrets_of_an_earlier_version_get_what_is_new_and_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    made = asdict(load_secrets(path=path))
    write_private(path=path, text=json.dumps({name: made[name] for name in made if name != "wave_keys"}))
    found = asdict(load_secrets(path=path))
    assert {name for name in made if found[name] != made[name]} == {"wave_keys"}
    assert asdict(load_secrets(path=path)) == found
