-- The queue: what is to be done now (job), what was done (job_history), by whom (worker), under which rules.

CREATE TYPE koppeling.worker_state AS ENUM ('active', 'stopping', 'stopped', 'lost');
COMMENT ON TYPE koppeling.worker_state IS
    'active: claims jobs; stopping: finishes what it has; stopped: said goodbye; lost: '
    'its lease lapsed and its jobs were given to others.';

CREATE TABLE koppeling.worker (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host        text NOT NULL,
    host_key    text NOT NULL,
    pid         integer NOT NULL,
    pid_started bigint NOT NULL,
    thread      smallint NOT NULL,
    version     text NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz NOT NULL,
    state       koppeling.worker_state NOT NULL DEFAULT 'active',
    in_flight   integer NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE INDEX worker_host ON koppeling.worker (host_key) WHERE state IN ('active', 'stopping');
COMMENT ON TABLE koppeling.worker IS
    'One row per worker thread: it holds a lease and renews it; when the lease lapses, its jobs run elsewhere.';
COMMENT ON COLUMN koppeling.worker.id IS 'Key; job.worker_id names it.';
COMMENT ON COLUMN koppeling.worker.host IS 'Host name, for people.';
COMMENT ON COLUMN koppeling.worker.host_key IS
    'Boot and process namespace: within it a pid tells whether the process lives, '
    'so a successor can take over at once.';
COMMENT ON COLUMN koppeling.worker.pid IS 'Process id.';
COMMENT ON COLUMN koppeling.worker.pid_started IS
    'Start time of the process in clock ticks since boot: tells a reused pid apart.';
COMMENT ON COLUMN koppeling.worker.thread IS 'Thread within the process, from 0.';
COMMENT ON COLUMN koppeling.worker.version IS 'Version of the program.';
COMMENT ON COLUMN koppeling.worker.started_at IS 'When it registered.';
COMMENT ON COLUMN koppeling.worker.seen_at IS 'When it last renewed its lease.';
COMMENT ON COLUMN koppeling.worker.lease_until IS 'Until when its jobs are its own, by the clock of this database.';
COMMENT ON COLUMN koppeling.worker.state IS 'See the type.';
COMMENT ON COLUMN koppeling.worker.in_flight IS 'Jobs that it held at the last renewal.';

CREATE TABLE koppeling.retry_rule (
    error_class       koppeling.error_class PRIMARY KEY,
    max_attempts      integer,
    backoff_base      interval NOT NULL,
    backoff_cap       interval NOT NULL,
    counts_as_attempt boolean NOT NULL,
    honour_retry_after boolean NOT NULL,
    advice            text NOT NULL,
    CONSTRAINT retry_rule_attempts_are_positive CHECK (max_attempts > 0),
    CONSTRAINT retry_rule_backoff_is_sane CHECK (backoff_base > '0' AND backoff_cap >= backoff_base)
);
COMMENT ON TABLE koppeling.retry_rule IS
    'What follows when an attempt ends in a class. Change it by UPDATE; it holds from the next attempt on.';
COMMENT ON COLUMN koppeling.retry_rule.error_class IS 'See the type.';
COMMENT ON COLUMN koppeling.retry_rule.max_attempts IS
    'Give up after so many (or job.max_attempts, whichever is less); NULL: job.max_attempts alone decides.';
COMMENT ON COLUMN koppeling.retry_rule.backoff_base IS
    'Wait before the second attempt; doubled for each next one, give or take a random half.';
COMMENT ON COLUMN koppeling.retry_rule.backoff_cap IS 'Never wait longer.';
COMMENT ON COLUMN koppeling.retry_rule.counts_as_attempt IS 'False: the wait does not use up an attempt.';
COMMENT ON COLUMN koppeling.retry_rule.honour_retry_after IS 'Wait at least as long as Retry-After says.';
COMMENT ON COLUMN koppeling.retry_rule.advice IS
    'What a person can do about a job that failed like this; shown by failed_job.';
INSERT INTO koppeling.retry_rule VALUES
    ('ok',              NULL, '1 second',   '1 second',   false, true,
     'Nothing went wrong: it waits for something, such as labels that are still being made.'),
    ('rate_limited',    NULL, '10 seconds', '15 minutes', false, true,
     'Wait: the shop asked for a pause.'),
    ('auth',            NULL, '5 minutes',  '1 hour',     false, false,
     'The token was refused: ask the merchant for a new one and call replace_token().'),
    ('client_error',    1,    '1 minute',   '1 hour',     true,  false,
     'The service refuses the request: read the error, mend the cause, then retry_job().'),
    ('server_error',    10,   '5 seconds',  '10 minutes', true,  true,
     'The service had an error: see whether it is up again, then retry_job().'),
    ('timeout',         10,   '5 seconds',  '10 minutes', true,  false,
     'The service did not answer in time: see whether it is up again, then retry_job().'),
    ('network',         10,   '5 seconds',  '10 minutes', true,  false,
     'No connection: check DNS, firewall and the service, then retry_job().'),
    ('tls',             5,    '1 minute',   '1 hour',     true,  false,
     'The certificate was refused: check the address and the CA file, then retry_job().'),
    ('unreadable',      5,    '30 seconds', '30 minutes', true,  false,
     'The answer could not be understood: read the error; retry_job() if the service was mended.'),
    ('unknown_outcome', 10,   '5 seconds',  '5 minutes',  true,  false,
     'The request may have taken effect: look it up at Boekuwzending before retry_job().');

CREATE TABLE koppeling.job_kind (
    name         text PRIMARY KEY COLLATE "C",
    api          text NOT NULL,
    priority     smallint NOT NULL DEFAULT 1,
    max_attempts smallint NOT NULL DEFAULT 10,
    meaning      text NOT NULL,
    history_days smallint,
    CONSTRAINT job_kind_history_is_kept CHECK (history_days > 0),
    CONSTRAINT job_kind_name_is_plain CHECK (name ~ '^[a-z][a-z_]{0,29}$')
);
COMMENT ON TABLE koppeling.job_kind IS 'Defaults per kind of job. A kind that no worker knows stays queued.';
COMMENT ON COLUMN koppeling.job_kind.name IS 'As in job.kind.';
COMMENT ON COLUMN koppeling.job_kind.api IS 'The service that it calls.';
COMMENT ON COLUMN koppeling.job_kind.priority IS '0: a person waits; 1: normal; 2: bulk.';
COMMENT ON COLUMN koppeling.job_kind.max_attempts IS 'Default of job.max_attempts.';
COMMENT ON COLUMN koppeling.job_kind.meaning IS 'What it does.';
COMMENT ON COLUMN koppeling.job_kind.history_days IS
    'Days that its rows stay in job_history, when that is shorter than setting history_days; NULL: '
    'as the setting says.';
INSERT INTO koppeling.job_kind (name, api, priority, max_attempts, meaning, history_days) VALUES
    ('verify',          'mijnwebwinkel', 0, 10, 'checks a connection that a merchant asked for', NULL),
    ('poll',            'mijnwebwinkel', 1, 10, 'imports the open orders of a shop', 7),
    ('mark_shipped',    'mijnwebwinkel', 1, 10, 'tells the shop that an order has a label', NULL),
    ('create_shipment', 'boekuwzending', 0, 10, 'books a shipment and fetches its labels', NULL),
    ('confirm_order',   'mijnwebwinkel', 2, 10, 'looks why an order is no longer in the list of open orders', 7),
    ('push_order',      'boekuwzending', 2, 10, 'sends an imported order to Boekuwzending', NULL),
    ('ping',            'local',         1, 10, 'does nothing; canary and benchmark of the queue', 1);

CREATE TYPE koppeling.job_state AS ENUM ('queued', 'running', 'failed');
COMMENT ON TYPE koppeling.job_state IS
    'queued: runs when run_at has come; running: a worker has it under its lease; failed: gave up, '
    'waits for a person. Finished jobs are in job_history.';

CREATE TABLE koppeling.job (
    id               bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    run_at           timestamptz NOT NULL DEFAULT now(),
    created_at       timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    lease_until      timestamptz,
    lease_token      bigint,
    worker_id        bigint,
    integration_id   bigint REFERENCES koppeling.integration,
    order_id         bigint REFERENCES koppeling.imported_order,
    shipment_id      bigint REFERENCES koppeling.shipment,
    state            koppeling.job_state NOT NULL DEFAULT 'queued',
    last_error_class koppeling.error_class,
    api_id           smallint NOT NULL,
    priority         smallint NOT NULL,
    attempt          smallint NOT NULL DEFAULT 0,
    max_attempts     smallint NOT NULL,
    kind             text NOT NULL COLLATE "C",
    last_error       text,
    args             jsonb,
    errors           jsonb,
    CONSTRAINT job_kind_is_plain CHECK (kind ~ '^[a-z][a-z_]{0,29}$'),
    CONSTRAINT job_running_has_lease CHECK (CASE state
        WHEN 'running' THEN num_nulls(worker_id, lease_token, lease_until, started_at) = 0
        ELSE num_nonnulls(worker_id, lease_token, lease_until) = 0 END),
    CONSTRAINT job_failed_has_error CHECK (state <> 'failed' OR last_error_class IS NOT NULL),
    CONSTRAINT job_attempts_count CHECK (attempt >= 0 AND max_attempts > 0),
    CONSTRAINT job_priority_is_known CHECK (priority BETWEEN 0 AND 2),
    CONSTRAINT job_has_subject CHECK (CASE kind
        WHEN 'ping' THEN true
        WHEN 'poll' THEN integration_id IS NOT NULL
        WHEN 'verify' THEN integration_id IS NOT NULL
        WHEN 'mark_shipped' THEN integration_id IS NOT NULL AND order_id IS NOT NULL
        WHEN 'confirm_order' THEN integration_id IS NOT NULL AND order_id IS NOT NULL
        WHEN 'push_order' THEN integration_id IS NOT NULL AND order_id IS NOT NULL
        WHEN 'create_shipment' THEN integration_id IS NOT NULL AND order_id IS NOT NULL AND shipment_id IS NOT NULL
        ELSE true END)
) WITH (
    -- Every row is updated once and deleted once, so dead rows come at twice the rate of jobs: vacuum early and at full
    -- speed.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000,
    autovacuum_vacuum_insert_threshold = -1
);
-- The claim walks this index in its own order, lane by lane, and meets only rows that it may take.
CREATE INDEX job_claim ON koppeling.job (kind, api_id, priority, run_at, id) WHERE state = 'queued';
CREATE INDEX job_running ON koppeling.job (worker_id) WHERE state = 'running';
CREATE INDEX job_failed ON koppeling.job (kind, id) WHERE state = 'failed';
CREATE INDEX job_integration ON koppeling.job (integration_id, run_at)
    WHERE state = 'queued' AND integration_id IS NOT NULL;
-- At most one live job per subject, however many schedulers enqueue at once.
CREATE UNIQUE INDEX job_one_poll ON koppeling.job (integration_id) WHERE kind = 'poll';
CREATE UNIQUE INDEX job_one_verify ON koppeling.job (integration_id) WHERE kind = 'verify';
CREATE UNIQUE INDEX job_one_mark_shipped ON koppeling.job (order_id) WHERE kind = 'mark_shipped';
CREATE UNIQUE INDEX job_one_confirm_order ON koppeling.job (order_id) WHERE kind = 'confirm_order';
CREATE UNIQUE INDEX job_one_push_order ON koppeling.job (order_id) WHERE kind = 'push_order';
CREATE UNIQUE INDEX job_one_create_shipment ON koppeling.job (shipment_id) WHERE kind = 'create_shipment';
COMMENT ON TABLE koppeling.job IS
    'Work that is not finished: queued, running or failed. An UPDATE of state by hand is safe; '
    'retry_job() and cancel_job() do it with an audit row.';
COMMENT ON COLUMN koppeling.job.id IS 'Key; kept in job_history.';
COMMENT ON COLUMN koppeling.job.run_at IS 'Not before. infinity: parked until the shop is in order again.';
COMMENT ON COLUMN koppeling.job.created_at IS 'When it was enqueued.';
COMMENT ON COLUMN koppeling.job.started_at IS 'When the current or last attempt was claimed.';
COMMENT ON COLUMN koppeling.job.lease_until IS
    'The lease of its worker when it was claimed; the worker renews its own row, '
    'so look at worker.lease_until (view running_job).';
COMMENT ON COLUMN koppeling.job.lease_token IS
    'Fencing token of the current attempt; a result with another token is refused.';
COMMENT ON COLUMN koppeling.job.worker_id IS
    'The worker that runs it. No foreign key: it would cost a lookup per claim, and a worker row outlives its jobs.';
COMMENT ON COLUMN koppeling.job.integration_id IS 'The shop concerned.';
COMMENT ON COLUMN koppeling.job.order_id IS 'The order concerned.';
COMMENT ON COLUMN koppeling.job.shipment_id IS 'The shipment concerned.';
COMMENT ON COLUMN koppeling.job.state IS 'See the type.';
COMMENT ON COLUMN koppeling.job.last_error_class IS 'How the last failed attempt ended.';
COMMENT ON COLUMN koppeling.job.api_id IS 'The API that it calls; filled in from job_kind when left out.';
COMMENT ON COLUMN koppeling.job.priority IS
    '0: a person waits; 1: normal; 2: bulk. Filled in from job_kind when left out.';
COMMENT ON COLUMN koppeling.job.attempt IS 'Attempts so far, the running one included.';
COMMENT ON COLUMN koppeling.job.max_attempts IS
    'It fails for good after so many. Filled in from job_kind when left out.';
COMMENT ON COLUMN koppeling.job.kind IS 'What is to be done; see job_kind.';
COMMENT ON COLUMN koppeling.job.last_error IS 'The last failure in words; no personal data, no secrets.';
COMMENT ON COLUMN koppeling.job.args IS 'Arguments; ids only, no personal data.';
COMMENT ON COLUMN koppeling.job.errors IS
    'One entry per failed attempt: attempt, at, class, http_status, error, worker.';

CREATE TYPE koppeling.job_outcome AS ENUM ('done', 'cancelled');
COMMENT ON TYPE koppeling.job_outcome IS 'done: finished by a worker; cancelled: taken out by a person.';

CREATE TABLE koppeling.job_history (
    id                bigint NOT NULL,
    created_at        timestamptz NOT NULL,
    started_at        timestamptz,
    finished_at       timestamptz NOT NULL DEFAULT now(),
    integration_id    bigint,
    order_id          bigint,
    shipment_id       bigint,
    worker_id         bigint,
    outcome           koppeling.job_outcome NOT NULL,
    label_environment koppeling.environment,
    shop_environment  koppeling.environment,
    attempts          smallint NOT NULL,
    http_status       smallint,
    kind              text NOT NULL COLLATE "C",
    api               text,
    args              jsonb,
    result            jsonb,
    errors            jsonb,
    PRIMARY KEY (id, finished_at),
    CONSTRAINT job_history_mark_has_environments CHECK (
        kind <> 'mark_shipped' OR outcome <> 'done' OR (label_environment IS NOT NULL AND shop_environment IS NOT NULL))
) PARTITION BY RANGE (finished_at);
CREATE INDEX job_history_order ON koppeling.job_history (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX job_history_integration ON koppeling.job_history (integration_id, finished_at)
    WHERE integration_id IS NOT NULL;
-- A net: rows land here only when the scheduler has not made the partition of the day.
CREATE TABLE koppeling.job_history_default PARTITION OF koppeling.job_history DEFAULT;
COMMENT ON TABLE koppeling.job_history IS
    'Finished work, a partition per day, dropped after setting history_days. '
    'Polls that changed nothing are counted in integration instead.';
COMMENT ON TABLE koppeling.job_history_default IS
    'Safety net for days without a partition; maintain_history() empties it.';
COMMENT ON COLUMN koppeling.job_history.id IS 'Id that the job had.';
COMMENT ON COLUMN koppeling.job_history.created_at IS 'When it was enqueued.';
COMMENT ON COLUMN koppeling.job_history.started_at IS 'When its last attempt was claimed.';
COMMENT ON COLUMN koppeling.job_history.finished_at IS 'When it was finished.';
COMMENT ON COLUMN koppeling.job_history.integration_id IS 'The shop concerned.';
COMMENT ON COLUMN koppeling.job_history.order_id IS 'The order concerned.';
COMMENT ON COLUMN koppeling.job_history.shipment_id IS 'The shipment concerned.';
COMMENT ON COLUMN koppeling.job_history.worker_id IS 'The worker that finished it.';
COMMENT ON COLUMN koppeling.job_history.outcome IS 'See the type.';
COMMENT ON COLUMN koppeling.job_history.label_environment IS 'Environment of the label that the job was about.';
COMMENT ON COLUMN koppeling.job_history.shop_environment IS
    'Environment of the shop that was called: always production.';
COMMENT ON COLUMN koppeling.job_history.attempts IS 'Attempts used, the last one included.';
COMMENT ON COLUMN koppeling.job_history.http_status IS 'HTTP status of the answer that decided it.';
COMMENT ON COLUMN koppeling.job_history.kind IS 'What was done.';
COMMENT ON COLUMN koppeling.job_history.api IS 'The service that it called.';
COMMENT ON COLUMN koppeling.job_history.args IS 'Arguments.';
COMMENT ON COLUMN koppeling.job_history.result IS 'What came of it; ids and counts, no personal data.';
COMMENT ON COLUMN koppeling.job_history.errors IS
    'Failed attempts before: attempt, at, class, http_status, error, worker.';
