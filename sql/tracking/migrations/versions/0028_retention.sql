-- What may not go yet, what was erased of one person, and what retention has taken.

CREATE TABLE migration.legal_hold (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wave_id             bigint REFERENCES migration.wave,
    external_identifier text,
    reason              text NOT NULL,
    held_by             text NOT NULL,
    held_at             timestamptz NOT NULL,
    end_reason          text,
    ended_by            text,
    ended_at            timestamptz,
    CHECK (num_nonnulls(wave_id, external_identifier) = 1),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);

-- One hold at a time for each wave and person.
CREATE UNIQUE INDEX legal_hold_key ON migration.legal_hold (wave_id, external_identifier) NULLS NOT DISTINCT
    WHERE ended_at IS NULL;

COMMENT ON TABLE migration.legal_hold IS 'Waves and customers of which nothing may be purged or erased, because a court or an auditor may look at it.';
COMMENT ON COLUMN migration.legal_hold.id IS 'Surrogate key.';
COMMENT ON COLUMN migration.legal_hold.wave_id IS 'The wave that is held; NULL for one customer.';
COMMENT ON COLUMN migration.legal_hold.external_identifier IS 'The customer who is held, in whatever wave; NULL for a wave.';
COMMENT ON COLUMN migration.legal_hold.reason IS 'Why, in the words of who asked for it.';
COMMENT ON COLUMN migration.legal_hold.held_by IS 'Who asked for it.';
COMMENT ON COLUMN migration.legal_hold.held_at IS 'Since when.';
COMMENT ON COLUMN migration.legal_hold.end_reason IS 'Why it ended.';
COMMENT ON COLUMN migration.legal_hold.ended_by IS 'Who ended it.';
COMMENT ON COLUMN migration.legal_hold.ended_at IS 'When; NULL while it is in force.';

