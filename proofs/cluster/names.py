"""What a member of the cluster calls itself to Airflow: on one machine all have the same host name."""

from __future__ import annotations

import os
from typing import Final

VARIABLE: Final = "CLUSTER_MEMBER"


def member() -> str:
    """Return the name of this member, as Airflow's `hostname_callable`."""
    return os.environ[VARIABLE]
