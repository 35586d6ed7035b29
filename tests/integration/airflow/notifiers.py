"""Notifiers for tests: one that remembers, one that fails, and one that never comes back."""

from __future__ import annotations

import time
from typing import Any

from airflow.sdk import BaseNotifier

from tests.integration.airflow.outbox import SENT


class Remembers(BaseNotifier):
    """Keeps the text that it was given, rendered."""

    template_fields = ("text",)

    def __init__(self, *, text: str) -> None:
        super().__init__()
        self.text = text

    def notify(self, context: Any) -> None:
        """Remember."""
        SENT.append((self.text, context["migration"]))


class Fails(BaseNotifier):
    """Fails with words that must not be logged."""

    def notify(self, context: Any) -> None:
        """Fail."""
        raise ConnectionError("smtp://user:hidden@mail")


class Hangs(BaseNotifier):
    """Takes longer than the pipeline waits."""

    def notify(self, context: Any) -> None:
        """Hang."""
        time.sleep(5)
