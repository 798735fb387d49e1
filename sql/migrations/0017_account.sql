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
