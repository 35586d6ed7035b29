"""Plans a cohort: who is to migrate together, and from which night on. No customer is ever planned twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from kraken_import.client.settings import KrakenSettings
from kraken_import.domain.lifecycle import Mode
from kraken_import.domain.policies import PolicySettings
from kraken_import.tracking import cohorts
from kraken_import.tracking.cohorts import Count, NewCohort
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.policy import check_policy, resolve, wave_policy, window_of
from kraken_import.usecases.systems import PlanSystems
from kraken_import.usecases.wave_request import check_names
from transforms.dialect import Dialect
from transforms.registry import UnknownDialect, get_dialect
from transforms.selection import LEFT_OUT, Parameter, Selection, UnableToSelect, check_rule, select


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortRequest:
    """The requested cohort. `size` is the most customers to plan; None plans all that the rule selects.

    Without `wave_date` only a run that names the cohort takes it.
    """

    dialect: str
    name: str
    rule: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    wave_date: date | None = None
    size: int | None = None
    leave_out: frozenset[str] = frozenset(LEFT_OUT)
    """Reasons of `candidates.sql` for which customers wait; those with any other are planned, and counted."""
    policy: PolicySettings = field(default_factory=PolicySettings)
    """The settings given here; the Connection gives the rest. They include the mode."""
    import_supplier: str | None = None
    connection_id: str = "kraken"
    planned_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCohort:
    """Customers that the rule selects, by what becomes of each; `selected` is the sum of the others.

    `strata` counts those planned by account type, `excluded` those who must wait by reason, `included` those
    planned despite a reason, by reason. `cohort_id` is None for a preview.
    """

    cohort_id: int | None
    selected: int
    planned: int
    beyond_size: int
    already_planned: int
    already_claimed: int
    strata: dict[str, int]
    excluded: dict[str, int]
    included: dict[str, int]
    policy: PolicySettings
    """The complete policy of its wave."""

    @property
    def counts(self) -> dict[str, int | dict[str, int]]:
        """Return the counts alone."""
        return {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.name not in ("cohort_id", "policy")
        }


def preview_cohort(*, systems: PlanSystems, request: CohortRequest, now: datetime) -> PlannedCohort:
    """Return what `write_cohort` would do now, without writing. Raises `BadRequest` as it does."""
    with systems.tracking.connect() as connection, connection.begin() as transaction:
        planned = _plan(connection=connection, systems=systems, request=request, now=now)
        transaction.rollback()
    return planned


def write_cohort(*, systems: PlanSystems, request: CohortRequest, now: datetime) -> PlannedCohort:
    """Plan the cohort in one transaction.

    Raises `BadRequest` and writes nothing: no such rule, wrong parameters for it, a name that is taken, a
    date that is over or belongs to waves of another kind, or no customer to plan.
    """
    with systems.tracking.begin() as connection:
        return _plan(connection=connection, systems=systems, request=request, now=now, is_written=True)


def _plan(
    *,
    connection: Connection,
    systems: PlanSystems,
    request: CohortRequest,
    now: datetime,
    is_written: bool = False,
) -> PlannedCohort:
    try:
        dialect = get_dialect(name=request.dialect)
        cohort = _new_cohort(dialect=dialect, kraken=systems.kraken, request=request, now=now)
        check_rule(dialect=dialect.name, rule=request.rule, parameters=request.parameters)
        # The legacy database can take its time, so impossible requests are refused first.
        cohorts.check_cohort(connection=connection, cohort=cohort)
        pages = select(
            engine=systems.legacy,
            dialect=dialect,
            selection=Selection(
                rule=request.rule, parameters=request.parameters, leave_out=request.leave_out
            ),
        )
        cohorts.stage_selection(connection=connection, pages=pages)
        if is_written:
            cohorts.lock_planning(connection=connection)
            cohorts.check_cohort(connection=connection, cohort=cohort)
        counts = cohorts.judge_selection(connection=connection, cohort=cohort, size=request.size)
    except (UnknownDialect, UnableToSelect, cohorts.CohortConflict, cohorts.SelectedTwice) as error:
        raise BadRequest(str(error)) from error
    found = _planned(counts=counts, cohort=cohort)
    if not found.planned:
        raise BadRequest(_nobody(request=request, found=found))
    if not is_written:
        return found
    cohort_id = cohorts.add_cohort(connection=connection, cohort=cohort, at=now)
    return _planned(counts=counts, cohort=cohort, cohort_id=cohort_id)


def _new_cohort(
    *, dialect: Dialect, kraken: KrakenSettings, request: CohortRequest, now: datetime
) -> NewCohort:
    if not request.name.strip():
        raise BadRequest("The cohort has no name: give it one.")
    check_names(cohort=request.name, import_supplier=request.import_supplier)
    if request.size is not None and request.size < 1:
        raise BadRequest(f"The size must be 1 or more, not {request.size}.")
    today = now.astimezone(ZoneInfo(dialect.zone)).date()
    if request.wave_date is not None and request.wave_date < today:
        raise BadRequest(f"The wave date {request.wave_date} is over: today is {today} in {dialect.zone}.")
    policy = _policy(dialect=dialect, kraken=kraken, request=request, now=now)
    mode = policy.mode or Mode.REHEARSAL
    if mode is Mode.REHEARSAL and kraken.envelope == "bare":
        raise BadRequest(
            f"Connection {request.connection_id!r} sends payloads bare, which cannot ask for a dry run: "
            "set its envelope to wrapped, or plan a live cohort."
        )
    supplier = request.import_supplier or kraken.import_suppliers.get(dialect.name)
    if not supplier:
        raise BadRequest(
            f"No import supplier is known for {dialect.name}: name one, or put it "
            f"under import_suppliers in Connection {request.connection_id!r}."
        )
    return NewCohort(
        name=request.name,
        dialect=dialect.name,
        resource=dialect.resource,
        mode=mode,
        import_supplier=supplier,
        target_kraken=kraken.target,
        wave_date=request.wave_date,
        rule=request.rule,
        parameters=request.parameters,
        leave_out=request.leave_out,
        policy=policy,
        planned_by=request.planned_by,
    )


def _policy(
    *, dialect: Dialect, kraken: KrakenSettings, request: CohortRequest, now: datetime
) -> PolicySettings:
    """Return the complete policy. Raises `BadRequest` where its wave would be refused too."""
    whose = f"the policy of Connection {request.connection_id!r} for {dialect.name}"
    least = kraken.policies.get(dialect.name, PolicySettings())
    settings = resolve(said=request.policy, least=least, whose=whose)
    window = window_of(settings=settings, wanted=(None, None), zone=dialect.zone, whose=whose, now=now)
    check_policy(
        policy=wave_policy(settings=settings, window=window),
        kraken=kraken,
        connection_id=request.connection_id,
        now=now,
    )
    return settings


def _planned(*, counts: Sequence[Count], cohort: NewCohort, cohort_id: int | None = None) -> PlannedCohort:
    standing: Counter[str] = Counter()
    strata: Counter[str] = Counter()
    # A reason that no customer has is shown too: it may be misspelt.
    excluded = Counter(dict.fromkeys(sorted(cohort.leave_out), 0))
    included: Counter[str] = Counter()
    for count in counts:
        standing[count.standing] += count.customers
        if count.standing == "planned":
            strata[count.stratum] += count.customers
            for reason in count.reasons:
                included[reason] += count.customers
        if count.exclusion is not None:
            excluded[count.exclusion] += count.customers
    return PlannedCohort(
        cohort_id=cohort_id,
        selected=standing.total(),
        planned=standing["planned"],
        beyond_size=standing["beyond_size"],
        already_planned=standing["already_planned"],
        already_claimed=standing["already_claimed"],
        strata=dict(strata),
        excluded=dict(excluded),
        included=dict(included),
        policy=cohort.policy,
    )


def _nobody(*, request: CohortRequest, found: PlannedCohort) -> str:
    given = ", ".join(f"{name} {value}" for name, value in sorted(request.parameters.items()))
    rule = f"Rule {request.rule}" + (f" with {given}" if given else "")
    if not found.selected:
        return f"{rule} selects no customer of {request.dialect}: nothing was planned."
    return (
        f"Of the {found.selected} customers of {request.dialect} that rule {request.rule} selects, "
        f"{sum(found.excluded.values())} must wait, {found.already_claimed} are in a wave and "
        f"{found.already_planned} in another cohort: nothing was planned."
    )
