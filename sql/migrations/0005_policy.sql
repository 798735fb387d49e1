-- What a class of error means for the API and the shop that it came from, and which API is a shop's own: columns, so
-- that no statement has to know classes or APIs by name.

ALTER TABLE koppeling.api
    ADD is_shop boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT api_shop_is_production CHECK (NOT is_shop OR environment = 'production');
COMMENT ON COLUMN koppeling.api.is_shop IS
    'A job of this API calls the shop itself, with its own token: it waits while the shop is blocked, paused or '
    'refuses us. False: it calls somebody else, or nobody.';
UPDATE koppeling.api SET is_shop = true WHERE name = 'mijnwebwinkel';

ALTER TABLE koppeling.retry_rule
    ADD blames_api boolean NOT NULL DEFAULT false,
    ADD clears_api boolean NOT NULL DEFAULT false,
    ADD blocks_shop boolean NOT NULL DEFAULT false,
    ADD shop_reason_code text,
    ADD CONSTRAINT retry_rule_judges_api_one_way CHECK (NOT (blames_api AND clears_api)),
    ADD CONSTRAINT retry_rule_holds_shop_one_way CHECK (NOT blocks_shop OR shop_reason_code IS NULL),
    ADD CONSTRAINT retry_rule_shop_reason_is_known FOREIGN KEY (shop_reason_code) REFERENCES koppeling.message;
COMMENT ON COLUMN koppeling.retry_rule.blames_api IS
    'The API itself is in trouble: such failures in a row, from several shops, open its breaker, and while it is not '
    'closed they use up no attempt.';
COMMENT ON COLUMN koppeling.retry_rule.clears_api IS
    'An answer (with an HTTP status) of this class shows that the API works: it closes the breaker. One that only '
    'counts for success would stay open while every answer is a refusal.';
COMMENT ON COLUMN koppeling.retry_rule.blocks_shop IS
    'A shop that answers like this is blocked for as long as the job waits, and its queued jobs with it.';
COMMENT ON COLUMN koppeling.retry_rule.shop_reason_code IS
    'A shop that answers like this needs attention, for this reason of table message, and its jobs are parked; NULL: '
    'it does not.';
UPDATE koppeling.retry_rule
SET blames_api = error_class IN ('server_error', 'timeout', 'network', 'tls'),
    clears_api = error_class IN ('ok', 'rate_limited', 'auth', 'client_error'),
    blocks_shop = error_class = 'rate_limited',
    shop_reason_code = CASE WHEN error_class = 'auth' THEN 'token_refused' END;
