-- Everything that talks to one Kraken shares two limits: requests at once, and accounts accepted and not ended.

CREATE TABLE migration.kraken_load (
    target_kraken       text PRIMARY KEY,
    protocol            smallint NOT NULL,
    requests            double precision CHECK (requests >= 1),
    requests_met        boolean NOT NULL DEFAULT false,
    requests_refused_at timestamptz,
    requests_calls      integer NOT NULL DEFAULT 0,
    requests_step       integer NOT NULL DEFAULT 1,
    usual_seconds       double precision,
    halved_at           timestamptz,
    accounts            integer CHECK (accounts >= 1),
    accounts_confirmed  boolean NOT NULL DEFAULT false,
    accounts_streak     smallint NOT NULL DEFAULT 0,
    accounts_calls      integer NOT NULL DEFAULT 0,
    accounts_step       integer NOT NULL DEFAULT 1,
    creates_from        timestamptz,
    requests_from       timestamptz,
    day                 date,
    creates_of_day      integer NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

COMMENT ON TABLE migration.kraken_load IS 'What is known of how much one Kraken takes at once; one row each.';
COMMENT ON COLUMN migration.kraken_load.target_kraken IS 'Scheme, host and port of the Kraken.';
COMMENT ON COLUMN migration.kraken_load.protocol IS 'How shares are divided: versions of the pipeline that do it otherwise keep away.';
COMMENT ON COLUMN migration.kraken_load.requests IS 'Requests at once that Kraken was found to take; NULL while it takes what the Connections allow.';
COMMENT ON COLUMN migration.kraken_load.requests_met IS 'Whether Kraken named that limit itself (429).';
COMMENT ON COLUMN migration.kraken_load.requests_refused_at IS 'When anything but a create was last refused with 429: a create that is refused soon after may be one request too many as well.';
COMMENT ON COLUMN migration.kraken_load.requests_calls IS 'Requests since that limit was last met or raised.';
COMMENT ON COLUMN migration.kraken_load.requests_step IS 'By how much it is raised the next time.';
COMMENT ON COLUMN migration.kraken_load.usual_seconds IS 'How long a request usually takes.';
COMMENT ON COLUMN migration.kraken_load.halved_at IS 'When the limit was last halved, for answers that came late, not at all or as 5xx.';
COMMENT ON COLUMN migration.kraken_load.accounts IS 'Accounts accepted and not ended that Kraken was found to take; NULL while it has refused none.';
COMMENT ON COLUMN migration.kraken_load.accounts_confirmed IS 'Whether a create was refused that was sent alone: of several at once one may have been refused for being too many.';
COMMENT ON COLUMN migration.kraken_load.accounts_streak IS 'How often one account more was taken since that limit was last met.';
COMMENT ON COLUMN migration.kraken_load.accounts_calls IS 'Requests since that limit was last met or tried.';
COMMENT ON COLUMN migration.kraken_load.accounts_step IS 'By how much it is raised the next time.';
COMMENT ON COLUMN migration.kraken_load.creates_from IS 'Until when Kraken has asked for no further create.';
COMMENT ON COLUMN migration.kraken_load.requests_from IS 'Until when Kraken has asked for no request at all.';
COMMENT ON COLUMN migration.kraken_load.day IS 'Day whose creates are counted, in the zone of the Connection.';
COMMENT ON COLUMN migration.kraken_load.creates_of_day IS 'Creates of that day, counted while the Connection sets creates_per_day.';

CREATE FUNCTION migration.still_to_come(until timestamptz) RETURNS timestamptz
LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN until <= migration.present() + interval '1 hour' THEN until END
$$;
COMMENT ON FUNCTION migration.still_to_come IS 'The end of a wait that Kraken has asked for; NULL when it lies further ahead than any wait lasts, which is from before the clock was set back.';

CREATE TABLE migration.kraken_share (
    holder              uuid PRIMARY KEY,
    target_kraken       text NOT NULL REFERENCES migration.kraken_load,
    wants               integer NOT NULL CHECK (wants >= 1),
    allowed             integer NOT NULL CHECK (allowed >= 1),
    requests            integer NOT NULL CHECK (requests >= 0),
    per_second          double precision CHECK (per_second >= 0),
    taken_at            timestamptz NOT NULL,
    served_at           timestamptz,
    lapses_at           timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE INDEX kraken_share_kraken_idx ON migration.kraken_share (target_kraken);

COMMENT ON TABLE migration.kraken_share IS 'Shares in the requests at one Kraken: a lease for each session that talks to it.';
COMMENT ON COLUMN migration.kraken_share.holder IS 'The session, by a number of its own.';
COMMENT ON COLUMN migration.kraken_share.target_kraken IS 'Scheme, host and port of the Kraken.';
COMMENT ON COLUMN migration.kraken_share.wants IS 'Requests at once that it could use.';
COMMENT ON COLUMN migration.kraken_share.allowed IS 'Requests at once that its Connection allows to all together; of several Connections to one Kraken the least counts.';
COMMENT ON COLUMN migration.kraken_share.requests IS 'Requests at once that it may make.';
COMMENT ON COLUMN migration.kraken_share.per_second IS 'Requests in a second that it may make; NULL without such a limit.';
COMMENT ON COLUMN migration.kraken_share.taken_at IS 'When it was first taken.';
COMMENT ON COLUMN migration.kraken_share.served_at IS 'When it was last given a request; with fewer requests than shares the turn goes round.';
COMMENT ON COLUMN migration.kraken_share.lapses_at IS 'When it is free again unless it is renewed before.';
