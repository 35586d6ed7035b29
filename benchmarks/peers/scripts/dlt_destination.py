"""dlt with a custom destination: it cuts the accounts into files, loads them in threads, and keeps its place.

Its state says which accounts it has extracted and, for each file, which batches the destination has finished.
What a killed run has left pending is finished before anything is extracted. A batch has ten accounts, as dlt
has it unless told otherwise: so many at most are sent again for each thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from kraken import Account, Books, Task, await_ends, create, read_task
from over_requests import asking, in_turn

_FILES_FOR_EACH = 2
_BATCH = 10


def main(task: Task) -> None:
    """Run the pipeline until nothing is pending."""
    accounts = sum(1 for _ in task.accounts())
    os.environ["DATA_WRITER__FILE_MAX_ITEMS"] = str(max(1, accounts // (_FILES_FOR_EACH * task.at_once)))
    os.environ["LOAD__WORKERS"] = str(task.at_once)
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
    import dlt

    books, ask = Books.of(task.folder), asking(task)

    @dlt.destination(
        name="kraken",
        batch_size=_BATCH,
        loader_file_format="typed-jsonl",
        loader_parallelism_strategy="parallel",
        max_parallel_load_jobs=task.at_once,
        naming_convention="direct",
    )
    def kraken(items: list[dict[str, Any]], _table: Any) -> None:
        for item in items:
            create(ask=ask, books=books, account=Account(identifier=item["identifier"], body=item["body"]))
        await_ends(
            task=task,
            ask=ask,
            books=books,
            spread=in_turn,
            identifiers=[item["identifier"] for item in items],
        )

    @dlt.resource(name="accounts", write_disposition="append")
    def accounts_of_file(
        number: Any = dlt.sources.incremental("number", initial_value=-1, range_start="open"),
    ) -> Iterator[dict[str, Any]]:
        for place, account in enumerate(task.accounts()):
            if place > number.last_value:
                yield {"number": place, "identifier": account.identifier, "body": account.body}

    pipeline = dlt.pipeline("peer", destination=kraken(), pipelines_dir=str(task.folder / "dlt"))
    if pipeline.has_pending_data:
        pipeline.run()
    pipeline.run(accounts_of_file())


if __name__ == "__main__":
    main(read_task())
