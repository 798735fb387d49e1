-- What was pushed is taken back: an order that was withdrawn, erased or dispatched by us leaves Boekuwzending's list.

INSERT INTO koppeling.job_kind (name, api, priority, max_attempts, meaning) VALUES
    ('remove_order', 'boekuwzending', 2, 10, 'takes back an order that must not be shipped from the panel any more');

ALTER TABLE koppeling.job
    ADD CONSTRAINT job_remove_order_has_order CHECK (kind <> 'remove_order' OR order_id IS NOT NULL);
CREATE UNIQUE INDEX job_one_remove_order ON koppeling.job (order_id) WHERE kind = 'remove_order';

ALTER TABLE koppeling.imported_order
    ADD COLUMN push_asked_at timestamptz,
    ADD COLUMN take_back_since timestamptz;
COMMENT ON COLUMN koppeling.imported_order.push_asked_at IS
    'Committed before it is created at Boekuwzending: while pushed_id is NULL it may stand there all the same, since '
    'the answer was lost. NULL: nothing is in doubt.';
COMMENT ON COLUMN koppeling.imported_order.take_back_since IS
    'Since when it has to leave the list at Boekuwzending again: withdrawn, erased, or dispatched by us. Kept by '
    'triggers; NULL: it does not, or is gone.';
UPDATE koppeling.imported_order o
SET take_back_since = now()
WHERE o.pushed_id IS NOT NULL
  AND (o.state = 'withdrawn' OR o.erased_at IS NOT NULL
       OR EXISTS (SELECT FROM koppeling.shipment s
                  WHERE s.order_id = o.id AND s.environment = 'production' AND s.external_id IS NOT NULL));
ALTER TABLE koppeling.imported_order
    ADD CONSTRAINT imported_order_taken_back_was_pushed CHECK (
        take_back_since IS NULL OR num_nonnulls(pushed_id, push_asked_at) > 0);
-- What the scheduler looks for each second: a few rows, or none.
CREATE INDEX imported_order_take_back ON koppeling.imported_order (take_back_since) WHERE take_back_since IS NOT NULL;
-- And those of shops that were disconnected.
CREATE INDEX imported_order_at_boekuwzending ON koppeling.imported_order (integration_id)
    WHERE state = 'open' AND (pushed_id IS NOT NULL OR push_asked_at IS NOT NULL);

-- Wrong credentials of an account end in one visible reason, and its jobs wait for others.

INSERT INTO koppeling.job_kind (name, api, priority, max_attempts, meaning, history_days) VALUES
    ('verify_account', 'boekuwzending', 0, 10, 'asks Boekuwzending whose credentials an account has', NULL);

ALTER TABLE koppeling.job
    ADD COLUMN account_id bigint REFERENCES koppeling.account,
    ADD CONSTRAINT job_of_account_verifies_it CHECK ((kind = 'verify_account') = (account_id IS NOT NULL));
COMMENT ON COLUMN koppeling.job.account_id IS 'The account concerned, for jobs that are not about a shop.';
CREATE UNIQUE INDEX job_one_verify_account ON koppeling.job (account_id, api_id) WHERE kind = 'verify_account';

CREATE TYPE koppeling.credentials_state AS ENUM ('unchecked', 'active', 'rejected');
COMMENT ON TYPE koppeling.credentials_state IS
    'unchecked: being verified, and used meanwhile; active: Boekuwzending knows them; rejected: it refuses them, see '
    'reason, and the jobs that need them are parked.';

CREATE TABLE koppeling.account_credentials (
    account_id  bigint NOT NULL REFERENCES koppeling.account ON DELETE CASCADE,
    environment koppeling.environment NOT NULL,
    state       koppeling.credentials_state NOT NULL DEFAULT 'unchecked',
    reason_code text,
    reason      text,
    reason_en   text,
    name        text,
    saved_at    timestamptz NOT NULL DEFAULT now(),
    checked_at  timestamptz,
    PRIMARY KEY (account_id, environment),
    CONSTRAINT account_credentials_refusal_has_reason CHECK (
        state <> 'rejected' OR num_nulls(reason_code, reason, reason_en) = 0),
    CONSTRAINT account_credentials_verdict_has_time CHECK (state = 'unchecked' OR checked_at IS NOT NULL)
);
COMMENT ON TABLE koppeling.account_credentials IS
    'What Boekuwzending says of the credentials of an account, a row per environment in which it has any. Kept by '
    'triggers of account; view account_status tells it in words.';
COMMENT ON COLUMN koppeling.account_credentials.account_id IS 'The account.';
COMMENT ON COLUMN koppeling.account_credentials.environment IS 'Where they are for.';
COMMENT ON COLUMN koppeling.account_credentials.state IS 'See the type.';
COMMENT ON COLUMN koppeling.account_credentials.reason_code IS 'Why they are not active, for programs.';
COMMENT ON COLUMN koppeling.account_credentials.reason IS 'The same for the merchant, in Dutch.';
COMMENT ON COLUMN koppeling.account_credentials.reason_en IS 'The same in English.';
COMMENT ON COLUMN koppeling.account_credentials.name IS 'As whom Boekuwzending knows them (GET /me).';
COMMENT ON COLUMN koppeling.account_credentials.saved_at IS
    'When they were saved: a job that was claimed before had older ones, and says nothing about these.';
COMMENT ON COLUMN koppeling.account_credentials.checked_at IS 'When it last was known; NULL: never.';
INSERT INTO koppeling.account_credentials (account_id, environment)
SELECT a.id, 'production'::koppeling.environment FROM koppeling.account a WHERE a.client_id IS NOT NULL
UNION ALL
SELECT a.id, 'staging' FROM koppeling.account a WHERE a.staging_client_id IS NOT NULL;
CREATE INDEX account_credentials_unchecked ON koppeling.account_credentials (account_id) WHERE state = 'unchecked';

INSERT INTO koppeling.message (code, nl, en) VALUES
    ('account_refused',
     'Boekuwzending weigert de API-gegevens van dit account. Vraag nieuwe aan via api@boekuwzending.com en vul ze '
     'opnieuw in.',
     'Boekuwzending refuses the API credentials of this account. Please ask api@boekuwzending.com for new ones and '
     'enter them again.'),
    ('account_secret_unreadable',
     'Het opgeslagen API-geheim kan niet worden gelezen. Vul de API-gegevens opnieuw in.',
     'The stored API secret cannot be read. Please enter the API credentials again.'),
    ('account_unreachable',
     'Boekuwzending is nu niet bereikbaar; de API-gegevens worden later gecontroleerd.',
     'Boekuwzending cannot be reached at the moment; the API credentials will be checked later.'),
    ('dispatch_credentials_refused',
     'Boekuwzending weigert de API-gegevens (%2$s) van account %1$s',
     'Boekuwzending refuses the credentials (%2$s) of account %1$s');
