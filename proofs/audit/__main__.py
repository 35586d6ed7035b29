"""`make audit`: two independent readers of what Kraken accepts, compared over customers and their mutations.

python -m proofs.audit [--dialect NAME] [--number N] [--seed S] [--contract FILE] [--page FILE]
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from kraken_import.generator import load
from proofs.audit import page
from proofs.audit.customers import TODAY, documents, generated
from proofs.audit.differences import AS_IT_IS, MEND, Difference, compare, gathered, meant, unexplained
from proofs.audit.explained import EXPLAINED
from proofs.audit.mutations import Mutator
from proofs.audit.readers import are_good, ours, theirs
from transforms.dialect import Dialect
from transforms.registry import dialect_names, get_dialect

_CUSTOMERS: Final = 500
_DOCUMENTS: Final = 300
_MUTATIONS: Final = 10
"""Of each customer."""
_AT_ONCE: Final = 500


def main(*, arguments: Sequence[str]) -> int:
    """Audit one dialect or all. Returns the exit status: 1 where a difference has no explanation."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.contract is not None:
        if options.dialect is None:
            parser.error("--contract needs a --dialect: say whose document it is")
        # It needs a library that only this command uses.
        from proofs.audit.contract import audit_contract

        return audit_contract(
            name=options.dialect,
            file=options.contract,
            number=options.number or _DOCUMENTS,
            seed=options.seed,
        )
    names = [options.dialect] if options.dialect else audited_dialects()
    missing = sorted(set(names) - set(load.generated_dialects()))
    if missing:
        print(
            f"No customers can be generated for {missing[0]}: "
            f"write sql/legacy/generate/{missing[0]}.sql first."
        )
        return 2
    left = 0
    with generated(dialects=dict.fromkeys(names, options.number or _CUSTOMERS), seed=options.seed) as engine:
        for name in names:
            left += len(audit(engine=engine, dialect=get_dialect(name=name), seed=options.seed))
    if options.page is not None:
        options.page.write_text(page.text(), encoding="utf-8")
    if left:
        print(MEND)
    return 1 if left else 0


def audited_dialects() -> list[str]:
    """The dialects for which customers can be generated; a new one may have no generator yet."""
    return [name for name in dialect_names() if name in load.generated_dialects()]


def audit(*, engine: Engine, dialect: Dialect, seed: int) -> list[Difference]:
    """Print the differences of a dialect. Returns those of them that have no explanation."""
    customers = list(documents(engine=engine, dialect=dialect))
    told = [f"customer {number} {AS_IT_IS}" for number in range(len(customers))]
    good = are_good(dialect=dialect, documents=customers, today=TODAY)
    # An empty document keeps the number of a broken customer, and has no place to change.
    changed = [document if is_good else {} for document, is_good in zip(customers, good, strict=True)]
    mutator = Mutator(documents=changed, rng=random.Random(seed))
    cases = zip(told, customers, strict=True)
    differences, compared, refused = _compared(dialect=dialect, cases=list(cases))
    for _ in range(0, _MUTATIONS * len(customers) if any(good) else 0, _AT_ONCE):
        drawn = [mutator.draw() for _ in range(_AT_ONCE)]
        some = [(each.told, each.document) for each in drawn]
        more, number, bad = _compared(dialect=dialect, cases=some)
        differences += more
        compared, refused = compared + number, refused + bad
    # One by one: of two differences at a place one may be meant, and the other not.
    left, explained = (
        gathered(chosen(differences=differences, explained=EXPLAINED.get(dialect.name, ())))
        for chosen in (unexplained, meant)
    )
    print(
        f"{dialect.name}: {len(customers):,} customers and "
        f"{compared - len(customers):,} mutations of the good ones, {refused:,} refused by both; "
        f"{len(explained)} explained differences, "
        f"{len(left)} without an explanation."
    )
    for each in left:
        print(f"  {each.refused_by} refuses {each.times} times: {each.code} at {each.path or 'the record'}")
        print(f"    for example {each.example}")
    return left


def _compared(
    *, dialect: Dialect, cases: Sequence[tuple[str, dict[str, Any]]]
) -> tuple[list[Difference], int, int]:
    payloads = [document for _, document in cases]
    one = ours(dialect=dialect, documents=payloads, today=TODAY)
    other = theirs(dialect=dialect, documents=payloads, today=TODAY)
    both = sum(bool(left) and bool(right) for left, right in zip(one, other, strict=True))
    return compare(told=[told for told, _ in cases], ours=one, theirs=other), len(cases), both


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make audit", description=__doc__)
    parser.add_argument("--dialect", choices=dialect_names(), help="all by default")
    parser.add_argument("--number", type=_number, help=f"customers of each dialect ({_CUSTOMERS})")
    parser.add_argument("--seed", type=_number, default=1)
    parser.add_argument("--contract", type=Path, help="an OpenAPI document that a Kraken serves")
    parser.add_argument("--page", type=Path, help="write the explained differences into this file")
    return parser


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**9):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(arguments=sys.argv[1:]))
