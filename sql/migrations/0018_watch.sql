-- Labels that are made in the panel of Boekuwzending are noticed: pushed orders are looked at, ever more rarely.

-- What the link promises is that imported orders stand in the panel. What existing accounts were set to stays: nobody
-- knows which of them were asked, and an upgrade must not fill the list of somebody who ships by other ways.
ALTER TABLE koppeling.account
    ALTER COLUMN push_orders SET DEFAULT true,
    ADD COLUMN push_environment koppeling.environment NOT NULL DEFAULT 'production',
    ADD COLUMN watch_pace_at timestamptz NOT NULL DEFAULT now(),
    ADD CONSTRAINT account_watch_pace_is_a_time CHECK (watch_pace_at > '-infinity' AND watch_pace_at < 'infinity');
COMMENT ON COLUMN koppeling.account.push_orders IS
    'Whether imported orders are also put in its list at Boekuwzending (POST /orders). Without credentials for '
    'push_environment nothing is.';
COMMENT ON COLUMN koppeling.account.push_environment IS
    'Where they are put, with the credentials of that environment. When it changes, open orders are put there too; '
    'what stands in the other one is no longer looked at.';
COMMENT ON COLUMN koppeling.account.watch_pace_at IS
    'When the next look at its pushed orders may start at the earliest, so that it gets no bursts of them.';

ALTER TABLE koppeling.imported_order
    ADD COLUMN pushed_environment koppeling.environment NOT NULL DEFAULT 'production',
    ADD COLUMN pushed_at timestamptz,
    ADD COLUMN watch_at timestamptz,
    ADD COLUMN watched_at timestamptz,
    ADD COLUMN unlabelled_since timestamptz,
    ADD COLUMN pushed_removed_at timestamptz,
    ADD CONSTRAINT imported_order_watched_is_pushed CHECK (watch_at IS NULL OR pushed_id IS NOT NULL),
    ADD CONSTRAINT imported_order_removed_is_not_watched CHECK (watch_at IS NULL OR pushed_removed_at IS NULL),
    ADD CONSTRAINT imported_order_watch_is_a_time CHECK (watch_at > '-infinity' AND watch_at < 'infinity');
COMMENT ON COLUMN koppeling.imported_order.pushed_environment IS 'The environment that pushed_id is of.';
COMMENT ON COLUMN koppeling.imported_order.pushed_at IS 'When it was last pushed, as it is or as it had changed.';
COMMENT ON COLUMN koppeling.imported_order.watch_at IS
    'When somebody looks next whether a label was made of it in the panel; NULL: nobody does. See watch_rule.';
COMMENT ON COLUMN koppeling.imported_order.watched_at IS 'When that was last done.';
COMMENT ON COLUMN koppeling.imported_order.unlabelled_since IS
    'When it was first seen in the panel with a shipment whose labels are not made yet; NULL: there is none.';
COMMENT ON COLUMN koppeling.imported_order.pushed_removed_at IS
    'When it was noticed that somebody had removed it from the panel: it is not looked at, and not pushed again before '
    'it changes; NULL: nobody did.';

-- Those that are pushed already: as if it had been when they last changed, and not all at once.
UPDATE koppeling.imported_order o
SET pushed_at = o.changed_at, watch_at = now() + interval '1 hour' * random()
WHERE o.pushed_id IS NOT NULL AND o.state = 'open' AND o.erased_at IS NULL;

-- What the scheduler walks, each second: from its head. A withdrawn order waits outside and is due when it comes back.
CREATE INDEX imported_order_watch ON koppeling.imported_order (watch_at)
    WHERE watch_at IS NOT NULL AND state <> 'withdrawn';
-- Nearly always empty: what is not in the panel yet as it is. (Beside it, those of accounts that want none there.)
CREATE INDEX imported_order_to_push ON koppeling.imported_order (integration_id) INCLUDE (id)
    WHERE state = 'open' AND erased_at IS NULL AND pushed_hash IS DISTINCT FROM content_hash;
