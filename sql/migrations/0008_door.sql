-- The right parcel to the right door: where lists end, orders that vanish, dispatching once.

-- What is said of a shop comes from its verification and from its polls; who reads `warning` sees both.
ALTER TABLE koppeling.integration RENAME COLUMN warning TO verify_warning;
ALTER TABLE koppeling.integration RENAME COLUMN warning_en TO verify_warning_en;
ALTER TABLE koppeling.integration
    ADD COLUMN poll_warning text,
    ADD COLUMN poll_warning_en text,
    ADD COLUMN warning text GENERATED ALWAYS AS (
        nullif(btrim(coalesce(verify_warning, '') || ' ' || coalesce(poll_warning, '')), '')) STORED,
    ADD COLUMN warning_en text GENERATED ALWAYS AS (
        nullif(btrim(coalesce(verify_warning_en, '') || ' ' || coalesce(poll_warning_en, '')), '')) STORED,
    ADD COLUMN list_ends jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN list_ends_at timestamptz,
    ADD COLUMN vanished_at timestamptz;
COMMENT ON COLUMN koppeling.integration.verify_warning IS 'What its verification found that the merchant should know.';
COMMENT ON COLUMN koppeling.integration.verify_warning_en IS 'The same in English.';
COMMENT ON COLUMN koppeling.integration.poll_warning IS
    'What its last polls found that the merchant should know: a list that is shorter than its count, orders that '
    'vanished.';
COMMENT ON COLUMN koppeling.integration.poll_warning_en IS 'The same in English.';
COMMENT ON COLUMN koppeling.integration.warning IS
    'It works, but the merchant should know this (Dutch): verify_warning and poll_warning.';
COMMENT ON COLUMN koppeling.integration.warning_en IS 'The same in English.';
COMMENT ON COLUMN koppeling.integration.list_ends IS
    'By status, where its list of orders was proven to end: "sum" of the hashes of its orders (null: to be proven each '
    'time), how many were "listed", the "count" that the shop told, whether it "repeats" its first page for ever. '
    'A list that is still the same ends there too and is not proven again.';
COMMENT ON COLUMN koppeling.integration.list_ends_at IS
    'When the ends of all its lists were last proven in one poll; after an hour they are proven again.';
COMMENT ON COLUMN koppeling.integration.vanished_at IS
    'When a poll found most of its open orders gone at once: a second one must agree before they are looked up. '
    'NULL: nothing is in doubt.';

INSERT INTO koppeling.message (code, nl, en) VALUES
    ('list_short',
     'Uw winkel telt %1$s open bestellingen, maar geeft er maar %2$s door. Mist u een bestelling, neem dan contact op '
     'met Mijnwebwinkel.',
     'Your shop counts %1$s open orders, but lists only %2$s of them. If you miss an order, please contact '
     'Mijnwebwinkel.'),
    ('list_repeats',
     'Uw winkel geeft steeds dezelfde %s bestellingen door. Of er meer zijn, kunnen wij niet zien; neem contact op met '
     'Mijnwebwinkel.',
     'Your shop lists the same %s orders again and again. We cannot see whether there are more; please contact '
     'Mijnwebwinkel.'),
    ('orders_vanished',
     '%1$s van de %2$s open bestellingen stonden bij de laatste controle niet meer in de lijst van uw winkel. Ze '
     'worden pas ingetrokken als een volgende controle dat bevestigt.',
     '%1$s of the %2$s open orders were no longer in the list of your shop at the last poll. They are withdrawn only '
     'when another poll agrees.');

-- A request that comes twice (a double click, a retry of a proxy) is one request: its key says so. Keys are made by the
-- programs of an account, so they are unique within it: two accounts may use the same one and must not hear of each
-- other, and within an account a key that comes with another order is a mistake that would else buy a second shipment.
ALTER TABLE koppeling.shipment
    ADD COLUMN account_id bigint REFERENCES koppeling.account,
    ADD COLUMN request_key text,
    ADD CONSTRAINT shipment_request_key_is_sane CHECK (
        request_key IS NULL OR (btrim(request_key) <> '' AND length(request_key) <= 200 AND account_id IS NOT NULL));
CREATE UNIQUE INDEX shipment_request ON koppeling.shipment (account_id, request_key) WHERE request_key IS NOT NULL;
COMMENT ON COLUMN koppeling.shipment.account_id IS
    'The account that asked for it with a request_key; NULL without one.';
COMMENT ON COLUMN koppeling.shipment.request_key IS
    'What the back end named its request: asked for again under this key, dispatch_order() returns this shipment.';

-- Functions that get a parameter more are made anew: a second form beside the first would make their calls ambiguous.
DROP FUNCTION IF EXISTS koppeling.dispatch_problem(bigint, koppeling.environment, text);
DROP FUNCTION IF EXISTS koppeling.dispatch_order(bigint[], text, integer, text, koppeling.environment);
DROP FUNCTION IF EXISTS koppeling.dispatch_order(bigint, text, integer, text, koppeling.environment);
