"""Plans a cohort: who is to migrate together, and from which night on. Previews unless told to write."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Param

from kraken_import.airflow.dags.params import IMPORT_SUPPLIER, POLICY, form_field
from kraken_import.airflow.operators.cohort import PreviewCohortOperator, WriteCohortOperator
from transforms.registry import dialect_names, usable_dialects
from transforms.selection import LEFT_OUT, UnableToSelect, rule_names, rule_parameters

_log = logging.getLogger(__name__)

PARAMS = {
    "cohort": form_field(
        type="string",
        minLength=1,
        maxLength=100,
        title="Cohort",
        description="What people call it.",
    ),
    "wave_date": form_field(
        None,
        type=["null", "string"],
        format="date",
        title="Wave date",
        description="From this night on a scheduled run takes it. Empty: only a run that names it takes it.",
    ),
    "size": form_field(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Size",
        description="Most customers. Empty: all that the rule selects.",
    ),
    "leave_out": form_field(
        list(LEFT_OUT),
        type=["null", "array"],
        items={"type": "string", "minLength": 1},
        title="Leave out",
        description="Reasons of candidates.sql for which customers wait, one a line; for EDF also "
        "unknown_occupier, vacant and in_arrears. The preview counts who has which.",
    ),
    "import_supplier": IMPORT_SUPPLIER,
    "preview": form_field(
        True,
        type="boolean",
        title="Preview only",
        description="Count the customers that the cohort would get, and write nothing.",
    ),
    "mode": form_field(
        None,
        type=["null", "string"],
        enum=[None, "rehearsal", "live"],
        section="Policy",
        title="Mode",
        description="A rehearsal is Kraken's dry run. Empty: as the Connection says, else a rehearsal.",
    ),
    **POLICY,
    "schedule_window": form_field(
        None,
        type=["null", "string"],
        pattern=r"^([01]\d|2[0-3]):[0-5]\d ?- ?([01]\d|2[0-3]):[0-5]\d$",
        section="Policy",
        title="Schedule window",
        description="Between which hours Kraken may process, in the dialect's zone, for example 22:00-06:00.",
    ),
}

# Only parameters of rules whose form says more than a text field would.
RULE_PARAMS: dict[str, dict[str, Any]] = {
    "postcode_area": {
        "pattern": "^[A-Za-z]{1,2}$",
        "description": "Rule postcode_area: the letters before the first digit, such as LS.",
    },
    "billing_from": {"format": "date", "description": "Rule billing_cycle: earliest end of the last bill."},
    "billing_to": {"format": "date", "description": "Rule billing_cycle: latest end of the last bill."},
    "account_type": {"description": "Rule account_type: as the legacy system names it, such as DOM."},
    "every": {
        "type": ["null", "integer"],
        "minimum": 1,
        "description": "Rule trial: every n-th customer of each account type.",
    },
}


def _choices() -> dict[str, Param]:
    """Return the fields whose choices depend on the dialects in force."""
    names = usable_dialects()
    # A form needs a choice, if only one that is refused.
    shown = names or dialect_names()
    return {
        "dialect": form_field(
            shown[0],
            type="string",
            enum=list(shown),
            title="Dialect",
            description="Whose customers.",
        ),
        "rule": form_field(
            "all",
            type="string",
            enum=sorted({rule for dialect in names for rule in rule_names(dialect=dialect)}),
            title="Rule",
            description="How customers are selected; each is a file below sql/plan.",
        ),
    }


def rule_params() -> dict[str, Param]:
    """Return a field for each parameter of any rule that can be read; planning by another says why not."""
    found: dict[str, str] = {}
    for dialect in usable_dialects():
        for rule in rule_names(dialect=dialect):
            try:
                names = rule_parameters(dialect=dialect, rule=rule)
            except UnableToSelect as unable:
                # The file of a project has the DAGs of its waves too.
                _log.error("Rule %s of %s cannot be used: %s", rule, dialect, unable)
                continue
            for name in names:
                found.setdefault(name, rule)
    return {
        name: form_field(
            None,
            **{
                "type": ["null", "string"],
                "minLength": 1,
                "section": "Parameters of the rule",
                "title": name.replace("_", " ").capitalize(),
                "description": f"Rule {rule}.",
                **RULE_PARAMS.get(name, {}),
            },
        )
        for name, rule in sorted(found.items())
    }


def cohort_dag() -> DAG:
    """Return the DAG that plans a cohort: it previews unless told to write."""
    with DAG(
        dag_id="plan_cohort",
        dag_display_name="Plan a cohort",
        description="Selects customers for a wave to come; previews unless told to write.",
        doc_md=__doc__,
        schedule=None,
        catchup=False,
        params={**_choices(), **PARAMS, **rule_params()},
        tags=["kraken", "migration"],
        default_args={"owner": "migration", "retries": 0, "execution_timeout": timedelta(hours=1)},
    ) as dag:
        PreviewCohortOperator(task_id="preview") >> WriteCohortOperator(task_id="write")
    return dag
