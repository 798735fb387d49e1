-- What belongs together is held together, and a setting can only be what it can mean.

-- The subjects of a job are of one another: a shipment of an order of a shop. Each was checked by itself, so the
-- shipment of one shop could be booked on the account of another. The wider keys cost what the narrow ones did.
CREATE UNIQUE INDEX imported_order_of_integration ON koppeling.imported_order (integration_id, id);
CREATE UNIQUE INDEX shipment_of_order ON koppeling.shipment (order_id, id);
DROP INDEX koppeling.shipment_order;
ALTER TABLE koppeling.job
    DROP CONSTRAINT job_order_id_fkey,
    DROP CONSTRAINT job_shipment_id_fkey,
    ADD CONSTRAINT job_order_is_of_shop FOREIGN KEY (integration_id, order_id)
        REFERENCES koppeling.imported_order (integration_id, id),
    ADD CONSTRAINT job_shipment_is_of_order FOREIGN KEY (order_id, shipment_id)
        REFERENCES koppeling.shipment (order_id, id),
    -- A key of which a part is missing checks nothing.
    ADD CONSTRAINT job_subject_is_whole CHECK (
        (order_id IS NULL OR integration_id IS NOT NULL) AND (shipment_id IS NULL OR order_id IS NOT NULL));
ALTER TABLE koppeling.label
    DROP CONSTRAINT label_shipment_id_fkey,
    ADD CONSTRAINT label_shipment_is_of_order FOREIGN KEY (order_id, shipment_id)
        REFERENCES koppeling.shipment (order_id, id);

-- What was set to something that it cannot mean goes back to what it was at first; then it cannot be set to that again.
UPDATE koppeling.setting s
SET value = d.value
FROM (VALUES ('history_days', '30', 1), ('personal_data_days', '90', 0), ('first_import_days', '30', 0),
             ('worker_days', '2', 1), ('booking_settle_seconds', '120', 1)) AS d (name, value, least)
WHERE s.name = d.name
  AND CASE WHEN s.value ~ '^[0-9]{1,5}$' THEN s.value::integer NOT BETWEEN d.least AND 36500 ELSE true END;
ALTER TABLE koppeling.setting
    ADD COLUMN least integer,
    ADD COLUMN most integer,
    ADD CONSTRAINT setting_range_has_two_ends CHECK (num_nulls(least, most) IN (0, 2) AND least <= most),
    -- The cases come in order, so that nothing is cast that is no number.
    ADD CONSTRAINT setting_value_is_in_range CHECK (
        CASE WHEN least IS NULL THEN true
             WHEN value ~ '^[0-9]{1,9}$' THEN value::integer BETWEEN least AND most
             ELSE false END);
COMMENT ON COLUMN koppeling.setting.least IS 'For a whole number: the least that it can mean. NULL: it is text.';
COMMENT ON COLUMN koppeling.setting.most IS 'For a whole number: the most that it can mean.';
UPDATE koppeling.setting s
SET least = d.least, most = CASE WHEN d.name LIKE '%_days' THEN 36500 ELSE 86400 END
FROM (VALUES ('history_days', 1), ('personal_data_days', 0), ('first_import_days', 0), ('worker_days', 1),
             ('booking_settle_seconds', 1)) AS d (name, least)
WHERE s.name = d.name;

-- A time of minus infinity is no time: views and pages subtract it from now.
UPDATE koppeling.job SET run_at = created_at WHERE run_at = '-infinity';
ALTER TABLE koppeling.job ADD CONSTRAINT job_run_at_is_a_time CHECK (run_at > '-infinity');
UPDATE koppeling.api SET blocked_until = NULL WHERE blocked_until = '-infinity';
ALTER TABLE koppeling.api ADD CONSTRAINT api_blocked_until_is_a_time CHECK (blocked_until > '-infinity');
UPDATE koppeling.integration SET blocked_until = NULL WHERE blocked_until = '-infinity';
UPDATE koppeling.integration SET next_poll_at = now() WHERE next_poll_at = '-infinity';
ALTER TABLE koppeling.integration
    ADD CONSTRAINT integration_times_are_times CHECK (
        blocked_until > '-infinity' AND next_poll_at > '-infinity' AND pace_at > '-infinity');
