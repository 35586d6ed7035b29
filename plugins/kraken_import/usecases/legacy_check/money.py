"""What the balances to reconcile lack."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from kraken_import.usecases.legacy_check.misfits import Misfit, graded, misfit
from kraken_import.usecases.legacy_check.statements import Statement
from transforms.database import stripped
from transforms.money import is_amount
from transforms.reading import Rows


def balance_misfits(*, statement: Statement, rows: Rows, customers: Collection[str]) -> Iterator[Misfit]:
    """Yield what is wrong with balances, each with the number of rows."""
    if not set(statement.columns) <= set(rows.names):
        return
    owners = [stripped(row.external_identifier) for row in rows.rows]
    amounts = [row.amount for row in rows.rows if row.amount is not None]
    blank = sum(owner in (None, "") for owner in owners)
    strange = sum(owner not in customers and owner not in (None, "") for owner in owners)
    inexact = sum(not is_amount(value=amount) for amount in amounts)
    told = (
        ("empty_key", "external_identifier", blank, "have no external_identifier: leave them out"),
        ("stranger", "external_identifier", strange, "are of customers that it was not asked for: select by "
         ":identifiers"),
        ("no_amount", "amount", inexact, "have an amount that is not an exact number: CAST it to numeric"),
    )  # fmt: skip
    for code, column, number, says in told:
        if number:
            yield misfit(
                code=code,
                file=statement.file,
                column=column,
                severity="error"
                if column == "external_identifier"
                else graded(severity="error", rows=number, among=len(amounts)),
                says=f"delivers rows ({number:,} of {len(rows.rows):,}) that {says}",
            )
    if not rows.rows:
        yield misfit(
            code="no_rows",
            file=statement.file,
            severity="warning",
            says=f"has not one balance for {len(customers):,} customers, so that no money can be reconciled: "
            "read them from the books",
        )
