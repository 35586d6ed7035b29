"""`make diff`: compares a customer's payload as it would be built now with what was rehearsed and sent."""

from kraken_import.cli.differing import UnableToCompare, differing
from kraken_import.local import data
from kraken_import.local.payload import kraken_connection, legacy_database, wanted_dialect
from kraken_import.local.running import require_running
from kraken_import.local.settings import Wishes
from kraken_import.local.targets import check_database


def print_differences(*, wishes: Wishes) -> None:
    """Print every path that differs, for the one customer that ID names. Raises UnableToCompare."""
    dialect = wanted_dialect(wishes=wishes)
    if len(wishes.identifiers) != 1:
        raise UnableToCompare("Say whose payloads to compare: ID=EXTERNAL-1234, one customer.")
    kraken = kraken_connection()
    dsn = wishes.targets.tracking_dsn
    if dsn is None:
        dsn = require_running().systems.tracking_dsn
    else:
        check_database(name="TRACKING_DSN", dsn=dsn)
    with (
        legacy_database(wishes=wishes, dialect=dialect) as legacy,
        data.engine_of(dsn=dsn) as tracking,
    ):
        lines = differing(
            tracking=tracking,
            legacy=legacy,
            dialect=dialect,
            identifier=wishes.identifiers[0],
            kraken=kraken,
        )
    print("\n".join(lines))
