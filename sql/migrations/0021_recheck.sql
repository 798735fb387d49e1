-- What a service refused once is asked for again by itself, ever more rarely: the refusal may have been an error of
-- theirs, and nobody tells when it has passed.

CREATE TABLE koppeling.recheck_rule (
    age_from interval PRIMARY KEY,
    every    interval NOT NULL,
    CONSTRAINT recheck_rule_age_is_sane CHECK (age_from BETWEEN '0' AND '3650 days'),
    CONSTRAINT recheck_rule_every_is_sane CHECK (every BETWEEN '10 minutes' AND '31 days')
);
COMMENT ON TABLE koppeling.recheck_rule IS
    'How often credentials or a token that were refused are tried again. The row with the greatest age_from that the '
    'refusal had reached at the last try counts.';
COMMENT ON COLUMN koppeling.recheck_rule.age_from IS 'From this age of the refusal on.';
COMMENT ON COLUMN koppeling.recheck_rule.every IS 'So long after a try the next one follows, give or take a tenth.';
-- After an hour, after six, and then once a day.
INSERT INTO koppeling.recheck_rule (age_from, every) VALUES
    ('0',          '1 hour'),
    ('30 minutes', '5 hours'),
    ('3 hours',    '24 hours');

ALTER TABLE koppeling.integration
    ADD COLUMN refused_since timestamptz,
    ADD COLUMN recheck_at    timestamptz,
    ADD CONSTRAINT integration_recheck_is_of_a_refusal CHECK (
        num_nulls(refused_since, recheck_at) IN (0, 2) AND (recheck_at IS NULL OR state = 'needs_attention'));
COMMENT ON COLUMN koppeling.integration.refused_since IS
    'When it first refused the token that it has; NULL: it does not.';
COMMENT ON COLUMN koppeling.integration.recheck_at IS
    'When that token is tried again by itself, by recheck_rule; NULL: it is not refused.';
CREATE INDEX integration_recheck ON koppeling.integration (recheck_at) WHERE recheck_at IS NOT NULL;

ALTER TABLE koppeling.account_credentials
    ADD COLUMN refused_since timestamptz,
    ADD COLUMN recheck_at    timestamptz,
    ADD CONSTRAINT account_credentials_recheck_is_of_a_refusal CHECK (
        num_nulls(refused_since, recheck_at) IN (0, 2) AND (recheck_at IS NULL OR state = 'rejected'));
COMMENT ON COLUMN koppeling.account_credentials.refused_since IS
    'When Boekuwzending first refused them; NULL: it does not.';
COMMENT ON COLUMN koppeling.account_credentials.recheck_at IS
    'When they are tried again by themselves, by recheck_rule; NULL: they are not refused.';
CREATE INDEX account_credentials_recheck ON koppeling.account_credentials (recheck_at) WHERE recheck_at IS NOT NULL;

-- Those of before, and not all at once.
UPDATE koppeling.integration
SET refused_since = now(), recheck_at = now() + interval '1 hour' * random()
WHERE state = 'needs_attention' AND reason_code = 'token_refused';
UPDATE koppeling.account_credentials
SET refused_since = checked_at, recheck_at = now() + interval '1 hour' * random()
WHERE state = 'rejected' AND reason_code = 'account_refused';
