-- Services and prices before a label is made, parcels of any size and weight, several labels for one order.

-- What parcels are, and how large one is that nobody measured [BKZ-508, BKZ-509, BKZ-523]: rows, so that a DBA can
-- change them.
CREATE TABLE koppeling.parcel_format (
    name         text PRIMARY KEY,
    description  text NOT NULL,
    length_cm    integer NOT NULL,
    width_cm     integer NOT NULL,
    height_cm    integer NOT NULL,
    has_own_size boolean NOT NULL,
    CONSTRAINT parcel_format_name_is_plain CHECK (name ~ '^[a-z]+(-[a-z]+)*$' AND length(name) <= 40),
    CONSTRAINT parcel_format_has_description CHECK (btrim(description) <> '' AND length(description) <= 100),
    CONSTRAINT parcel_format_size_is_sane CHECK (
        length_cm BETWEEN 1 AND 1000 AND width_cm BETWEEN 1 AND 1000 AND height_cm BETWEEN 1 AND 1000)
);
COMMENT ON TABLE koppeling.parcel_format IS
    'Kinds of parcels that Boekuwzending knows, and the size of one when nobody gives another.';
COMMENT ON COLUMN koppeling.parcel_format.name IS 'As in shipment.label_format: the type of a shipment item.';
COMMENT ON COLUMN koppeling.parcel_format.description IS 'What the merchant reads on the shipment.';
COMMENT ON COLUMN koppeling.parcel_format.length_cm IS 'Length in cm.';
COMMENT ON COLUMN koppeling.parcel_format.width_cm IS 'Width in cm.';
COMMENT ON COLUMN koppeling.parcel_format.height_cm IS 'Height in cm.';
COMMENT ON COLUMN koppeling.parcel_format.has_own_size IS
    'True: the size is that of the thing, such as a pallet, and not that of the parcels of a shop '
    '(integration.default_length_cm).';
INSERT INTO koppeling.parcel_format (name, description, length_cm, width_cm, height_cm, has_own_size) VALUES
    ('package',      'Pakket',      10,  10,  10, false),
    ('envelop',      'Envelop',     10,  10,  10, false),
    ('document',     'Document',    10,  10,  10, false),
    ('pallet-euro',  'Europallet', 120,  80, 100, true),
    ('pallet-block', 'Blokpallet', 120, 100, 100, true),
    ('pallet-mini',  'Minipallet',  80,  60, 100, true),
    ('pallet-other', 'Pallet',     120, 100, 100, true);
ALTER TABLE koppeling.shipment
    DROP CONSTRAINT shipment_label_format_is_known,
    ADD CONSTRAINT shipment_label_format_is_known FOREIGN KEY (label_format) REFERENCES koppeling.parcel_format;

-- What a shop usually sends.
ALTER TABLE koppeling.integration
    ADD COLUMN default_service   text,
    ADD COLUMN default_length_cm integer,
    ADD COLUMN default_width_cm  integer,
    ADD COLUMN default_height_cm integer,
    ADD CONSTRAINT integration_service_is_given CHECK (
        btrim(default_service) <> '' AND length(default_service) <= 100),
    ADD CONSTRAINT integration_size_is_whole CHECK (
        num_nonnulls(default_length_cm, default_width_cm, default_height_cm) IN (0, 3)),
    ADD CONSTRAINT integration_size_is_sane CHECK (
        default_length_cm BETWEEN 1 AND 1000 AND default_width_cm BETWEEN 1 AND 1000
        AND default_height_cm BETWEEN 1 AND 1000);
COMMENT ON COLUMN koppeling.integration.default_service IS
    'Service key for orders that are dispatched without one; NULL: one must be named.';
COMMENT ON COLUMN koppeling.integration.default_length_cm IS
    'Length in cm of a parcel of this shop, unless dispatch_order() is told another; NULL: as parcel_format says.';
COMMENT ON COLUMN koppeling.integration.default_width_cm IS 'Its width in cm.';
COMMENT ON COLUMN koppeling.integration.default_height_cm IS 'Its height in cm.';

ALTER TABLE koppeling.account ADD COLUMN weight_per_piece boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN koppeling.account.weight_per_piece IS
    'How the weight and the value of a shipment with several labels are told: false, as in the form of the official '
    'plugin: of all parcels together; true: of one parcel.';

-- What was asked for, where it is not the usual.
ALTER TABLE koppeling.shipment
    ADD COLUMN weight_kg numeric(10, 3),
    ADD COLUMN length_cm integer,
    ADD COLUMN width_cm  integer,
    ADD COLUMN height_cm integer,
    ADD COLUMN parcels   jsonb,
    ADD CONSTRAINT shipment_weight_is_positive CHECK (weight_kg > 0),
    ADD CONSTRAINT shipment_size_is_whole CHECK (num_nonnulls(length_cm, width_cm, height_cm) IN (0, 3)),
    ADD CONSTRAINT shipment_size_is_sane CHECK (
        length_cm BETWEEN 1 AND 1000 AND width_cm BETWEEN 1 AND 1000 AND height_cm BETWEEN 1 AND 1000),
    ADD CONSTRAINT shipment_parcels_are_a_list CHECK (
        CASE WHEN jsonb_typeof(parcels) = 'array' THEN jsonb_array_length(parcels) BETWEEN 1 AND 100
             ELSE parcels IS NULL END);
COMMENT ON COLUMN koppeling.shipment.weight_kg IS 'Weight in kg of all of it; NULL: that of the order.';
COMMENT ON COLUMN koppeling.shipment.length_cm IS
    'Length of a parcel in cm; NULL: that of its format or the default of the shop.';
