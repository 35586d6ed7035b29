"""Every parser of what comes from outside."""

from __future__ import annotations

from typing import Final

from proofs.answers import connections, kraken, rows, runs, tokens, wire
from proofs.answers.contract import Parser

PARSERS: Final[tuple[Parser, ...]] = (
    *kraken.PARSERS,
    *tokens.PARSERS,
    *connections.PARSERS,
    *runs.PARSERS,
    *rows.PARSERS,
    *wire.PARSERS,
)
