"""The legacy and tracking databases as the commands need them: with their schema and customers."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, text

from kraken_import.cli.databases import engine_of as engine_of
from kraken_import.cli.schema import bring_up_to_date
from kraken_import.generator import load
from kraken_import.local import logins
from kraken_import.local.postgres import Cluster
from kraken_import.local.problems import StackProblem, called
from kraken_import.local.settings import DEFAULT_SEED, RUN
from kraken_import.local.targets import Systems
from kraken_import.tracking import roles
from transforms.additions import BadAddition
from transforms.extract import UnableToExtract, candidate_identifiers, existing_identifiers, extract
from transforms.private import write_private
from transforms.project import BadProject
from transforms.registry import ancestry, dialect_names, get_dialect, usable_dialects

FIRST_CUSTOMERS = 1_000
"""Generated customers of each dialect in a fresh legacy database, so that a wave can be started at once."""

_SEED = RUN / "legacy-seed.json"


class UnableToUseLegacy(StackProblem):
    """The legacy database lacks what the command needs."""


def migrate_tracking(*, dsn: str) -> None:
    """Bring the tracking database's schema up to date; raises UnableToMigrateTracking."""
    with engine_of(dsn=dsn) as engine:
        bring_up_to_date(engine=engine)


def prepare_databases(*, cluster: Cluster, names: Sequence[str]) -> None:
    """Create the bundled databases and their users, and make the tracking database its owner's."""
    logins.make_logins(cluster=cluster)
    for name in names:
        cluster.create_database(name=name)
    with engine_of(dsn=cluster.dsn(database="tracking")) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER DATABASE tracking OWNER TO {logins.OWNER}")
            # An earlier version's superuser made all of it.
            roles.hand_over(connection=connection)
        roles.hand_over_partitions(engine=engine)


def is_filled(*, dsn: str) -> bool:
    """Whether a legacy database has the schema and its customers."""
    with engine_of(dsn=dsn) as engine:
        return load.ready(engine=engine)


def misfits(*, dsn: str, dialects: Sequence[str]) -> dict[str, str]:
    """The dialects whose SQL cannot be run on a database named by LEGACY_DSN, each with the reason."""
    found = {}
    with engine_of(dsn=dsn) as engine:
        for name in dialects:
            try:
                dialect = get_dialect(name=name)
                candidate_identifiers(engine=engine, dialect=dialect, after=None, limit=1)
                existing_identifiers(engine=engine, dialect=dialect, identifiers=[])
                extract(engine=engine, dialect=dialect, identifiers=[], with_balances=True)
            except (BadAddition, BadProject, UnableToExtract) as error:
                found[name] = f"{name} cannot be read from the database at LEGACY_DSN: {error}"
    return found


def check_readable(*, dsn: str, dialect: str) -> None:
    """Raise UnableToUseLegacy for a database, named by LEGACY_DSN, that a dialect's SQL does not fit."""
    for reason in misfits(dsn=dsn, dialects=[dialect]).values():
        raise UnableToUseLegacy(reason)


def prepare_legacy(
    *, systems: Systems, seed: int | None, dialect: str | None = None, say: Callable[[str], None] = print
) -> None:
    """Fill the bundled legacy database when it is empty; only look at another one.

    Another one must fit `dialect`; without it, `say` reports each dialect that does not fit. Raises
    UnableToUseLegacy: another database that cannot be read, or a seed that differs from the data's.
    """
    if not systems.bundled_legacy and dialect is not None:
        check_readable(dsn=systems.legacy_dsn, dialect=dialect)
        return
    if not systems.bundled_legacy:
        for reason in misfits(dsn=systems.legacy_dsn, dialects=dialect_names()).values():
            say(f"Left out: {reason}")
        return
    with engine_of(dsn=systems.legacy_owner_dsn) as engine:
        adopt_bundled(engine=engine)
        # The seed is remembered once all customers are in: without it, the filling was interrupted. Another
        # version of the generator may have made other tables.
        if _known().get("generator") == load.version() and load.ready(engine=engine):
            _check_seed(seed=seed)
            logins.let_read_legacy(engine=engine)
            return
        chosen = known_seed() if seed is None else seed
        customers = dict.fromkeys(load.generated_dialects(), FIRST_CUSTOMERS)
        load.fill(engine=engine, customers=customers, seed=chosen, tell=_keep_quiet)
        logins.let_read_legacy(engine=engine)
        remember_seed(seed=chosen)


