"""Erases one customer: personal data goes, a token stands for the identifier, counts and sums stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine

from kraken_import.domain.orders import Order
from kraken_import.tracking import erasure, legal_holds
from kraken_import.tracking.erasure import Customer, Erasable
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.legal_holds import in_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What is, or was, known of a customer: the number of records, the token, and what names the customer.

    `is_done`: the customer was erased before; `records` counts those that have come since.
    """

    records: int
    token: str
    is_done: bool
    names: tuple[str, ...] = field(repr=False)


def find_erasure(*, tracking: Engine, external_identifier: str, import_supplier: str | None) -> Erasure:
    """Return what erasing a customer would concern, and change nothing. Raises `BadRequest` as it would."""
    with tracking.connect() as connection:
        customer = _customer(
            connection=connection, external_identifier=external_identifier, import_supplier=import_supplier
        )
        found = _checked(connection=connection, customer=customer)
        connection.rollback()
        return found


def erase_customer(
    *,
    tracking: Engine,
    external_identifier: str,
    import_supplier: str | None,
    order: Order,
    before_commit: Callable[[Erasure], None] | None = None,
) -> Erasure:
    """Erase a customer, or what has come since that was done before. Returns what it concerned.

    `before_commit` does what needs the names that the database then no longer has: if it raises, nothing is
    erased there, and a repetition finds them again.
    Raises `BadRequest` while a record is open or may still be built, while a wave or a cohort is being
    planned, and under a legal hold.
    """
    if order.reason is None:
        raise BadRequest("Say why by --reason: it is kept, with your name and the token, for those who ask.")
    if external_identifier in order.reason:
        raise BadRequest("Leave the identifier out of the reason: the reason is kept.")
    try:
        with tracking.begin() as connection:
            erasure.lock(connection=connection)
            customer = _customer(
                connection=connection,
                external_identifier=external_identifier,
                import_supplier=import_supplier,
            )
            found = _checked(connection=connection, customer=customer)
            erasure.erase(connection=connection, customer=customer, by=order.by, reason=order.reason)
            if before_commit is not None:
                before_commit(found)
    except erasure.PlanUnderWay:
        raise BadRequest(
            "The customer was not erased: a wave or a cohort is being planned, which may take the customer, "
            "so try again in a minute."
        ) from None
    return found


def _customer(*, connection: Connection, external_identifier: str, import_supplier: str | None) -> Customer:
    if not erasure.may_erase(connection=connection):
        raise BadRequest(
            "Erasing is for the owner of the tracking database alone: name by TRACKING_OWNER_DSN a member of "
            "migration_owner."
        )
    known = erasure.suppliers(connection=connection, external_identifier=external_identifier)
    chosen = [each for each in known if import_supplier in (None, each)]
    if not chosen:
        raise BadRequest(
            "No wave and no cohort has a customer with this external identifier: look it up again."
        )
    if len(chosen) > 1:
        raise BadRequest(
            f"Customers of {len(chosen)} import suppliers ({', '.join(chosen)}) have this external "
            "identifier: say by --import-supplier whom to erase."
        )
    return Customer(import_supplier=chosen[0], external_identifier=external_identifier)


def _checked(*, connection: Connection, customer: Customer) -> Erasure:
    found = erasure.records(connection=connection, customer=customer)
    obstacles = [*_obstacles(found=found), *_holds(connection=connection, customer=customer, found=found)]
    if obstacles:
        raise BadRequest(f"The customer cannot be erased yet: {'; '.join(dict.fromkeys(obstacles))}.")
    token = erasure.token(connection=connection, customer=customer)
    return Erasure(
        records=len(found),
        token=token.token,
        is_done=token.is_done,
        names=(
            customer.external_identifier,
            *erasure.kraken_identifiers(connection=connection, customer=customer),
        ),
    )


def _obstacles(*, found: Sequence[Erasable]) -> list[str]:
    obstacles = []
    for record in found:
        wave = f"wave {record.wave_name!r} ({record.wave_id})"
        if record.rerun is not None:
            obstacles.append(f"rerun {record.rerun} has not ended")
        if not record.is_over:
            obstacles.append(f"the record in {wave} is {record.state.value}, so its end is to come")
        elif record.runs:
            obstacles.append(f"the run of {wave} has not been summarised")
        if record.is_held_there:
            obstacles.append(
                f"the legacy system holds the customer for {wave}, so let poll_open release that"
            )
    return obstacles


def _holds(*, connection: Connection, customer: Customer, found: Sequence[Erasable]) -> list[str]:
    numbers = legal_holds.of_customer(
        connection=connection,
        external_identifier=customer.external_identifier,
        ids=[record.id for record in found],
    )
    return in_words(numbers=numbers)
