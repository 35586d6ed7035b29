-- The policy that steers a wave is planned with its cohort; who asked for it may be barred from approving it.

ALTER TABLE migration.wave
    ADD COLUMN four_eyes boolean NOT NULL DEFAULT false,
    ADD COLUMN reruns_ask boolean NOT NULL DEFAULT true,
    ADD COLUMN requested_by text;

COMMENT ON COLUMN migration.wave.four_eyes IS 'Whether the user who asked for the wave is barred from approving it.';
COMMENT ON COLUMN migration.wave.reruns_ask IS 'Whether, with approval required, a rerun of its records needs an approval of its own.';
COMMENT ON COLUMN migration.wave.requested_by IS 'Airflow user who triggered the wave or planned its cohort; NULL when Airflow does not say.';

ALTER TABLE migration.cohort
    ADD COLUMN policy jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN planned_by text;

COMMENT ON COLUMN migration.cohort.policy IS 'Policy that steers its wave, as it was resolved when the cohort was planned.';
COMMENT ON COLUMN migration.cohort.planned_by IS 'Airflow user who planned it; NULL when Airflow does not say.';
