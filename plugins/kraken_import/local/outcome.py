"""How waves ended: the errors, and the comparison with what the generated customers imply."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import requests
from sqlalchemy import Engine, text

from kraken_import.domain.lifecycle import FAILED, State
from kraken_import.local.data import generated_for
from kraken_import.local.problems import StackProblem
from transforms.registry import get_dialect

_EXAMPLES = 3
_LEDGER_SECONDS = 60.0
_LEDGER_KEYS = 50_000
"""Read at once: the ledger of a million at once would take a gigabyte there and here."""
_REHEARSED = {State.PROCESSED: State.DRY_RUN_SUCCEEDED.value, State.ERRORED: State.DRY_RUN_ERRORED.value}
"""How a dry run ends where a live import would end like this."""


class UnableToReadLedger(StackProblem):
    """The stand-in Kraken does not say what it created."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was found right, and what was not: a sentence each."""

    right: Sequence[str]
    faults: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """The same first error of several customers: `path` has no indexes, `example` is one of their keys."""

    dialect: str
    state: str
    code: str
    path: str
    customers: int
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One customer's end; its import supplier is not part of what was expected of it."""

    dialect: str
    external_identifier: str
    state: str
    code: str | None
    path: str | None
    import_supplier: str = field(default="", compare=False)

    def words(self) -> str:
        """State, code and field in a few words."""
        return " ".join(part for part in (self.state, self.code, self.path) if part)


def judged(
    *, tracking: Engine, legacy: Engine, kraken_url: str, wave_ids: Sequence[int], is_dry_run: bool
) -> Judgement:
    """Return whether waves ended as the generated customers imply, and the stand-in created as they say."""
    right, faults = [], []
    found = ends(tracking=tracking, wave_ids=wave_ids)
    if knows_expectations(legacy=legacy):
        lines = differences(legacy=legacy, found=found, is_dry_run=is_dry_run)
        if lines:
            faults.append(f"{len(lines):,} customers ended otherwise than expected: {listed(lines=lines)}.")
        else:
            right.append(f"Every one of {len(found):,} outcomes is what the generated customer implies.")
    repeated = ledger_faults(kraken_url=kraken_url, found=found)
    if repeated:
        faults.append(f"Kraken's ledger differs: {listed(lines=repeated)}.")
    else:
        right.append("The stand-in's ledger shows each key created at most once.")
    return Judgement(right=right, faults=faults)


def error_groups(*, tracking: Engine, wave_ids: Sequence[int]) -> list[ErrorGroup]:
    """The failed and parked customers of these waves, grouped by code and field, the most frequent first."""
    query = text(
        """
        SELECT dialect, state, coalesce(first_error_code, '') AS code, coalesce(first_error_path, '') AS path,
            count(*) AS customers, min(external_identifier) AS example
        FROM migration.import_process
        WHERE wave_id = ANY (:wave_ids) AND state = ANY (:failed)
        GROUP BY 1, 2, 3, 4
        ORDER BY dialect, customers DESC, code, path
        """
    )
    values = {"wave_ids": list(wave_ids), "failed": [state.value for state in FAILED | {State.PARKED}]}
    with tracking.connect() as connection:
        rows = connection.execute(query, values).mappings()
        return [ErrorGroup(**row) for row in rows]


def ends(*, tracking: Engine, wave_ids: Sequence[int]) -> list[Ended]:
    """How every customer of these waves ended."""
    query = text(
        """
        SELECT dialect, external_identifier, state, first_error_code AS code,
            first_error_path AS path, import_supplier
        FROM migration.import_process
        WHERE wave_id = ANY (:wave_ids)
        ORDER BY dialect, external_identifier
        """
    )
    with tracking.connect() as connection:
        rows = connection.execute(query, {"wave_ids": list(wave_ids)}).mappings()
        return [Ended(**row) for row in rows]


def knows_expectations(*, legacy: Engine) -> bool:
    """Return whether the generator, which knows how its customers must end, filled this legacy database."""
    with legacy.connect() as connection:
        query = text("SELECT to_regclass('generator.expected_outcome') IS NOT NULL")
        return bool(connection.execute(query).scalar_one())


