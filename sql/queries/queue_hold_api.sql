-- The service of all shops refused our partner token, in a flight before queue_fail: its breaker opens at once, and for
-- this reason. The probe of the breaker tries it again by itself, and no shop is to blame.
--
-- $1 ids   $2 fencing tokens   $3 whom the failure blames: 'operator', or another, or NULL
UPDATE koppeling.api a
SET breaker_state = 'open',
    breaker_trips = a.breaker_trips + (a.breaker_state <> 'open')::integer,
    blocked_until = CASE
        WHEN a.breaker_state = 'open' THEN a.blocked_until
        ELSE greatest(a.blocked_until,
                      now() + least(interval '30 seconds' * (a.breaker_trips + 1), interval '1 minute')) END,
    block_reason = 'the partner token is refused: set KOPPELING_PARTNER_TOKEN right'
FROM (SELECT DISTINCT j.api_id
      FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS f (id, lease_token, blames)
      JOIN koppeling.job j ON j.id = f.id AND j.lease_token = f.lease_token
      WHERE f.blames = 'operator') r
WHERE a.id = r.api_id AND a.is_shop;