def adopt_bundled(*, engine: Engine) -> None:
    """Mark what an older version generated in the bundled database, which is ours, as the generator's."""
    load.adopt(engine=engine)


def dialects_with_customers(*, systems: Systems) -> list[str]:
    """Return the dialects whose customers a legacy database may have: in the bundled one, all generated.

    For another database they are those that fit it. Raises UnableToUseLegacy when none does.
    """
    if systems.bundled_legacy:
        return [name for name in usable_dialects() if generated_for(dialect=name)]
    reasons = misfits(dsn=systems.legacy_dsn, dialects=dialect_names())
    fitting = [name for name in dialect_names() if name not in reasons]
    if not fitting:
        raise UnableToUseLegacy(
            "No dialect fits the database at LEGACY_DSN, as said above: adapt the SQL of yours in "
            "sql/extract, and name it with DIALECT=."
        )
    return fitting


def generated_for(*, dialect: str) -> str | None:
    """Return the dialect whose generated customers this one can migrate: its own, or of one it extends."""
    generated = load.generated_dialects()
    return next((name for name in ancestry(name=dialect) if name in generated), None)


def generate_up_to(*, systems: Systems, dialect: str, total: int) -> None:
    """Generate customers of a dialect in the bundled legacy database until there are `total`."""
    generated = generated_for(dialect=dialect)
    if not systems.bundled_legacy or generated is None:
        return
    with engine_of(dsn=systems.legacy_owner_dsn) as engine:
        there = load.count(engine=engine, dialect=generated)
        if there < total:
            load.generate(engine=engine, dialect=generated, first=there + 1, last=total, seed=known_seed())


def top_up(*, systems: Systems, dialects: Sequence[str], wanted: int, is_dry_run: bool) -> int:
    """Generate customers until `wanted` of each dialect are free for a wave. Returns how many were made."""
    made = 0
    with engine_of(dsn=systems.legacy_owner_dsn) as legacy, engine_of(dsn=systems.tracking_dsn) as tracking:
        for dialect in dialects:
            generated = generated_for(dialect=dialect)
            if generated is None:
                continue
            there = load.count(engine=legacy, dialect=generated)
            claimed = _claimed(
                tracking=tracking, dialect=dialect, kraken=systems.target_kraken, is_dry_run=is_dry_run
            )
            missing = max(wanted - (there - claimed), 0)
            generate_up_to(systems=systems, dialect=dialect, total=there + missing)
            made += missing
    return made


def known_seed() -> int:
    """The seed that the bundled legacy database was filled with."""
    return int(_known().get("seed", DEFAULT_SEED))


def _known() -> dict[str, Any]:
    known: dict[str, Any] = json.loads(_SEED.read_text()) if _SEED.is_file() else {}
    return known


def remember_seed(*, seed: int) -> None:
    """Remember the seed, so that later customers continue the same series."""
    write_private(path=_SEED, text=json.dumps({"seed": seed, "generator": load.version()}))


def forget_seed() -> None:
    """Forget the seed: the bundled legacy database counts as empty until it has been filled."""
    _SEED.unlink(missing_ok=True)


def _keep_quiet(_: str) -> None:
    """Print nothing: filling a small database takes less time than reading about it."""


def _check_seed(*, seed: int | None) -> None:
    if seed is not None and seed != known_seed():
        raise UnableToUseLegacy(
            f"The legacy database was filled with SEED={known_seed()}: to use another seed, fill it again "
            f"with {called(command='legacy', variables=f'SEED={seed} ACCOUNTS=…')}."
        )


def _claimed(*, tracking: Engine, dialect: str, kraken: str, is_dry_run: bool) -> int:
    """Count customers that the next wave to this Kraken does not take: a dry run skips live ones too."""
    query = text(
        "SELECT count(DISTINCT external_identifier) FROM migration.import_process "
        "WHERE dialect = :dialect AND mode = ANY (:modes) AND target_kraken = :kraken"
    )
    values = {
        "dialect": dialect,
        "kraken": kraken,
        "modes": ["live", "rehearsal"] if is_dry_run else ["live"],
    }
    with tracking.connect() as connection:
        return int(connection.execute(query, values).scalar_one())
