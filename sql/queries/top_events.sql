-- What happened last, for koppeling-scheduler top.
SELECT to_char(e.at, 'HH24:MI:SS') AS at, left(e.event, 50) AS event, coalesce(e.shop, e.account) AS whose,
       left(e.reason, 60) AS reason
FROM koppeling.event_log e
ORDER BY e.id DESC
LIMIT 6;
