"""Tasks that do nothing, for `make bench`: what Airflow takes for any task. Its stack alone reads them."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, BaseOperator, Context

TASKS = 24


class Nothing(BaseOperator):
    """Does nothing."""

    def __init__(self, *, number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number = number

    def execute(self, context: Context) -> None:
        """Return at once."""


with DAG("bench_nothing", schedule=None, doc_md=__doc__):
    Nothing.partial(task_id="nothing").expand(number=list(range(TASKS)))