-- What order_to_look_at shows.
CREATE INDEX imported_order_removed ON koppeling.imported_order (id)
    WHERE state = 'open' AND pushed_removed_at IS NOT NULL;

ALTER TABLE koppeling.label
    ADD COLUMN panel_shipment_id text,
    ADD CONSTRAINT label_panel_shipment_is_an_id CHECK (panel_shipment_id ~ '^[A-Za-z0-9_-]{1,60}$');
COMMENT ON COLUMN koppeling.label.panel_shipment_id IS
    'Id at Boekuwzending of the shipment of the pushed order with which it was found; NULL: it was not found so.';
COMMENT ON COLUMN koppeling.label.shipment_id IS
    'The shipment; NULL when we did not ask for it: another back end made the label (record_label), or a person in '
    'the panel (panel_shipment_id).';

CREATE TABLE koppeling.watch_rule (
    has_label boolean NOT NULL,
    age_from  interval NOT NULL,
    every     interval,
    PRIMARY KEY (has_label, age_from),
    CONSTRAINT watch_rule_age_is_sane CHECK (age_from >= '0' AND age_from <= '3650 days'),
    CONSTRAINT watch_rule_every_is_sane CHECK (every BETWEEN '10 seconds' AND '31 days'),
    -- A label can be made of an open order for as long as it is open.
    CONSTRAINT watch_rule_open_goes_on CHECK (has_label OR every IS NOT NULL)
);
COMMENT ON TABLE koppeling.watch_rule IS
    'How often a pushed order is looked at. The row with the greatest age_from that its age has reached counts.';
COMMENT ON COLUMN koppeling.watch_rule.has_label IS
    'False: it is open, and its age counts from its last push, or from when it was first seen with a shipment without '
    'labels. True: a label was found, and its age counts from the last of them: more may be made, or it be cancelled.';
COMMENT ON COLUMN koppeling.watch_rule.age_from IS 'From this age on.';
COMMENT ON COLUMN koppeling.watch_rule.every IS
    'So often, give or take a tenth; NULL: not any more, for one with a label.';
-- 49 looks in the 30 days after a push, so that 100,000 open orders cost less than two a second.
INSERT INTO koppeling.watch_rule (has_label, age_from, every) VALUES
    (false, '0',          '5 minutes'),
    (false, '30 minutes', '1 hour'),
    (false, '1 day',      '6 hours'),
    (false, '3 days',     '1 day'),
    (false, '10 days',    '5 days'),
    (true,  '0',          '1 hour'),
    (true,  '2 hours',    '1 day'),
    (true,  '3 days',     NULL);

INSERT INTO koppeling.job_kind (name, api, priority, max_attempts, meaning, history_days) VALUES
    ('watch_order', 'boekuwzending', 2, 10, 'looks whether a label was made of a pushed order in the panel', 7);
ALTER TABLE koppeling.job ADD CONSTRAINT job_watch_has_order CHECK (kind <> 'watch_order' OR order_id IS NOT NULL);
CREATE UNIQUE INDEX job_one_watch_order ON koppeling.job (order_id) WHERE kind = 'watch_order';
INSERT INTO koppeling.chore (name, meaning) VALUES
    ('watch_order', 'has pushed orders looked at for labels that were made in the panel');

INSERT INTO koppeling.order_reason (code, nl, en, what_to_do_nl, what_to_do_en) VALUES
    ('removed_from_panel',
     'de bestelling is bij Boekuwzending uit de lijst verwijderd, maar staat in de winkel nog open',
     'the order was removed from the list at Boekuwzending, but is still open in the shop',
     'Is zij anders verzonden of vervallen, zet haar dan in Mijnwebwinkel op verzonden of geannuleerd. Moet zij alsnog '
     'verzonden worden, maak dan hier een label; zij komt pas terug in de lijst als zij in de winkel wijzigt.',
     'If it was shipped otherwise or dropped, mark it shipped or cancelled in Mijnwebwinkel. If it is to be shipped '
     'after all, make a label here; it comes back into the list only when it changes in the shop.');
