"""Fields that several forms share: the policy of a wave, and how long a batch waits."""

from __future__ import annotations

from typing import Any, Final

from airflow.sdk import Param

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
"""What is said here is the same in the newest draft, whose schemas take twice as long to check."""


def form_field(*default: Any, **schema: Any) -> Param:
    """Return a field of a form, with a default or without one.

    Airflow checks the schema of each anew, for the DAG and for every task of it, whenever it reads the DAG.
    """
    return Param(*default, **{"$schema": _DRAFT, **schema})


AWAIT_MINUTES = form_field(
    60,
    type="number",
    exclusiveMinimum=0,
    maximum=10_080,
    title="Minutes to wait",
    description="How long a batch waits for Kraken. What is still open then, poll_open goes on asking about.",
)

IMPORT_SUPPLIER = form_field(
    None,
    type=["null", "string"],
    minLength=1,
    title="Import supplier",
    description="Kraken's code for the supplier they come from. Empty: the one in the Connection.",
)

POLICY = {
    "threshold": form_field(
        None,
        type=["null", "number"],
        minimum=0,
        maximum=1,
        section="Policy",
        title="Failure threshold",
        description="Share of failed records (0 to 1) above which the run ends failed; an unattended wave in "
        "which more are refused before the first create is stopped there.",
    ),
    "require_rehearsal": form_field(
        None,
        type=["null", "boolean"],
        section="Policy",
        title="Require a rehearsal",
        description="Create only what a dry run has succeeded with, payload for payload; hold back the rest.",
    ),
    "approval": form_field(
        None,
        type=["null", "string"],
        enum=[None, "unattended", "required"],
        section="Policy",
        title="Approval",
        description="required: a person must approve, under Required actions, before anything is created. "
        "unattended: the failure threshold decides.",
    ),
    "approval_minutes": form_field(
        None,
        type=["null", "number"],
        exclusiveMinimum=0,
        maximum=10_080,
        section="Policy",
        title="Minutes to wait for approval",
        description="Without an answer by then the wave ends, and nothing is created.",
    ),
    "four_eyes": form_field(
        None,
        type=["null", "boolean"],
        section="Policy",
        title="Four eyes",
        description="With approval required: the user who asked for the wave or planned its cohort cannot "
        "approve it.",
    ),
    "reruns_ask": form_field(
        None,
        type=["null", "boolean"],
        section="Policy",
        title="Reruns ask for approval",
        description="With approval required: a rerun of the wave's records needs a new approval. Otherwise "
        "the wave's approval covers it.",
    ),
    "error_share": form_field(
        None,
        type=["null", "number"],
        minimum=0,
        maximum=1,
        section="Policy",
        title="Error budget: share",
        description="Share of failures (0 to 1) of validation, creation or the end of processing; once the "
        "last records prove more with 99 % certainty, the wave stops.",
    ),
    "error_count": form_field(
        None,
        type=["null", "integer"],
        minimum=0,
        section="Policy",
        title="Error budget: number",
        description="Number of failures among those records; one more stops the wave at once.",
    ),
    "error_window": form_field(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=100_000,
        section="Policy",
        title="Error budget: window",
        description="How many of the latest records of a stage the error budget looks at.",
    ),
    "requests_in_flight": form_field(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=256,
        section="Policy",
        title="Requests in flight",
        description="Requests to Kraken under way at once, for each batch.",
    ),
}
"""The settings that steer a wave. An empty field leaves it to the cohort's policy, else the Connection's,
else ours."""
