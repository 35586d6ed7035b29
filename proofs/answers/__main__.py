"""`python -m proofs.answers [INPUTS] [SEED]`: gives damaged input to every parser of outside data."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Sequence
from typing import Final

from proofs.answers.contract import Line, Parser, search
from proofs.answers.table import PARSERS

INPUTS: Final = 100_000
"""Inputs of all parsers together."""

_SEED: Final = 7
_SHOWN: Final = 2_000
_WRONG: Final = "INPUTS and SEED must be whole numbers from 1 on: make answers INPUTS=100000 SEED=7.\n"


def main(*, arguments: Sequence[str], parsers: Sequence[Parser] = PARSERS) -> int:
    """Put every parser to the test, each with the same share of the inputs. Returns the exit status.

    0 if every parser keeps its contract, 1 if one does not, 2 for arguments that make no sense.
    """
    given = [argument.strip() for argument in arguments if argument.strip()]
    if len(given) > 2 or not all(each.isascii() and each.isdigit() and len(each) < 10 for each in given):
        sys.stderr.write(_WRONG)
        return 2
    inputs, seed = (int(each) for each in (*given, *(str(INPUTS), str(_SEED))[len(given) :]))
    if not inputs:
        sys.stderr.write(_WRONG)
        return 2
    share = -(-inputs // len(parsers))
    print(f"{share:,} inputs for each of {len(parsers)} parsers, by seed {seed}.\n")
    print(f"{'parser':<34}{'inputs':>9}{'own refusals':>14}{'foreign':>9}{'seconds':>9}")
    lines = []
    for parser in parsers:
        began = time.process_time()
        line = search(parser=parser, inputs=share, seed=seed)
        lines.append(line)
        print(_row(line=line, seconds=time.process_time() - began), flush=True)
    inputs, refused = sum(line.inputs for line in lines), sum(line.refused for line in lines)
    print(f"{'all':<34}{inputs:>9,}{refused:>14,}{sum(line.foreign for line in lines):>9}")
    broken = [line for line in lines if line.breach is not None]
    for line in broken:
        print(f"\n{told(line=line)}")
    return 1 if broken else 0


def told(*, line: Line) -> str:
    """What broke a contract, with the smallest input that does. Every input is made up."""
    assert line.breach is not None
    # An input may be a number that Python does not spell otherwise.
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        example = repr(line.example)
    finally:
        sys.set_int_max_str_digits(limit)
    if len(example) > _SHOWN:
        example = f"{example[:_SHOWN]}… ({len(example):,} characters)"
    last = traceback.extract_tb(line.breach.__traceback__)[-1]
    what = f"{type(line.breach).__name__}: {str(line.breach)[:_SHOWN]}"
    return (
        f"{line.name} broke its contract at {last.name}, line {last.lineno}, with {what}\n  input: {example}"
    )


def _row(*, line: Line, seconds: float) -> str:
    return f"{line.name:<34}{line.inputs:>9,}{line.refused:>14,}{line.foreign:>9}{seconds:>9.1f}"


if __name__ == "__main__":
    sys.exit(main(arguments=sys.argv[1:]))
