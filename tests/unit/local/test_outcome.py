from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kraken_import.domain.lifecycle import State
from kraken_import.local.outcome import listed
from kraken_import.local.waves import Progress, StartedWave

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WAVE = StartedWave(dialect="edf_accounts", dag_id="migrate_edf_accounts", run_id="r", at=NOW)


def test_every_stage_counts_the_records_that_have_gone_beyond_it() -> None:
    progress = Progress(
        wave=WAVE,
        run_state="running",
        states={
            State.PLANNED: 1,
            State.REJECTED: 2,
            State.BUILT: 4,
            State.INVALID: 8,
            State.VALID: 16,
            State.CREATING: 32,
            State.IN_PROGRESS: 64,
            State.PROCESSED: 128,
            State.ERRORED: 256,
            State.PARKED: 512,
        },
        parked_from={State.BUILT: 12, State.VALID: 200, State.CREATING: 100, State.MISSING: 200},
    )
    assert progress.records == 1023
    assert progress.built == 1023 - 1 - 2
    assert progress.valid == 1023 - 1 - 2 - 4 - 8 - 12
    assert progress.created == 64 + 128 + 256 + 200
    assert progress.parked == 512
    assert progress.processed == 128
    assert progress.failed == 2 + 8 + 256
    assert progress.settled == 128 + 2 + 8 + 256


def test_the_rate_of_a_settled_wave_ends_with_its_last_record_not_with_its_summary() -> None:
    progress = Progress(
        wave=WAVE,
        run_state="success",
        states={State.PROCESSED: 90, State.REJECTED: 10},
        last_settled_at=NOW + timedelta(seconds=4),
    )
    assert progress.rate(now=NOW + timedelta(seconds=400)) == 25
    # What is parked ends with a person's decision, however late that comes.
    parked = replace(progress, states={State.PROCESSED: 100, State.PARKED: 1})
    assert parked.rate(now=NOW + timedelta(seconds=400)) == 25


def test_a_long_list_is_cut_and_says_how_much_is_missing() -> None:
    assert listed(lines=["a", "b"]) == "a; b"
    assert listed(lines=["a", "b", "c", "d", "e"]) == "a; b; c; and 2 more"
