-- Track and trace, for accounts that want it: where the parcels are, asked ever more rarely until they have arrived.

ALTER TABLE koppeling.account
    ADD COLUMN track_labels boolean NOT NULL DEFAULT false,
    ADD COLUMN track_pace_at timestamptz NOT NULL DEFAULT now(),
    ADD CONSTRAINT account_track_pace_is_a_time CHECK (track_pace_at > '-infinity' AND track_pace_at < 'infinity');
COMMENT ON COLUMN koppeling.account.track_labels IS
    'Whether Boekuwzending is asked where its parcels are, by track_rule. Labels that are young enough are tracked as '
    'soon as it is switched on; what was learnt stays when it is switched off.';
COMMENT ON COLUMN koppeling.account.track_pace_at IS
    'When the next question for its parcels may start at the earliest, so that it gets no bursts of them.';

-- What a state means for us. A state without a row is kept as it was told, and tracked on.
CREATE TABLE koppeling.tracking_state (
    code         text PRIMARY KEY,
    nl           text NOT NULL,
    en           text NOT NULL,
    is_final     boolean NOT NULL DEFAULT false,
    is_cancelled boolean NOT NULL DEFAULT false,
    reason_code  text REFERENCES koppeling.order_reason,
    CONSTRAINT tracking_state_code_is_plain CHECK (code ~ '^[a-z][a-z0-9_]{0,39}$'),
    CONSTRAINT tracking_state_cancelled_is_final CHECK (is_final OR NOT is_cancelled)
);
COMMENT ON TABLE koppeling.tracking_state IS
    'States of a parcel, as Boekuwzending calls them, and what each means. It holds from the next question on.';
COMMENT ON COLUMN koppeling.tracking_state.code IS 'As in label.tracking_state.';
COMMENT ON COLUMN koppeling.tracking_state.nl IS 'Where the parcel is then, in Dutch: part of a sentence.';
COMMENT ON COLUMN koppeling.tracking_state.en IS 'The same in English.';
COMMENT ON COLUMN koppeling.tracking_state.is_final IS 'Nothing comes after it: its label is not tracked any more.';
COMMENT ON COLUMN koppeling.tracking_state.is_cancelled IS
    'The label was cancelled: recorded as record_label_cancelled() does it.';
COMMENT ON COLUMN koppeling.tracking_state.reason_code IS
    'Why a person must look at its order (order_to_look_at); NULL: nobody must.';

INSERT INTO koppeling.order_reason (code, nl, en, what_to_do_nl, what_to_do_en) VALUES
    ('parcel_missing',
     'de vervoerder is het pakket kwijt',
     'the carrier has lost the parcel',
     'Vraag bij Boekuwzending of het gezocht wordt, en zeg het de klant. Stuur zo nodig een nieuw pakket: maak '
     'daarvoor een label bij dezelfde bestelling.',
     'Ask Boekuwzending whether it is being looked for, and tell the customer. If need be send another parcel: make a '
     'label for it with the same order.'),
    ('parcel_rejected',
     'het pakket is geweigerd',
     'the parcel was refused',
     'Vraag de klant of het adres klopt en of hij het pakket nog wil. Het komt meestal terug; stuur het daarna opnieuw '
     'met een nieuw label, of betaal terug.',
     'Ask the customer whether the address is right and the parcel is still wanted. It usually comes back; then send '
     'it again with another label, or refund it.'),
    ('parcel_returned',
     'het pakket komt of kwam terug naar de afzender',
     'the parcel is on its way back to the sender, or has come back',
     'Vraag de klant waarom het niet is aangekomen. Stuur het opnieuw met een nieuw label bij dezelfde bestelling, of '
     'betaal terug.',
     'Ask the customer why it did not arrive. Send it again with another label of the same order, or refund it.');

-- "picked_up" may be by the addressee or by the carrier, so it ends nothing [BKZ-614].
INSERT INTO koppeling.tracking_state (code, nl, en, is_final, is_cancelled, reason_code) VALUES
    ('new',               'label gemaakt',         'label made',                  false, false, NULL),
    ('created',           'label gemaakt',         'label made',                  false, false, NULL),
    ('scanned',           'bij de vervoerder',     'with the carrier',            false, false, NULL),
    ('in_transit',        'onderweg',              'on its way',                  false, false, NULL),
    ('at_customs',        'bij de douane',         'at customs',                  false, false, NULL),
    ('at_pickup_point',   'bij een afhaalpunt',    'at a pickup point',           false, false, NULL),
    ('picked_up',         'opgehaald',             'picked up',                   false, false, NULL),
    ('delivered',         'bezorgd',               'delivered',                   true,  false, NULL),
    ('neighbours',        'bij de buren bezorgd',  'delivered at the neighbours', true,  false, NULL),
    ('rejected',          'geweigerd',             'refused',                     false, false, 'parcel_rejected'),
    ('return_in_transit', 'op de terugweg',        'on its way back',             false, false, 'parcel_returned'),
    ('return_delivered',  'terug bij de afzender', 'back with the sender',        true,  false, 'parcel_returned'),
    ('missing',           'zoek',                  'missing',                     false, false, 'parcel_missing'),
    ('canceled',          'geannuleerd',           'cancelled',                   true,  true,  NULL),
    ('cancelled',         'geannuleerd',           'cancelled',                   true,  true,  NULL);