CREATE FUNCTION migration.end_hold(hold bigint, ordered_by text, because text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE migration.legal_hold
    SET ended_at = migration.present(), ended_by = ordered_by, end_reason = because
    WHERE id = hold AND ended_at IS NULL;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION migration.end_hold IS 'Ends a legal hold, which nothing else of it changes, as the owner of the schema, and returns whether it was in force.';

CREATE VIEW migration.hold_history AS
SELECT id, wave_id, external_identifier IS NOT NULL AS is_on_customer, reason, held_by, held_at, end_reason, ended_by,
    ended_at
FROM migration.legal_hold;
COMMENT ON VIEW migration.hold_history IS 'Legal holds without the identifiers of customers: who held what and why, and who ended it.';
COMMENT ON COLUMN migration.hold_history.id IS 'Number of the hold.';
COMMENT ON COLUMN migration.hold_history.wave_id IS 'The wave that is held; NULL for one customer.';
COMMENT ON COLUMN migration.hold_history.is_on_customer IS 'Whether one customer is held, and no wave.';
COMMENT ON COLUMN migration.hold_history.reason IS 'Why, in the words of who asked for it.';
COMMENT ON COLUMN migration.hold_history.held_by IS 'Who asked for it.';
COMMENT ON COLUMN migration.hold_history.held_at IS 'Since when.';
COMMENT ON COLUMN migration.hold_history.end_reason IS 'Why it ended.';
COMMENT ON COLUMN migration.hold_history.ended_by IS 'Who ended it.';
COMMENT ON COLUMN migration.hold_history.ended_at IS 'When; NULL while it is in force.';

ALTER TABLE migration.import_process ADD COLUMN erased_at timestamptz;
COMMENT ON COLUMN migration.import_process.erased_at IS 'When the customer was erased: the identifier is a token then, and nothing is built of it again; NULL otherwise.';

CREATE FUNCTION migration.refuse_marking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RAISE EXCEPTION 'only an erasure says that a customer is erased';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION migration.refuse_marking IS 'Refuses to mark a customer as erased, or as not erased, for all but the owner of the schema.';

CREATE TRIGGER import_process_is_marked_by_an_erasure
    BEFORE UPDATE OF erased_at ON migration.import_process
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_marking();

CREATE TABLE migration.erasure_key (
    is_only             boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    key                 bytea NOT NULL
);
INSERT INTO migration.erasure_key (key)
SELECT sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'));

COMMENT ON TABLE migration.erasure_key IS 'The secret that tokens are made with; for the owner of the schema alone.';
COMMENT ON COLUMN migration.erasure_key.is_only IS 'Always true: there is one row.';
COMMENT ON COLUMN migration.erasure_key.key IS 'Random, made with this table.';

CREATE TABLE migration.erasure (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token               text NOT NULL,
    import_supplier     text NOT NULL,
    records             integer NOT NULL,
    ordered_by          text NOT NULL,
    reason              text NOT NULL,
    erased_at           timestamptz NOT NULL
);

CREATE INDEX erasure_token_idx ON migration.erasure (token);

COMMENT ON TABLE migration.erasure IS 'Append-only: one row for each time that a person was erased, since what has come after it is erased by the next.';
COMMENT ON COLUMN migration.erasure.id IS 'Surrogate key, ascending.';
COMMENT ON COLUMN migration.erasure.token IS 'What stands in place of the identifier.';
COMMENT ON COLUMN migration.erasure.import_supplier IS 'Kraken''s code for the supplier that the customer came from.';
COMMENT ON COLUMN migration.erasure.records IS 'How many import processes were erased this time.';
COMMENT ON COLUMN migration.erasure.ordered_by IS 'Who ordered it.';
COMMENT ON COLUMN migration.erasure.reason IS 'Why, without the identifier.';
COMMENT ON COLUMN migration.erasure.erased_at IS 'When, by the clock of the database.';

CREATE TRIGGER erasure_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.erasure
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();

CREATE TABLE migration.erased_money (
    wave_id             bigint NOT NULL REFERENCES migration.wave,
    batch               integer NOT NULL,
    ledger              text NOT NULL,
    currency            text NOT NULL,
    state               text NOT NULL,
    built               boolean NOT NULL,
    customers           integer NOT NULL,
    legacy_customers    integer NOT NULL,
    legacy_cents        numeric NOT NULL,
    payload_customers   integer NOT NULL,
    payload_cents       numeric NOT NULL,
    PRIMARY KEY (wave_id, batch, ledger, currency, state, built)
);

COMMENT ON TABLE migration.erased_money IS 'Sums of the balances of erased customers, so that those of their batch and wave stay right.';
COMMENT ON COLUMN migration.erased_money.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.erased_money.batch IS 'The batch.';
COMMENT ON COLUMN migration.erased_money.ledger IS 'The ledger, as the dialect calls it.';
COMMENT ON COLUMN migration.erased_money.currency IS 'Currency of the sums (ISO 4217).';
COMMENT ON COLUMN migration.erased_money.state IS 'State of the customers when they were erased.';
COMMENT ON COLUMN migration.erased_money.built IS 'Whether they had a payload.';
COMMENT ON COLUMN migration.erased_money.customers IS 'How many customers.';
COMMENT ON COLUMN migration.erased_money.legacy_customers IS 'How many of them had a balance in the legacy database.';
COMMENT ON COLUMN migration.erased_money.legacy_cents IS 'Sum of those balances in cents, in Kraken''s sign.';
COMMENT ON COLUMN migration.erased_money.payload_customers IS 'How many of them had a balance in their payload.';
COMMENT ON COLUMN migration.erased_money.payload_cents IS 'Sum of those balances in cents.';

-- The parts that the sums of a batch are made of: its records, those that were handed on after they had been built, and
-- those that were erased.
CREATE VIEW migration.money_part AS
SELECT money.wave_id, money.batch, side.stage, money.ledger, money.currency, 1 AS customers, side.cents
FROM migration.record_money AS money
CROSS JOIN LATERAL (
    VALUES ('legacy', money.legacy_entries, money.legacy_cents),
        ('payload', money.payload_entries, money.payload_cents)
) AS side (stage, entries, cents)
WHERE side.entries > 0
UNION ALL
SELECT wave_id, batch, stage, ledger, currency, customers, cents FROM migration.handed_on_money
UNION ALL
SELECT money.wave_id, money.batch, side.stage, money.ledger, money.currency, side.customers, side.cents
FROM migration.erased_money AS money
CROSS JOIN LATERAL (
    VALUES ('legacy', money.legacy_customers, money.legacy_cents),
        ('payload', money.payload_customers, money.payload_cents)
) AS side (stage, customers, cents)
WHERE side.customers > 0;

COMMENT ON VIEW migration.money_part IS 'What the sums of a batch are made of: balances of its records, and sums of those that were handed on or erased.';
COMMENT ON COLUMN migration.money_part.wave_id IS 'The wave.';
COMMENT ON COLUMN migration.money_part.batch IS 'The batch.';
COMMENT ON COLUMN migration.money_part.stage IS 'Where the balances stand: legacy or payload.';
COMMENT ON COLUMN migration.money_part.ledger IS 'The ledger, as the dialect calls it.';
COMMENT ON COLUMN migration.money_part.currency IS 'Currency (ISO 4217).';
COMMENT ON COLUMN migration.money_part.customers IS 'How many customers.';
COMMENT ON COLUMN migration.money_part.cents IS 'Their balances in cents, in Kraken''s sign.';

CREATE TABLE migration.retention (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind                text NOT NULL,
    wave_id             bigint REFERENCES migration.wave,
    amount              bigint NOT NULL,
    days                integer NOT NULL,
    done_at             timestamptz NOT NULL
);

COMMENT ON TABLE migration.retention IS 'Append-only: what retention has deleted.';
COMMENT ON COLUMN migration.retention.id IS 'Surrogate key, ascending.';
COMMENT ON COLUMN migration.retention.kind IS 'Kind, as the setting names it: payloads, answers, digests, details, reports or runs.';
COMMENT ON COLUMN migration.retention.wave_id IS 'The wave it belonged to; NULL for what belongs to none.';
COMMENT ON COLUMN migration.retention.amount IS 'How many rows, or files; for what is dropped as a whole 1. Of details each page has a row, and 0 is the last one.';
COMMENT ON COLUMN migration.retention.days IS 'For how many days the setting kept it.';
COMMENT ON COLUMN migration.retention.done_at IS 'When, by the clock of the database.';

CREATE TRIGGER retention_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON migration.retention
    FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change();

-- A token is the same for the same person each time, and says nothing to whom the key is not known.
CREATE FUNCTION migration.erased_token(import_supplier text, external_identifier text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'erased-' || left(
        encode(
            sha256(
                secret.key
                || sha256(secret.key || convert_to(import_supplier || chr(31) || external_identifier, 'UTF8'))
            ),
            'hex'
        ),
        32
    )
    FROM migration.erasure_key AS secret
$$;
COMMENT ON FUNCTION migration.erased_token IS 'What stands, or would stand, in place of the identifier of a customer who is erased.';

CREATE FUNCTION migration.is_erased(import_supplier text, external_identifier text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM migration.erasure)
        AND EXISTS (
            SELECT FROM migration.erasure AS done
            WHERE done.token = migration.erased_token(import_supplier, external_identifier)
        )
$$;
COMMENT ON FUNCTION migration.is_erased IS 'Whether the customer with this identifier was erased.';

-- What is append-only stays so, but for the one function that erases a person: only its own setting and the owner's
-- rights together let it change rows, and it deletes none.
CREATE OR REPLACE FUNCTION migration.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND current_setting('migration.erases', true) = 'on'
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID)
    THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;

CREATE FUNCTION migration.erase(
    erased_supplier text, erased_identifier text, erased_by text, erased_because text
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    erased_as CONSTANT text := migration.erased_token(erased_supplier, erased_identifier);
    at_present CONSTANT timestamptz := migration.present();
    -- GB-1 is no part of GB-1-2 or A/GB-1, nor 100 of 1,100; a sign that ends a sentence is no part of either.
    is_number CONSTANT boolean := erased_identifier ~ '^[[:digit:]]+$';
    word CONSTANT text := '(?<![[:alnum:]]|[[:alnum:]][-_./]'
        || CASE WHEN is_number THEN '|[[:digit:]],' ELSE '' END || ')'
        || regexp_replace(erased_identifier, '([^[:alnum:]])', '\\\1', 'g')
        || '(?![[:alnum:]]|[-_./][[:alnum:]]' || CASE WHEN is_number THEN '|,[[:digit:]]' ELSE '' END || ')';
    ids bigint[];
    waves bigint[];
    written_in text;
    written text;
BEGIN
    -- Plans and cohorts that are being written have taken the first, and a new legal hold waits for the second.
    PERFORM pg_advisory_xact_lock(7204617157);
    PERFORM pg_advisory_xact_lock_shared(7204617158);
    -- Not a clause of the function: only a superuser could give it one.
    PERFORM set_config('migration.erases', 'on', true);
    SELECT array_agg(process.id), array_agg(DISTINCT process.wave_id) INTO ids, waves
    FROM (
        SELECT found.id, found.wave_id
        FROM migration.import_process AS found
        WHERE found.import_supplier = erased_supplier AND found.external_identifier = erased_identifier
        ORDER BY found.id
        FOR UPDATE
    ) AS process;
    IF EXISTS (
        SELECT FROM migration.import_process AS process
        WHERE process.id = ANY (ids)
            AND process.state IN (
                'creating', 'created', 'pending', 'in_progress', 'unrecognised', 'missing', 'parked'
            )
    ) THEN
        RAISE EXCEPTION 'a record that is open cannot be erased';
    END IF;
    SELECT array_agg(DISTINCT wave_id) INTO waves
    FROM (
        SELECT unnest(waves) AS wave_id
        UNION ALL
        SELECT attempt.wave_id FROM migration.import_attempt AS attempt WHERE attempt.import_process_id = ANY (ids)
    ) AS tried;
    IF EXISTS (
        SELECT FROM migration.legal_hold
        WHERE ended_at IS NULL AND (external_identifier = erased_identifier OR wave_id = ANY (waves))
    ) THEN
        RAISE EXCEPTION 'a customer under a legal hold cannot be erased';
    END IF;

    DELETE FROM migration.payload WHERE wave_id = ANY (waves) AND import_process_id = ANY (ids);
    DELETE FROM migration.answer WHERE wave_id = ANY (waves) AND import_process_id = ANY (ids);
    DELETE FROM migration.shared_value WHERE import_process_id = ANY (ids);
    UPDATE migration.import_error SET detail = 'Erased.' WHERE import_process_id = ANY (ids);

    WITH gone AS (
        DELETE FROM migration.record_money WHERE import_process_id = ANY (ids) RETURNING *
    )
    INSERT INTO migration.erased_money AS kept (
        wave_id, batch, ledger, currency, state, built, customers, legacy_customers, legacy_cents,
        payload_customers, payload_cents
    )
    SELECT gone.wave_id, gone.batch, gone.ledger, gone.currency, process.state, process.payload_hash IS NOT NULL,
        count(*), count(*) FILTER (WHERE gone.legacy_entries > 0), sum(gone.legacy_cents),
        count(*) FILTER (WHERE gone.payload_entries > 0), coalesce(sum(gone.payload_cents), 0)
    FROM gone
    JOIN migration.import_process AS process ON process.id = gone.import_process_id
    GROUP BY gone.wave_id, gone.batch, gone.ledger, gone.currency, process.state, process.payload_hash IS NOT NULL
    ON CONFLICT (wave_id, batch, ledger, currency, state, built) DO UPDATE
    SET customers = kept.customers + excluded.customers,
        legacy_customers = kept.legacy_customers + excluded.legacy_customers,
        legacy_cents = kept.legacy_cents + excluded.legacy_cents,
        payload_customers = kept.payload_customers + excluded.payload_customers,
        payload_cents = kept.payload_cents + excluded.payload_cents;

    UPDATE migration.hand_back SET reason = 'Erased.', note = NULL WHERE import_process_id = ANY (ids);
    UPDATE migration.late_change SET note = NULL WHERE import_process_id = ANY (ids);
    UPDATE migration.record_decision SET reason = 'Erased.' WHERE import_process_id = ANY (ids);
    UPDATE migration.reconciliation_difference AS difference
    SET external_identifier = erased_as, ours = 'erased', theirs = 'erased', note = NULL,
        -- An amount that is open stays so, since a person has to clear it. Of two under the token the first is.
        cents = CASE WHEN difference.resolved_at IS NULL THEN difference.cents END,
        resolved_at = CASE
            WHEN difference.resolved_at IS NULL AND difference.cents <> 0 AND NOT EXISTS (
                SELECT FROM migration.reconciliation_difference AS earlier
                WHERE earlier.import_supplier = erased_supplier
                    AND earlier.external_identifier = erased_as
                    AND earlier.resolved_at IS NULL
                    AND (earlier.target_kraken, earlier.resource, earlier.kind)
                        = (difference.target_kraken, difference.resource, difference.kind)
                    AND (earlier.wave_id, earlier.batch, earlier.ledger, earlier.currency)
                        IS NOT DISTINCT FROM
                        (difference.wave_id, difference.batch, difference.ledger, difference.currency)
            ) THEN NULL
            ELSE coalesce(difference.resolved_at, at_present)
        END
    WHERE difference.import_supplier = erased_supplier AND difference.external_identifier = erased_identifier;

    -- The digest of a payload is one of personal data.
    UPDATE migration.import_attempt
    SET payload_hash = sha256(convert_to(erased_as, 'UTF8'))
    WHERE import_process_id = ANY (ids) AND payload_hash IS NOT NULL;
    -- A record that came after an earlier erasure has its number behind the token, which is taken.
    UPDATE migration.import_process AS process
    SET external_identifier = CASE
            WHEN EXISTS (
                SELECT FROM migration.import_process AS earlier
                WHERE earlier.import_supplier = erased_supplier
                    AND earlier.external_identifier = erased_as
                    AND earlier.resource = process.resource
                    AND earlier.mode = process.mode
                    AND earlier.target_kraken = process.target_kraken
            ) THEN erased_as || '-' || process.id
            ELSE erased_as
        END,
        kraken_identifier = NULL, payload_bytes = NULL, erased_at = at_present,
        payload_hash = CASE WHEN payload_hash IS NOT NULL THEN sha256(convert_to(erased_as, 'UTF8')) END
    WHERE id = ANY (ids);

    -- Whom no wave has taken yet, none is to take.
    DELETE FROM migration.cohort_customer AS customer
    USING migration.cohort
    WHERE cohort.id = customer.cohort_id AND cohort.claimed_by_wave IS NULL
        AND customer.import_supplier = erased_supplier AND customer.external_identifier = erased_identifier;
    UPDATE migration.cohort_customer AS customer
    SET external_identifier = CASE
            WHEN EXISTS (
                SELECT FROM migration.cohort_customer AS earlier
                WHERE earlier.import_supplier = erased_supplier
                    AND earlier.external_identifier = erased_as
                    AND earlier.resource = customer.resource
                    AND earlier.mode = customer.mode
                    AND earlier.target_kraken = customer.target_kraken
            ) THEN erased_as || '-' || customer.cohort_id
            ELSE erased_as
        END
    WHERE import_supplier = erased_supplier AND external_identifier = erased_identifier;
    UPDATE migration.rerun
    SET selection = replace(selection::text, to_json(erased_identifier)::text, to_json(erased_as)::text)::jsonb
    WHERE strpos(selection::text, to_json(erased_identifier)::text) > 0
        AND (
            EXISTS (
                SELECT FROM migration.rerun_item AS item
                WHERE item.rerun_id = rerun.id AND item.import_process_id = ANY (ids)
            )
            -- A customer of another import supplier, with the same identifier, is named.
            OR NOT EXISTS (
                SELECT FROM migration.rerun_item AS item
                JOIN migration.import_process AS process ON process.id = item.import_process_id
                WHERE item.rerun_id = rerun.id AND process.external_identifier = erased_identifier
            )
        );
    UPDATE migration.cohort
    SET parameters = replace(parameters::text, to_json(erased_identifier)::text, to_json(erased_as)::text)::jsonb
    WHERE import_supplier = erased_supplier AND strpos(parameters::text, to_json(erased_identifier)::text) > 0;

    -- What people wrote.
    UPDATE migration.legal_hold SET external_identifier = erased_as WHERE external_identifier = erased_identifier;
    FOR written_in, written IN VALUES
        ('cohort', 'name'),
        ('console_action', 'reason'),
        ('console_action', 'result'),
        ('console_action', 'scope'),
        ('erasure', 'reason'),
        ('hand_back', 'note'),
        ('late_change', 'note'),
        ('legal_hold', 'end_reason'),
        ('legal_hold', 'reason'),
        ('reconciliation_difference', 'note'),
        ('record_decision', 'reason'),
        ('rerun', 'outcome_reason'),
        ('rerun', 'stop_reason'),
        ('restored', 'reason'),
        ('restored', 'unlisted'),
        ('selection', 'described'),
        ('stop_order', 'reason'),
        ('stop_order', 'stop_reason'),
        ('wave', 'asked_body'),
        ('wave', 'asked_subject'),
        ('wave', 'name'),
        ('wave', 'outcome_reason'),
        ('wave', 'stop_reason'),
        ('wave_control', 'reason'),
        ('wave_purge', 'reason')
    LOOP
        EXECUTE format(
            'UPDATE migration.%1$I SET %2$I = regexp_replace(%2$I, $1, $2, ''g'') WHERE %2$I ~ $1', written_in, written
        ) USING word, erased_as;
    END LOOP;

    INSERT INTO migration.erasure (token, import_supplier, records, ordered_by, reason, erased_at)
    VALUES (erased_as, erased_supplier, coalesce(cardinality(ids), 0), erased_by, erased_because, at_present);
    PERFORM set_config('migration.erases', 'off', true);
    RETURN erased_as;
END
$$;
COMMENT ON FUNCTION migration.erase IS 'Erases one customer who has no open record: personal data goes, a token takes the place of the identifier. Returns the token.';

CREATE FUNCTION migration.holds_on(of_wave bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT hold.id
    FROM migration.legal_hold AS hold
    WHERE hold.ended_at IS NULL
        AND (
            hold.wave_id = of_wave
            OR EXISTS (
                SELECT FROM migration.import_process AS process
                WHERE process.import_supplier = ANY (ARRAY(SELECT DISTINCT import_supplier FROM migration.wave))
                    AND process.external_identifier = hold.external_identifier
                    AND (
                        process.wave_id = of_wave
                        OR EXISTS (
                            SELECT FROM migration.import_attempt AS attempt
                            WHERE attempt.import_process_id = process.id AND attempt.wave_id = of_wave
                        )
                    )
            )
        )
    ORDER BY hold.id
$$;
COMMENT ON FUNCTION migration.holds_on IS 'Returns the legal holds in force on a wave, and on customers who are or were tried in it.';

-- What retention takes of a wave, as the owner of the schema: of one that is over and under no hold.
CREATE FUNCTION migration.is_over(of_wave bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- A hold that is not seen here begins only when what goes by the answer is committed.
    PERFORM pg_advisory_xact_lock_shared(7204617158);
    RETURN EXISTS (SELECT FROM migration.wave WHERE id = of_wave AND finished_at IS NOT NULL)
        AND NOT EXISTS (SELECT FROM migration.holds_on(of_wave))
        AND NOT EXISTS (
            SELECT FROM migration.import_process
            WHERE wave_id = of_wave
                AND state IN ('creating', 'created', 'pending', 'in_progress', 'unrecognised', 'missing')
        );
END
$$;
COMMENT ON FUNCTION migration.is_over IS 'Whether a wave has ended, has nothing open, and neither it nor a customer in it is under a legal hold, which stays so until the transaction ends.';

CREATE FUNCTION migration.drop_answers(of_wave bigint, days integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT migration.is_over(of_wave) THEN
        RAISE EXCEPTION 'wave % is not over', of_wave;
    END IF;
    EXECUTE format('DROP TABLE IF EXISTS migration.%I', 'answer_wave_' || of_wave);
    INSERT INTO migration.retention (kind, wave_id, amount, days, done_at)
    VALUES ('answers', of_wave, 1, drop_answers.days, migration.present());
END
$$;
COMMENT ON FUNCTION migration.drop_answers IS 'Drops the answers of a wave that is over, and records it, as the owner of the schema.';

CREATE FUNCTION migration.blank_details(of_wave bigint, most integer, days integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    errors bigint;
    reasons bigint;
BEGIN
    IF NOT migration.is_over(of_wave) THEN
        RAISE EXCEPTION 'wave % is not over', of_wave;
    END IF;
    UPDATE migration.import_error
    SET detail = 'Purged.'
    WHERE id = ANY (ARRAY(
        SELECT error.id
        FROM migration.import_error AS error
        WHERE error.wave_id = of_wave AND error.detail <> 'Purged.'
        LIMIT most
    ));
    GET DIAGNOSTICS errors = ROW_COUNT;
    UPDATE migration.hand_back
    SET reason = 'Purged.'
    WHERE import_process_id = ANY (ARRAY(
        SELECT back.import_process_id
        FROM migration.hand_back AS back
        WHERE back.wave_id = of_wave AND back.reason <> 'Purged.'
        LIMIT most
    ));
    GET DIAGNOSTICS reasons = ROW_COUNT;
    INSERT INTO migration.retention (kind, wave_id, amount, days, done_at)
    VALUES ('details', of_wave, errors + reasons, blank_details.days, migration.present());
    RETURN errors + reasons;
END
$$;
COMMENT ON FUNCTION migration.blank_details IS 'Blanks at most so many details of errors, and reasons of hand-backs, of a wave that is over, records and returns how many, as the owner of the schema.';

CREATE FUNCTION migration.delete_compared(before timestamptz, most integer, days integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    runs bigint;
    outages bigint;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7204617158);
    -- The last comparison of each wave, and of what no wave has, stays: the next one goes by it.
    DELETE FROM migration.reconciliation
    WHERE id = ANY (ARRAY(
        SELECT run.id
        FROM migration.reconciliation AS run
        WHERE run.reconciled_at < before
            AND (run.wave_id IS NULL OR NOT EXISTS (SELECT FROM migration.holds_on(run.wave_id)))
            AND EXISTS (
                SELECT FROM migration.reconciliation AS later
                WHERE later.wave_id IS NOT DISTINCT FROM run.wave_id
                    AND later.target_kraken = run.target_kraken
                    AND later.import_supplier = run.import_supplier
                    AND later.resource = run.resource
                    AND later.id > run.id
            )
        ORDER BY run.id
        LIMIT most
    ));
    GET DIAGNOSTICS runs = ROW_COUNT;
    DELETE FROM migration.outage
    WHERE id = ANY (ARRAY(
        SELECT outage.id FROM migration.outage WHERE outage.ended_at < before ORDER BY outage.id LIMIT most
    ));
    GET DIAGNOSTICS outages = ROW_COUNT;
    IF runs + outages > 0 THEN
        INSERT INTO migration.retention (kind, amount, days, done_at)
        VALUES ('runs', runs + outages, delete_compared.days, migration.present());
    END IF;
    RETURN runs + outages;
END
$$;
COMMENT ON FUNCTION migration.delete_compared IS 'Deletes at most so many comparisons, except the last of each wave and those of waves under a legal hold, and outages, that are older, as the owner of the schema, and returns how many.';

CREATE INDEX retention_wave_idx ON migration.retention (wave_id, kind);

-- What did not come through, as the console's lists and orders mean it: one filter for what is counted, shown and acted
-- on. The planner puts its body in place of its call, so that each caller gets a plan of its own.
CREATE FUNCTION migration.left_records(
    of_waves bigint[],
    in_state text DEFAULT NULL,
    of_ids bigint[] DEFAULT NULL,
    of_code text DEFAULT NULL,
    at_path text DEFAULT NULL,
    in_stage text DEFAULT NULL
) RETURNS SETOF migration.import_process
LANGUAGE sql STABLE AS $$
    SELECT process.*
    FROM migration.import_process AS process
    WHERE process.wave_id = ANY (of_waves)
        AND process.state IN ('rejected', 'invalid', 'errored', 'cancelled', 'dry_run_errored', 'parked')
        AND process.erased_at IS NULL
        AND (in_state IS NULL OR process.state = in_state)
        AND (of_ids IS NULL OR process.id = ANY (of_ids))
        AND (
            coalesce(of_code, at_path, in_stage) IS NULL
            -- A blank code stands for no error at all.
            OR (of_code IS NOT DISTINCT FROM '') <> EXISTS (
                SELECT FROM migration.import_error AS error
                WHERE error.import_process_id = process.id AND error.attempt = process.attempt
                    -- A wave's errors are found by its number: the same cause may be in all there ever were.
                    AND error.wave_id = ANY (of_waves) AND error.severity = 'error'
                    AND (coalesce(of_code, '') = '' OR error.code = of_code)
                    AND (at_path IS NULL OR error.path = at_path)
                    AND (in_stage IS NULL OR error.stage = in_stage)
            )
        )
$$;
COMMENT ON FUNCTION migration.left_records IS 'Records of some waves that did not come through and were not erased; each criterion that is given must hold.';

-- What built the payloads of a wave and of a rerun: those planned before say nothing.
ALTER TABLE migration.wave
    ADD COLUMN package_version text, ADD COLUMN mapping_digest text, ADD COLUMN mapped_at timestamptz;
COMMENT ON COLUMN migration.wave.package_version IS 'Version of the package by which its plan ran last; NULL where it is not known.';
COMMENT ON COLUMN migration.wave.mapping_digest IS 'Digest of the mapping by then: the dialect''s modules, SQL, added columns and codes, and the code that all share; NULL where it is not known.';
COMMENT ON COLUMN migration.wave.mapped_at IS 'Since when this mapping counts: the plan, or the first clearing of its run after the mapping had changed.';
ALTER TABLE migration.rerun
    ADD COLUMN package_version text, ADD COLUMN mapping_digest text, ADD COLUMN mapped_at timestamptz;
COMMENT ON COLUMN migration.rerun.package_version IS 'Version of the package by which its plan ran last; NULL where it is not known.';
COMMENT ON COLUMN migration.rerun.mapping_digest IS 'Digest of the mapping by then, as that of a wave; NULL where it is not known.';
COMMENT ON COLUMN migration.rerun.mapped_at IS 'Since when this mapping counts, as that of a wave.';
