"""An auth manager that knows access per DAG, which Airflow's simple one does not."""

from __future__ import annotations

from typing import Any, Final

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

ELSEWHERE: Final = "elsewhere"
"""Has the role op, and no access to the DAGs of `CLOSED`."""
CLOSED: Final = frozenset({"migrate_edf_accounts", "rerun_edf_accounts"})


class PerDagAuthManager(SimpleAuthManager):
    """Airflow's simple auth manager, with one user who may not see the DAGs of one dialect."""

    def is_authorized_dag(
        self, *, method: Any, user: Any, access_entity: Any = None, details: Any = None
    ) -> bool:
        """Return whether the user may do this with the DAG."""
        if user.username == ELSEWHERE and details is not None and details.id in CLOSED:
            return False
        return super().is_authorized_dag(
            method=method, user=user, access_entity=access_entity, details=details
        )