ALTER TABLE koppeling.label
    ADD COLUMN track_at timestamptz,
    ADD COLUMN tracked_at timestamptz,
    ADD COLUMN tracking_state text,
    ADD COLUMN tracking_at timestamptz,
    ADD COLUMN tracking_seen_at timestamptz,
    ADD COLUMN tracking_text text,
    ADD COLUMN tracking_reason text REFERENCES koppeling.order_reason,
    ADD CONSTRAINT label_track_is_a_time CHECK (track_at > '-infinity' AND track_at < 'infinity'),
    ADD CONSTRAINT label_tracked_is_in_use CHECK (
        track_at IS NULL OR (environment = 'production' AND cancelled_at IS NULL)),
    ADD CONSTRAINT label_tracking_is_whole CHECK (
        num_nulls(tracking_state, tracking_at, tracking_seen_at) IN (0, 3)
        AND (tracking_state IS NOT NULL OR num_nonnulls(tracking_text, tracking_reason) = 0)),
    ADD CONSTRAINT label_tracking_state_is_short CHECK (length(tracking_state) BETWEEN 1 AND 40);
COMMENT ON COLUMN koppeling.label.track_at IS
    'When somebody asks next where its parcel is; NULL: nobody does. See account.track_labels and track_rule.';
COMMENT ON COLUMN koppeling.label.tracked_at IS 'When that was last asked; NULL: never.';
COMMENT ON COLUMN koppeling.label.tracking_state IS
    'Where its parcel is, as Boekuwzending calls it (tracking_state has the words, of those that are known); NULL: not '
    'known, or not told yet.';
COMMENT ON COLUMN koppeling.label.tracking_at IS
    'When it came there, as the carrier tells it; where it tells no time, when that was noticed.';
COMMENT ON COLUMN koppeling.label.tracking_seen_at IS 'When it was noticed that it is in this state.';
COMMENT ON COLUMN koppeling.label.tracking_text IS
    'The same in the words of the carrier. It may name somebody, so it is erased with the order.';
COMMENT ON COLUMN koppeling.label.tracking_reason IS
    'Why a person must look at the order for the sake of this parcel, by tracking_state; NULL: nobody must.';

-- What the scheduler walks, each second: from its head.
CREATE INDEX label_track ON koppeling.label (track_at) WHERE track_at IS NOT NULL;
-- What order_to_look_at shows: nearly always small.
CREATE INDEX label_tracking_reason ON koppeling.label (order_id) WHERE tracking_reason IS NOT NULL;

CREATE TABLE koppeling.track_rule (
    age_from interval PRIMARY KEY,
    every    interval,
    CONSTRAINT track_rule_age_is_sane CHECK (age_from >= '0' AND age_from <= '3650 days'),
    CONSTRAINT track_rule_every_is_sane CHECK (every BETWEEN '10 seconds' AND '31 days')
);
COMMENT ON TABLE koppeling.track_rule IS
    'How often it is asked where a parcel is. The row with the greatest age_from that its label has reached counts.';
COMMENT ON COLUMN koppeling.track_rule.age_from IS 'From this age of the label on, since it was recorded.';
COMMENT ON COLUMN koppeling.track_rule.every IS
    'So often, give or take a tenth; half as often for a label that Boekuwzending does not know. NULL: not any more.';
-- 36 questions in 60 days for a parcel that never arrives, some ten for one that arrives in three.
INSERT INTO koppeling.track_rule (age_from, every) VALUES
    ('0',       '6 hours'),
    ('2 days',  '12 hours'),
    ('6 days',  '1 day'),
    ('14 days', '4 days'),
    ('60 days', NULL);

INSERT INTO koppeling.job_kind (name, api, priority, max_attempts, meaning, history_days) VALUES
    ('track_label', 'boekuwzending', 2, 10, 'asks where the parcels of an order are', 7);
ALTER TABLE koppeling.job ADD CONSTRAINT job_track_has_order CHECK (kind <> 'track_label' OR order_id IS NOT NULL);
CREATE UNIQUE INDEX job_one_track_label ON koppeling.job (order_id) WHERE kind = 'track_label';
INSERT INTO koppeling.chore (name, meaning) VALUES
    ('track_label', 'has Boekuwzending asked where parcels are, for accounts that want it');
