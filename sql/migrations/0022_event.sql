-- What happened that a person wants to hear of, noted once, by whoever made it happen, and told once to a log.

CREATE TABLE koppeling.event (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at             timestamptz NOT NULL DEFAULT now(),
    told_at        timestamptz,
    lasted         interval,
    integration_id bigint REFERENCES koppeling.integration ON DELETE CASCADE,
    account_id     bigint REFERENCES koppeling.account ON DELETE CASCADE,
    job_id         bigint,
    order_id       bigint,
    api_id         smallint REFERENCES koppeling.api,
    environment    koppeling.environment,
    what           text NOT NULL COLLATE "C",
    kind           text COLLATE "C",
    reason         text,
    call           text,
    CONSTRAINT event_what_is_known CHECK (what IN (
        'breaker_opened', 'breaker_half_open', 'breaker_closed', 'job_gave_up',
        'shop_needs_attention', 'shop_is_well', 'account_refused', 'account_is_well')),
    CONSTRAINT event_has_subject CHECK (CASE
        WHEN what LIKE 'breaker%' THEN api_id IS NOT NULL
        WHEN what LIKE 'job%' THEN num_nulls(job_id, kind) = 0
        WHEN what LIKE 'shop%' THEN integration_id IS NOT NULL
        ELSE num_nulls(account_id, environment) = 0 END),
    CONSTRAINT event_lasted_is_no_less_than_nothing CHECK (lasted >= '0')
);
COMMENT ON TABLE koppeling.event IS
    'Breakers that opened and closed, jobs that gave up, shops and accounts that came to need a person or are well '
    'again: a row each, by triggers, whoever made it so. A scheduler tells each to its log; event_log has the words.';
COMMENT ON COLUMN koppeling.event.id IS 'Key; in the order in which they were noted.';
COMMENT ON COLUMN koppeling.event.at IS 'When it happened.';
COMMENT ON COLUMN koppeling.event.told_at IS 'When a scheduler took it for its log; NULL: none has.';
COMMENT ON COLUMN koppeling.event.lasted IS 'Of what is well again: how long it was not.';
COMMENT ON COLUMN koppeling.event.integration_id IS 'The shop concerned.';
COMMENT ON COLUMN koppeling.event.account_id IS 'The account concerned.';
COMMENT ON COLUMN koppeling.event.job_id IS 'The job that gave up; it may be gone by now.';
COMMENT ON COLUMN koppeling.event.order_id IS 'The order of that job.';
COMMENT ON COLUMN koppeling.event.api_id IS 'The service concerned.';
COMMENT ON COLUMN koppeling.event.environment IS 'Of which of its credentials, for an account.';
COMMENT ON COLUMN koppeling.event.what IS 'What happened, for programs.';
COMMENT ON COLUMN koppeling.event.kind IS 'Kind of the job.';
COMMENT ON COLUMN koppeling.event.reason IS 'Why, in words; no personal data.';
COMMENT ON COLUMN koppeling.event.call IS 'Id of the last call of the job, as the service was told it.';
-- A scheduler looks each second; and whoever is well again was not since the last event of its own.
CREATE INDEX event_untold ON koppeling.event (id) WHERE told_at IS NULL;
CREATE INDEX event_of_shop ON koppeling.event (integration_id, id) WHERE integration_id IS NOT NULL;
CREATE INDEX event_of_account ON koppeling.event (account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX event_of_api ON koppeling.event (api_id, id) WHERE api_id IS NOT NULL;

INSERT INTO koppeling.setting (name, value, meaning, least, most) VALUES
    ('event_days', '30', 'days that events are kept (event_log)', 1, 36500);
INSERT INTO koppeling.chore (name, meaning) VALUES
    ('events', 'tells the log what happened: breakers, jobs that gave up, shops and accounts that need a person'),
    ('old_events', 'forgets events past their time');
