-- What Boekuwzending offers for an order, in the place of what it offered before. An answer to a newer question stays,
-- and nothing is kept of an order that was erased meanwhile.
-- $1 the rows of quote jobs, with job and fencing token
WITH answer AS MATERIALIZED (
    -- Of several for one order and environment, the one that was asked for last.
    SELECT DISTINCT ON (j.order_id, w.environment) j.order_id, j.id AS job_id, w.environment, w.asked, w.services
    FROM json_to_recordset($1::json) AS w (
        job bigint, token bigint, environment koppeling.environment, asked jsonb, services json)
    JOIN koppeling.job j ON j.id = w.job AND j.lease_token = w.token
    JOIN koppeling.imported_order o ON o.id = j.order_id
    WHERE o.erased_at IS NULL
      AND NOT EXISTS (SELECT FROM koppeling.quote q
                      WHERE q.order_id = j.order_id AND q.environment = w.environment AND q.job_id > j.id)
    ORDER BY j.order_id, w.environment, j.id DESC
), offered AS MATERIALIZED (
    -- A service may be offered at several prices, as for several weights: the best one counts.
    SELECT DISTINCT ON (a.order_id, a.environment, x.service) a.order_id, a.environment, a.asked, a.job_id, x.*
    FROM answer a
    CROSS JOIN LATERAL json_to_recordset(a.services) AS x (
        service text, description text, carrier text, price numeric, tax numeric,
        max_weight_kg numeric, max_length_cm numeric, max_width_cm numeric, max_height_cm numeric, pickup_point boolean)
    ORDER BY a.order_id, a.environment, x.service, x.price NULLS LAST
), kept AS (
    INSERT INTO koppeling.quote AS q (
        order_id, environment, service, description, carrier, price, tax, max_weight_kg, max_length_cm, max_width_cm,
        max_height_cm, pickup_point, asked, job_id)
    SELECT o.order_id, o.environment, o.service, o.description, o.carrier, o.price, o.tax, o.max_weight_kg,
           o.max_length_cm, o.max_width_cm, o.max_height_cm, o.pickup_point, o.asked, o.job_id
    FROM offered o
    ON CONFLICT (order_id, environment, service) DO UPDATE
    SET description = excluded.description, carrier = excluded.carrier, price = excluded.price, tax = excluded.tax,
        max_weight_kg = excluded.max_weight_kg, max_length_cm = excluded.max_length_cm,
        max_width_cm = excluded.max_width_cm, max_height_cm = excluded.max_height_cm,
        pickup_point = excluded.pickup_point, asked = excluded.asked, job_id = excluded.job_id,
        quoted_at = excluded.quoted_at
    WHERE q.job_id <= excluded.job_id
)
DELETE FROM koppeling.quote q
USING answer a
WHERE q.order_id = a.order_id AND q.environment = a.environment AND q.job_id <= a.job_id
  AND NOT EXISTS (SELECT FROM offered o
                  WHERE o.order_id = q.order_id AND o.environment = q.environment AND o.service = q.service);
