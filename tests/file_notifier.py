"""A notifier of tests' stacks: `tests/stacks.py` copies it to where Airflow's processes import from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.sdk import BaseNotifier


class WritesToFile(BaseNotifier):
    """Appends what it is told to a file: the rendered text, and all that a template could use."""

    template_fields = ("text",)

    def __init__(self, *, text: str, file: str) -> None:
        super().__init__()
        self.text = text
        self.file = file

    def notify(self, context: Any) -> None:
        """Write."""
        with Path(self.file).open("a", encoding="utf-8") as file:
            file.write(f"{self.text}\t{dict(context['migration'])!r}\n")
