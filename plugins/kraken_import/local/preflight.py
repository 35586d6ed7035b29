"""`make preflight`: builds and checks customers without any call, and says what to mend at the source."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from kraken_import.cli import preflights
from kraken_import.local import data
from kraken_import.local.payload import kraken_connection, legacy_database, wanted_dialect
from kraken_import.local.running import running
from kraken_import.local.settings import ROOT, RUN, Wishes
from kraken_import.local.targets import check_database


def preflight(*, wishes: Wishes) -> None:
    """Check the first ACCOUNTS candidates of DIALECT; print the causes, write them as CSV and HTML."""
    dialect = wanted_dialect(wishes=wishes)
    wanted = wishes.accounts or preflights.DEFAULT_CUSTOMERS
    kraken = kraken_connection()
    with legacy_database(wishes=wishes, dialect=dialect, at_least=wanted) as engine:
        checked = preflights.check(engine=engine, dialect=dialect, wanted=wanted, kraken=kraken)
    with _tracking(wishes=wishes) as tracking:
        if tracking is not None:
            checked.rehearsed = preflights.last_rehearsal(tracking=tracking, dialect=dialect, kraken=kraken)
            if problem := preflights.keep(tracking=tracking, checked=checked, by=getpass.getuser()):
                sys.stderr.write(f"{problem}\n")
    files = preflights.write(checked=checked, folder=RUN / "preflight")
    shown = [str(file.relative_to(ROOT)) for file in files]
    lines = preflights.lines_of(checked=checked, wanted=wanted, files=shown)
    sys.stdout.write("\n".join(lines) + "\n")


@contextmanager
def _tracking(*, wishes: Wishes) -> Iterator[Engine | None]:
    """Yield the tracking database that is named, or the running stack's; None without one."""
    dsn = wishes.targets.tracking_dsn
    if dsn is None:
        found = running()
        if found is None:
            yield None
            return
        dsn = found.systems.tracking_dsn
    else:
        check_database(name="TRACKING_DSN", dsn=dsn)
    with data.engine_of(dsn=dsn) as tracking:
        yield tracking
