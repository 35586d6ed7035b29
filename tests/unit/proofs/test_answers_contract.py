"""Every parser of what comes from outside keeps its contract, and one that does not is found out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st

from proofs.answers.__main__ import main, told
from proofs.answers.contract import ContractBroken, Parser, TooSlow, claim, examine, search
from proofs.answers.damage import bodies
from proofs.answers.table import PARSERS

_INPUTS = 50
_SECRET = "Quillfeather"


class Refusal(Exception):
    """What a made-up parser refuses with."""


class OtherRefusal(Refusal):
    """What it does not say that it raises."""


def parser(read: Any, inputs: Any = None, **more: Any) -> Parser:
    return Parser(name="made up", inputs=st.text() if inputs is None else inputs, read=read, **more)


OFFLINE = [each for each in PARSERS if not each.is_online]


@pytest.mark.parametrize("each", OFFLINE, ids=lambda each: each.name)
def test_a_parser_keeps_its_contract(each: Parser) -> None:
    line = search(parser=replace(each, always=each.always[:1]), inputs=_INPUTS, seed=7)
    assert line.breach is None, told(line=line)
    assert line.inputs >= _INPUTS


def test_a_parser_that_looks_up_a_name_without_care_is_found_out_with_the_smallest_input() -> None:
    def careless(body: bytes) -> None:
        try:
            document = json.loads(body)
        except ValueError:
            raise Refusal("It is not JSON.") from None
        if isinstance(document, dict):
            document["status"].upper()

    weak = parser(careless, bodies({"status": "PROCESSED", "data": {"a": 1}}), refusals=(Refusal,))
    line = search(parser=weak, inputs=2_000, seed=1)
    assert isinstance(line.breach, KeyError | AttributeError | TypeError | RecursionError)
    with pytest.raises(type(line.breach)):
        careless(line.example)
    assert len(line.example) < 60
    assert "made up broke its contract at careless" in told(line=line)


def test_a_parser_that_believes_too_much_is_found_out() -> None:
    def believing(number: int) -> None:
        claim(number < 1_000, "A thousand is too much.")

    line = search(parser=parser(believing, st.integers()), inputs=500, seed=1)
    assert isinstance(line.breach, ContractBroken)
    assert line.example == 1_000


def refuse(sentence: str, kind: type[Exception] = Refusal) -> Any:
    def read(_: str) -> None:
        raise kind(sentence)

    return read


@pytest.mark.parametrize(
    ("read", "says"),
    [
        (refuse(""), "says nothing"),
        (refuse("x" * 5_000), "5,000 characters"),
        (refuse("unhashable type: 'list'."), "speaks Python"),
        (refuse(f"The name {_SECRET} is wrong."), "must not tell"),
    ],
)
def test_a_refusal_that_is_not_a_sentence_or_tells_a_secret_is_found_out(read: Any, says: str) -> None:
    with pytest.raises(ContractBroken, match=says):
        examine(parser=parser(read, refusals=(Refusal,), hidden=lambda _: (_SECRET,)), value="")


def test_only_the_very_exceptions_that_a_parser_documents_are_its_own() -> None:
    assert examine(parser=parser(refuse("No."), refusals=(Refusal,)), value="")
    with pytest.raises(OtherRefusal):
        examine(parser=parser(refuse("No.", OtherRefusal), refusals=(Refusal,)), value="")
    with pytest.raises(UnicodeError):
        examine(parser=parser(lambda text: text.encode(), refusals=(ValueError,)), value="\ud800")


def test_a_parser_that_hangs_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(_: str) -> None:
        while True:
            pass

    monkeypatch.setattr("proofs.answers.contract._SECONDS", 0.05)
    with pytest.raises(TooSlow):
        examine(parser=parser(hang), value="")


def test_the_command_counts_what_it_gave_and_ends_with_1_for_a_broken_contract(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sound = parser(refuse("No."), refusals=(Refusal,))
    assert main(arguments=["100", ""], parsers=(sound, sound)) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[:4] == ["all", "100", "100", "0"]
    assert main(arguments=["10", "3"], parsers=(sound, parser(refuse("No.")))) == 1
    assert "broke its contract at read" in capsys.readouterr().out
    for wrong in (["0"], ["many"], ["1", "-1"], ["1", "2", "3"], ["9" * 5_000]):
        assert main(arguments=wrong, parsers=(sound,)) == 2
