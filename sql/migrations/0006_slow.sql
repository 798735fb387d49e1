-- Slow is not dead: how long a request to book may still be at work after it was given up.

ALTER TABLE koppeling.shipment
    ADD COLUMN given_up_after interval,
    ADD COLUMN not_found_after interval,
    ADD CONSTRAINT shipment_given_up_after_it_was_sent CHECK (given_up_after >= '0'),
    ADD CONSTRAINT shipment_not_found_after_it_was_sent CHECK (not_found_after >= '0');
COMMENT ON COLUMN koppeling.shipment.given_up_after IS
    'How long after sent_at it was known that no answer will tell what came of the request; NULL: not known. '
    'Only some time later (setting booking_settle_seconds) is it asked for again, if it is not found.';
COMMENT ON COLUMN koppeling.shipment.not_found_after IS
    'How long after sent_at a search last did not find it; NULL: it was not searched for.';
COMMENT ON COLUMN koppeling.shipment.sent_at IS
    'Committed before the request is sent: from then on the outcome may be unknown and is looked up first. '
    'In state requested: an earlier request was sent then, which made nothing.';

ALTER TABLE koppeling.api
    ADD COLUMN longest_booking interval NOT NULL DEFAULT '0',
    ADD CONSTRAINT api_longest_booking_is_no_less_than_nothing CHECK (longest_booking >= '0');
COMMENT ON COLUMN koppeling.api.longest_booking IS
    'The longest that it was seen to take for a shipment, 15 minutes at most. A request that was given up may still be '
    'at work for twice as long. A DBA may set it back after a bad day.';

INSERT INTO koppeling.setting (name, value, meaning) VALUES
    ('booking_settle_seconds', '120',
     'seconds after a request to book was given up in which a shipment that is not found may still appear; '
     'longer when the service was seen to take more than half of that');
