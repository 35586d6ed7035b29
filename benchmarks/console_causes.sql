-- A wave more: of every five records one was not built, each for a cause of its own. Its counts follow with all others.
SET LOCAL session_replication_role = replica;
INSERT INTO migration.wave OVERRIDING SYSTEM VALUE
SELECT (jsonb_populate_record(wave, jsonb_build_object(
    'id', wave.id + 1, 'name', 'many causes', 'run_id', 'many causes', 'claimed', 5 * %(causes)s
))).*
FROM migration.wave
WHERE id = %(waves)s;
INSERT INTO migration.import_process (
    target_kraken, mode, resource, import_supplier, external_identifier, dialect, wave_id, batch, airflow_run, state,
    attempt, planned_at
)
SELECT wave.target_kraken, wave.mode, wave.resource, wave.import_supplier, 'CAUSED-' || no, wave.dialect, wave.id,
    no / 1000, 'run', CASE WHEN no %% 5 = 0 THEN 'rejected' ELSE 'planned' END, 1, now()
FROM migration.wave
CROSS JOIN generate_series(0, 5 * %(causes)s - 1) AS no
WHERE wave.id = %(waves)s + 1;
INSERT INTO migration.import_error (
    import_process_id, attempt, wave_id, stage, origin, severity, code, path, indexed_path, detail, occurred_at, is_named
)
SELECT id, attempt, wave_id, 'build', 'local', 'error', 'made_up_' || id, 'a.path', 'a.path', 'It is made up.', now(), true
FROM migration.import_process
WHERE wave_id = %(waves)s + 1 AND state = 'rejected';
SET LOCAL session_replication_role = origin
