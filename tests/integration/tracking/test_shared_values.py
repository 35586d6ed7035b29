"""What records of a wave share is read in pages: a value that all have makes a row for each customer."""

from __future__ import annotations

from sqlalchemy import Engine, text

from kraken_import.tracking import shared_values
from tests.integration.tracking.test_schema import wave_of

PAGE = 10_000


def test_what_is_shared_comes_in_pages_that_keep_a_record_together(tracking_engine: Engine) -> None:
    with tracking_engine.begin() as connection:
        wave_id = wave_of(connection)
        connection.execute(
            text(
                """
                INSERT INTO migration.import_process (
                    target_kraken, mode, resource, import_supplier, external_identifier, dialect, wave_id,
                    batch, airflow_run, state, payload_hash, planned_at
                )
                SELECT 'https://kraken:443', 'live', 'accounts', 'X', 'many-' || number, 'edf_accounts',
                    :wave_id, 0, 'run', 'valid', 'hash', now()
                FROM generate_series(1, :customers) AS number;
                INSERT INTO migration.shared_value (wave_id, import_process_id, digest, code, path)
                SELECT wave_id, id, CAST(code AS bytea), code, ''
                FROM migration.import_process
                CROSS JOIN unnest(ARRAY['email', 'phone']) AS code
                WHERE state = 'valid'
                """
            ),
            {"wave_id": wave_id, "customers": PAGE + 2},
        )
        pages = list(shared_values.shared(connection=connection, wave_id=wave_id))
    assert [len(page) for page in pages] == [PAGE, 2]
    rules = {tuple(shared) for page in pages for shared in page.values()}
    assert rules == {(("email", ""), ("phone", ""))}
