-- The services, for koppeling-scheduler top.
SELECT a.name || ' ' || a.environment AS service, a.breaker_state AS breaker, a.breaker_failures AS failures,
       CASE WHEN a.blocked_until > now()
            THEN coalesce(date_trunc('second', a.blocked_until - now())::text, '') ELSE '-' END AS blocked_for,
       CASE WHEN a.blocked_until > now() OR a.breaker_state <> 'closed' THEN left(a.block_reason, 60) END AS why
FROM koppeling.api a
WHERE a.name <> 'local'
ORDER BY a.id;