COMMENT ON COLUMN koppeling.shipment.width_cm IS 'The same for its width.';
COMMENT ON COLUMN koppeling.shipment.height_cm IS 'The same for its height.';
COMMENT ON COLUMN koppeling.shipment.parcels IS
    'Parcels that differ: a list of {quantity, weight, length, width, height, value} (kg, cm, euros; of one parcel), '
    'as dispatch_order() took it; NULL: all are alike.';
COMMENT ON COLUMN koppeling.shipment.related_shipment_id IS
    'The shipment of the order that this one adds labels to: an earlier one, as long as that is made or may still be '
    'made. What was sent is what stands here since sent_at.';

-- Services and prices.
CREATE TABLE koppeling.quote (
    order_id      bigint NOT NULL REFERENCES koppeling.imported_order ON DELETE CASCADE,
    environment   koppeling.environment NOT NULL,
    service       text NOT NULL,
    description   text,
    carrier       text,
    price         numeric(12, 2),
    tax           numeric(12, 2),
    max_weight_kg numeric(10, 3),
    max_length_cm numeric(8, 1),
    max_width_cm  numeric(8, 1),
    max_height_cm numeric(8, 1),
    pickup_point  boolean,
    asked         jsonb NOT NULL,
    job_id        bigint NOT NULL,
    quoted_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (order_id, environment, service),
    CONSTRAINT quote_service_is_given CHECK (btrim(service) <> '' AND length(service) <= 100),
    CONSTRAINT quote_asked_is_known CHECK (jsonb_typeof(asked) = 'array'),
    CONSTRAINT quote_price_is_no_less_than_nothing CHECK (price >= 0 AND tax >= 0),
    CONSTRAINT quote_limits_are_positive CHECK (
        max_weight_kg > 0 AND max_length_cm > 0 AND max_width_cm > 0 AND max_height_cm > 0)
);
-- What the retention walks.
CREATE INDEX quote_age ON koppeling.quote (quoted_at);
COMMENT ON TABLE koppeling.quote IS
    'What Boekuwzending last offered for an order, a row per service, asked for with request_quote(). '
    'services_for() reads it.';
COMMENT ON COLUMN koppeling.quote.order_id IS 'The order.';
COMMENT ON COLUMN koppeling.quote.environment IS 'Where it was asked: the two have services of their own.';
COMMENT ON COLUMN koppeling.quote.service IS 'Service key, as dispatch_order() takes it.';
COMMENT ON COLUMN koppeling.quote.description IS 'The service in words; NULL: not told.';
COMMENT ON COLUMN koppeling.quote.carrier IS 'Who carries it; NULL: not told.';
COMMENT ON COLUMN koppeling.quote.price IS 'Price in euros, as told; NULL: not told.';
COMMENT ON COLUMN koppeling.quote.tax IS 'Tax in euros, as told beside the price; NULL: not told.';
COMMENT ON COLUMN koppeling.quote.max_weight_kg IS 'The most that a parcel may weigh; NULL: not told.';
COMMENT ON COLUMN koppeling.quote.max_length_cm IS 'The most that it may be long; NULL: not told.';
COMMENT ON COLUMN koppeling.quote.max_width_cm IS 'The most that it may be wide; NULL: not told.';
COMMENT ON COLUMN koppeling.quote.max_height_cm IS 'The most that it may be high; NULL: not told.';
COMMENT ON COLUMN koppeling.quote.pickup_point IS 'Whether it goes to a parcel shop; NULL: not told.';
COMMENT ON COLUMN koppeling.quote.asked IS
    'The parcels that it was asked for, as they were sent: quantity, format, length, width, height, weight_kg, value.';
COMMENT ON COLUMN koppeling.quote.job_id IS 'The job that asked.';
COMMENT ON COLUMN koppeling.quote.quoted_at IS 'When it was offered.';

INSERT INTO koppeling.job_kind (name, api, priority, max_attempts, meaning, history_days) VALUES
    ('quote', 'boekuwzending', 0, 5, 'asks Boekuwzending for services and prices for an order', 7);
-- The same question is asked once at a time; another one, of other parcels say, is another question. That of a hundred
-- parcels is longer than an index takes.
CREATE UNIQUE INDEX job_one_quote ON koppeling.job (order_id, api_id, md5(args::text)) NULLS NOT DISTINCT
    WHERE kind = 'quote';
ALTER TABLE koppeling.job ADD CONSTRAINT job_quote_has_order CHECK (
    kind <> 'quote' OR (integration_id IS NOT NULL AND order_id IS NOT NULL));

COMMENT ON COLUMN koppeling.job.args IS
    'Arguments: ids, and sizes, weights and values of parcels; no personal data.';

INSERT INTO koppeling.setting (name, value, meaning, least, most) VALUES
    ('quote_minutes', '1440',
     'minutes after a quote in which dispatch_order() refuses a service that it did not offer; 0: never', 0, 525600),
    ('quote_days', '7', 'days that a quote is kept', 1, 36500);
INSERT INTO koppeling.chore (name, meaning) VALUES
    ('quotes', 'drops quotes past their time, and gives up those that nobody waits for any more');

-- Functions that get a parameter more are made anew: a second form beside the first would make their calls ambiguous.
DROP FUNCTION IF EXISTS koppeling.dispatch_order(bigint[], text, integer, text, koppeling.environment, text);
DROP FUNCTION IF EXISTS koppeling.dispatch_order(bigint, text, integer, text, koppeling.environment, text);
