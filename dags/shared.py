"""What the DAGs of waves and of reruns share: how many batches at once, and which faults are tried again."""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

BATCHES_AT_ONCE = int(os.environ.get("MIGRATION_BATCHES_AT_ONCE", "4"))

RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[
                "kraken_import.usecases.faults.BadRequest",
                "kraken_import.usecases.faults.SystemicFault",
                "kraken_import.client.settings.UnableToReadConnection",
                "kraken_import.client.requests.UnableToSendTaskParams",
                "transforms.assemble.FrameContractBroken",
                "transforms.extract.UnableToExtract",
            ],
            action=RetryAction.FAIL,
        ),
        RetryRule(
            exception=["kraken_import.usecases.faults.Retryable", "sqlalchemy.exc.OperationalError"],
            action=RetryAction.RETRY,
            retry_delay=timedelta(seconds=15),
        ),
    ]
)
