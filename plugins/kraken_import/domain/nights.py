"""When nights begin: one cron line for all dialects, read in the time zone of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SCHEDULE: Final = "MIGRATION_SCHEDULE"


def scheduled(*, environment: Mapping[str, str]) -> str:
    """Return when waves of cohorts begin, as a cron line; empty: they are run by hand only."""
    return environment.get(SCHEDULE, "0 20 * * *")
