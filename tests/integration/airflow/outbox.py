"""What the notifier that remembers was told. No module of Airflow's, so that reading tests imports none."""

from __future__ import annotations

from typing import Any

SENT: list[tuple[str, dict[str, Any]]] = []
