"""The asset that each dialect's live waves update, so that other DAGs can be scheduled on it.

from kraken_import.airflow.assets import migrated

with DAG("after_the_wave", schedule=migrated(dialect="edf_accounts")): ...
"""

from __future__ import annotations

from collections.abc import Mapping

from airflow.sdk import Asset, AssetAlias, Context


def migrated(*, dialect: str) -> Asset:
    """Return the asset that stands for the customers of a dialect that are in Kraken."""
    return Asset(name=f"kraken_migration_{dialect}", uri=f"kraken-migration://waves/{dialect}")


def outlet(*, dialect: str) -> AssetAlias:
    """Return the outlet of the task that ends waves.

    An alias: the asset itself as an outlet would be updated by rehearsals and by nights without a wave too.
    """
    return AssetAlias(name=f"live_waves_{dialect}")


def update(*, context: Context, dialect: str, wave_id: int, counts: Mapping[str, int]) -> None:
    """Note that a live wave has ended well. Airflow forgets it if the task fails after all."""
    context["outlet_events"][outlet(dialect=dialect)].add(
        migrated(dialect=dialect), extra={"wave_id": wave_id, "records": dict(counts)}
    )
