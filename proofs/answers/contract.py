"""What every parser is held to: to read an input, or to refuse it in its own words and in time."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final, NoReturn

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.strategies import SearchStrategy

_LONGEST_SENTENCE: Final = 2_000
_SECONDS: Final = 10.0
_ROUND: Final = 2_500
"""Inputs of one search: its memory grows with them."""

_OF_PYTHON: Final = re.compile(
    r"unhashable|NoneType|object is not|not supported between|codec can't|int_max_str_digits"
    r"|Exceeds the limit|Invalid IPv6|under NFKC|could not convert|invalid literal|recursion|\bobject at 0x"
)
"""Words of Python's own, which tell a person nothing."""


class ContractBroken(AssertionError):
    """A parser did something that its contract forbids."""


class TooSlow(ContractBroken):
    """A parser worked for longer than any input is worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """One parser of what comes from outside.

    `read` gives an input to the real code and claims what must hold of the result. `refusals` are the
    exceptions that its module documents, by their very class. `hidden` names the texts of an input that no
    refusal may repeat. `around` sets up what `read` needs for as long as it is asked.
    """

    name: str
    inputs: SearchStrategy[Any]
    read: Callable[[Any], object]
    refusals: tuple[type[Exception], ...] = ()
    hidden: Callable[[Any], Iterable[str]] = lambda _: ()
    around: Callable[[], AbstractContextManager[object]] = nullcontext
    always: tuple[Any, ...] = ()
    """Inputs too large to be drawn often: each is given once."""
    is_online: bool = False
    """Whether it needs sockets."""


@dataclass(slots=True, kw_only=True)
class Line:
    """A parser's result. `example` is the smallest input found to break its contract, `breach` how."""

    name: str
    inputs: int = 0
    refused: int = 0
    breach: BaseException | None = None
    example: Any = None
    seed: int = field(default=0)

    @property
    def foreign(self) -> int:
        """How many breaches were found: a search ends with the first."""
        return int(self.breach is not None)


def claim(holds: object, sentence: str) -> None:
    """Raise `ContractBroken` unless something holds."""
    if not holds:
        raise ContractBroken(sentence)


def examine(*, parser: Parser, value: Any) -> bool:
    """Give a parser one input. Returns whether it refused it.

    Raises what the parser raised if that is not its own, and `ContractBroken`.
    """
    try:
        with _in_time():
            parser.read(value)
    except parser.refusals as refusal:
        if type(refusal) not in parser.refusals:
            raise
        _check_refusal(text=str(refusal), shown=f"{refusal} {refusal!r}", hidden=parser.hidden(value))
        return True
    return False


def search(*, parser: Parser, inputs: int, seed: int) -> Line:
    """Give a parser so many inputs, and look for the smallest that breaks its contract."""
    line = Line(name=parser.name, seed=seed)
    with parser.around():
        for value in parser.always[:inputs]:
            _give(parser=parser, value=value, line=line)
            if line.breach is not None:
                return line
        while line.inputs < inputs and line.breach is None:
            before = line.inputs
            _search(parser=parser, most=min(_ROUND, inputs - line.inputs), seed=seed + before, line=line)
            if line.inputs == before:
                break
    return line


def _search(*, parser: Parser, most: int, seed: int, line: Line) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=most,
        deadline=None,
        database=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
    )
    @hypothesis.given(parser.inputs)
    def give(value: Any) -> None:
        _give(parser=parser, value=value, line=line)
        if line.breach is not None:
            breach, line.breach = line.breach, None
            line.example = value
            raise breach

    try:
        give()
    except BaseException as breach:
        if line.example is None or isinstance(breach, KeyboardInterrupt):
            raise
        line.breach = breach


def _give(*, parser: Parser, value: Any, line: Line) -> None:
    line.inputs += 1
    try:
        line.refused += examine(parser=parser, value=value)
    except Exception as breach:  # noqa: BLE001 - whatever it is, it is what is looked for
        line.breach, line.example = breach, value


def _check_refusal(*, text: str, shown: str, hidden: Iterable[str]) -> None:
    claim(text.strip(), "A refusal says nothing.")
    claim(len(text) <= _LONGEST_SENTENCE, f"A refusal has {len(text):,} characters.")
    claim(_OF_PYTHON.search(text) is None, f"A refusal speaks Python: {text[:200]}")
    for secret in hidden:
        claim(secret not in shown, "A refusal repeats a value that it must not tell.")


@contextmanager
def _in_time() -> Iterator[None]:
    """Break off what uses the processor for too long. Only a main thread can be broken off."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def too_slow(_: int, __: FrameType | None) -> NoReturn:
        raise TooSlow(f"It took more than {_SECONDS:g} s of the processor.")

    before = signal.signal(signal.SIGVTALRM, too_slow)
    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