def differences(*, legacy: Engine, found: Sequence[Ended], is_dry_run: bool) -> list[str]:
    """One line for each customer that did not end as the generator knows it must, live or in a dry run."""
    expected = _expected(legacy=legacy, found=found)
    lines = []
    for each in found:
        wanted = expected.get((each.dialect, each.external_identifier)) or Ended(
            dialect=each.dialect,
            external_identifier=each.external_identifier,
            state=State.PROCESSED.value,
            code=None,
            path=None,
        )
        if is_dry_run:
            wanted = replace(wanted, state=_REHEARSED.get(State(wanted.state), wanted.state))
        if each != wanted:
            lines.append(
                f"{each.dialect} {each.external_identifier}: expected {wanted.words()}, got {each.words()}"
            )
    return lines


def ledger_faults(*, kraken_url: str, found: Sequence[Ended]) -> list[str]:
    """One line for each customer that the stand-in did not create exactly as often as the tracking says."""
    ledger = _read_ledger(kraken_url=kraken_url)
    lines = []
    for each in found:
        resource = get_dialect(name=each.dialect).resource
        times = ledger.get((resource, each.import_supplier, each.external_identifier), 0)
        wanted = 1 if State(each.state) in (State.PROCESSED, State.ERRORED) else 0
        if each.state == State.PARKED:
            # Kraken may have it, but not twice.
            wanted = min(times, 1)
        if times != wanted:
            lines.append(
                f"{each.dialect} {each.external_identifier}: created {times} times in Kraken, not {wanted}"
            )
    return lines


def listed(*, lines: Sequence[str]) -> str:
    """The first few lines as one, and how many more there are."""
    more = len(lines) - _EXAMPLES
    return "; ".join(lines[:_EXAMPLES]) + (f"; and {more} more" if more > 0 else "")


def _expected(*, legacy: Engine, found: Sequence[Ended]) -> dict[tuple[str, str], Ended]:
    query = text(
        """
        SELECT dialect, external_identifier, expected_state AS state, expected_code AS code,
            expected_path AS path
        FROM generator.expected_outcome
        JOIN unnest(CAST(:dialects AS text[]), CAST(:identifiers AS text[]))
            AS wanted (dialect, external_identifier) USING (dialect, external_identifier)
        """
    )
    # A dialect that extends another migrates the customers that were generated for that one.
    generated = {name: generated_for(dialect=name) or name for name in {each.dialect for each in found}}
    values = {
        "dialects": [generated[each.dialect] for each in found],
        "identifiers": [each.external_identifier for each in found],
    }
    with legacy.connect() as connection:
        rows = [Ended(**row) for row in connection.execute(query, values).mappings()]
    # A customer that was repaired is expected to end well, and then has no error.
    return {
        (name, row.external_identifier): replace(row, dialect=name)
        for row in rows
        for name, source in generated.items()
        if source == row.dialect
    }


def _read_ledger(*, kraken_url: str) -> dict[tuple[str, str, str], int]:
    """(resource, import supplier, external identifier) to the number of times that it was really created."""
    return {
        (key["resource"], key["import_supplier"], key["external_identifier"]): int(key["created"])
        for key in keys_of(address=f"{kraken_url}/simulator/ledger")
    }


def keys_of(*, address: str) -> Iterator[Mapping[str, Any]]:
    """Yield what the stand-in says of each key at an address, page by page. Raises UnableToReadLedger."""
    offset = 0
    while keys := said(address=f"{address}?offset={offset}&limit={_LEDGER_KEYS}")["keys"]:
        yield from keys
        offset += len(keys)


def said(*, address: str) -> Any:
    """Return what the stand-in says at an address. Raises UnableToReadLedger."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(address, timeout=_LEDGER_SECONDS)
            answer.raise_for_status()
            return answer.json()
        except (requests.RequestException, ValueError) as error:
            raise UnableToReadLedger(f"The stand-in Kraken does not answer at {address}.") from error
