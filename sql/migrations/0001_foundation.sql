-- The schema, the roles, and what everything else refers to: enumerated types, settings, messages, audit.

CREATE SCHEMA koppeling;
COMMENT ON SCHEMA koppeling IS
    'Koppeling keeps Mijnwebwinkel shops and Boekuwzending in step. Its functions, '
    'views and job tables are the interface; start with the views integration_status, queue_overview and failed_job.';

CREATE TABLE koppeling.schema_migration (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE koppeling.schema_migration IS 'Migrations that were applied, by koppeling-scheduler migrate.';
COMMENT ON COLUMN koppeling.schema_migration.version IS 'Number at the start of its file name.';
COMMENT ON COLUMN koppeling.schema_migration.name IS 'File name without number and ending.';
COMMENT ON COLUMN koppeling.schema_migration.applied_at IS 'When.';

CREATE TABLE koppeling.schema_definitions (
    one_row    boolean PRIMARY KEY DEFAULT true,
    hash       text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT schema_definitions_has_one_row CHECK (one_row)
);
COMMENT ON TABLE koppeling.schema_definitions IS 'Which version of the functions, views and grants is in place.';
COMMENT ON COLUMN koppeling.schema_definitions.one_row IS 'There is one row.';
COMMENT ON COLUMN koppeling.schema_definitions.hash IS 'Hash of their text.';
COMMENT ON COLUMN koppeling.schema_definitions.applied_at IS 'When they were last replaced.';

-- Roles belong to the whole cluster, so a second database in it finds them there already.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY[
        'koppeling_backend', 'koppeling_ops', 'koppeling_dba', 'koppeling_worker', 'koppeling_scheduler']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
        END IF;
    END LOOP;
END
$$;

CREATE TYPE koppeling.environment AS ENUM ('staging', 'production');
COMMENT ON TYPE koppeling.environment IS
    'Boekuwzending has both; a Mijnwebwinkel shop is always production.';

CREATE TYPE koppeling.error_class AS ENUM (
    'ok', 'rate_limited', 'auth', 'client_error', 'server_error', 'timeout', 'network', 'tls', 'unreadable',
    'unknown_outcome');
COMMENT ON TYPE koppeling.error_class IS
    'How an attempt at a job ended; retry_rule says what follows.';

CREATE TYPE koppeling.breaker_state AS ENUM ('closed', 'open', 'half_open');
COMMENT ON TYPE koppeling.breaker_state IS
    'closed: calls flow; open: the API is down, nothing is claimed until blocked_until; half_open: '
    'one probe at a time.';

CREATE TABLE koppeling.setting (
    name    text PRIMARY KEY,
    value   text NOT NULL,
    meaning text NOT NULL
);
COMMENT ON TABLE koppeling.setting IS 'What a DBA may tune without a deploy; read on each use.';
COMMENT ON COLUMN koppeling.setting.name IS 'Name, as the meaning explains.';
COMMENT ON COLUMN koppeling.setting.value IS 'Value as text.';
COMMENT ON COLUMN koppeling.setting.meaning IS 'Unit and effect.';
INSERT INTO koppeling.setting (name, value, meaning) VALUES
    ('history_days', '30', 'days that a job_history partition is kept'),
    ('personal_data_days', '90',
     'days after which names and addresses of marked or withdrawn orders are erased; 0: never'),
    ('first_import_days', '30', 'how far back the first import of a shop goes, unless the integration says otherwise'),
    ('worker_days', '2', 'days that the row of a stopped worker is kept');

CREATE TABLE koppeling.message (
    code text PRIMARY KEY,
    nl   text NOT NULL,
    en   text NOT NULL
);
COMMENT ON TABLE koppeling.message IS
    'Sentences for merchants, in Dutch and English, so that every front end shows the same words.';
COMMENT ON COLUMN koppeling.message.code IS 'reason_code, or notice_… for the notices of the documentation.';
COMMENT ON COLUMN koppeling.message.nl IS 'The Dutch sentence; %s stands for the value in question.';
COMMENT ON COLUMN koppeling.message.en IS 'The English sentence; %s as in nl.';
INSERT INTO koppeling.message (code, nl, en) VALUES
    ('missing_field',
     'Niet alles is ingevuld: %s ontbreekt. Vul de Shop-URL, het API-token en het standaard afzenderadres in.',
     'Something is missing: %s. Please fill in the shop URL, the API token and the default from address.'),
    ('not_mijnwebwinkel_address',
     'De Shop-URL ''%s'' is geen adres van een Mijnwebwinkel. Gebruik het adres dat eindigt op .myonline.store, '
     'bijvoorbeeld mijnwinkel.myonline.store.',
     'The shop URL ''%s'' is not the address of a Mijnwebwinkel shop. Use the address that ends in .myonline.store, '
     'for example myshop.myonline.store.'),
    ('from_address_unknown',
     'Het gekozen afzenderadres (%s) bestaat niet meer. Kies een ander standaard afzenderadres.',
     'The chosen from address (%s) does not exist any more. Choose another default from address.'),
    ('token_refused',
     'Mijnwebwinkel accepteert het API-token niet meer. Controleer in de winkel onder Add-ons & Modules > API of het '
     'token nog actief is, en vul het opnieuw in.',
     'Mijnwebwinkel no longer accepts the API token. Check in the shop under Add-ons & Modules > API that the token is '
     'active, and enter it again.'),
    ('moved_to_other_integration',
     'Deze winkel is opnieuw gekoppeld en heeft een nieuw adres; de bestellingen staan bij koppeling %s.',
     'This shop was connected again under a new address; its orders are with integration %s.'),
    ('notice_no_mail',
     'Zodra er een label is, zet Boekuwzending de bestelling in uw Mijnwebwinkel op verzonden. '
     'De winkel stuurt uw klant daarbij geen e-mail.',
     'Once there is a label, Boekuwzending marks the order as shipped in your Mijnwebwinkel shop. '
     'The shop sends your customer no e-mail about it.'),
    ('notice_test_orders',
     'Testbestellingen (met T- in het bestelnummer) worden niet geïmporteerd.',
     'Test orders (with T- in the order number) are not imported.'),
    ('notice_staging',
     'Let op: een label uit de testomgeving (staging) zet de bestelling in uw echte winkel op verzonden. '
     'Vervoerders accepteren zo''n label niet.',
     'Please note: a label from the test environment (staging) marks the order as shipped in your real shop. '
     'Carriers do not accept such a label.'),
    ('notice_staging_off',
     'Een label uit de testomgeving (staging) zet de bestelling in uw winkel niet op verzonden; '
     'dat is voor deze koppeling uitgezet.',
     'A label from the test environment (staging) does not mark the order as shipped in your shop; '
     'that is switched off for this connection.');

CREATE TABLE koppeling.audit (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    who        text NOT NULL DEFAULT session_user,
    action     text NOT NULL,
    subject    text NOT NULL,
    details    jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE koppeling.audit IS
    'Who did what by hand or through the functions for ops and the back end. Holds ids, never personal data.';
COMMENT ON COLUMN koppeling.audit.id IS 'Order of events.';
COMMENT ON COLUMN koppeling.audit.at IS 'When.';
COMMENT ON COLUMN koppeling.audit.who IS 'The database role that was logged in.';
COMMENT ON COLUMN koppeling.audit.action IS 'The function that was called.';
COMMENT ON COLUMN koppeling.audit.subject IS 'What it was done to: "job 42", "integration 7".';
COMMENT ON COLUMN koppeling.audit.details IS 'Parameters and what changed.';
CREATE INDEX audit_at ON koppeling.audit (at);

CREATE TABLE koppeling.api (
    id               smallint PRIMARY KEY,
    name             text NOT NULL,
    environment      koppeling.environment NOT NULL,
    blocked_until    timestamptz,
    block_reason     text,
    breaker_state    koppeling.breaker_state NOT NULL DEFAULT 'closed',
    breaker_failures integer NOT NULL DEFAULT 0,
    breaker_limit    integer NOT NULL DEFAULT 20,
    breaker_shops    bigint[] NOT NULL DEFAULT '{}',
    breaker_trips    integer NOT NULL DEFAULT 0,
    rate_per_second  numeric(8, 2) NOT NULL DEFAULT 20,
    burst            integer NOT NULL DEFAULT 50,
    CONSTRAINT api_is_named_once UNIQUE (name, environment),
    CONSTRAINT api_rate_is_positive CHECK (rate_per_second > 0),
    CONSTRAINT api_burst_is_positive CHECK (burst > 0),
    CONSTRAINT api_breaker_counts CHECK (breaker_failures >= 0 AND breaker_limit > 0)
) WITH (fillfactor = 50);
COMMENT ON TABLE koppeling.api IS 'The remote services. A claim never visits the jobs of a blocked API.';
COMMENT ON COLUMN koppeling.api.id IS 'Part of the claim index; 0 is the local pseudo API of jobs that call nobody.';
COMMENT ON COLUMN koppeling.api.name IS 'mijnwebwinkel, boekuwzending or local.';
COMMENT ON COLUMN koppeling.api.environment IS 'Which of its environments.';
COMMENT ON COLUMN koppeling.api.blocked_until IS
    'No job of this API is claimed before; set by block_api() or by the breaker.';
COMMENT ON COLUMN koppeling.api.block_reason IS 'Why it is blocked, in words.';
COMMENT ON COLUMN koppeling.api.breaker_state IS 'See the type.';
COMMENT ON COLUMN koppeling.api.breaker_failures IS
    'Server errors, timeouts and network errors in a row, over all shops.';
COMMENT ON COLUMN koppeling.api.breaker_limit IS 'So many failures in a row open the breaker.';
COMMENT ON COLUMN koppeling.api.breaker_shops IS
    'Up to three shops that these failures were about: one shop alone does not open the breaker.';
COMMENT ON COLUMN koppeling.api.breaker_trips IS
    'How often it opened since it last worked: the first block is half a minute, later ones a minute.';
COMMENT ON COLUMN koppeling.api.rate_per_second IS
    'Pace of bulk work for one shop (Mijnwebwinkel limits per partner and store): '
    'such jobs are spread over run_at at this rate.';
COMMENT ON COLUMN koppeling.api.burst IS 'How many jobs of one shop may start at once before the pace applies.';
INSERT INTO koppeling.api (id, name, environment) VALUES
    (0, 'local', 'production'),
    (1, 'mijnwebwinkel', 'production'),
    (2, 'boekuwzending', 'production'),
    (3, 'boekuwzending', 'staging');
