-- The versions of the programs that are at work. $1 the version of the one that asks
SELECT CASE WHEN p.version = $1::text THEN 'ok' ELSE 'warning' END AS level, 'versions' AS topic,
       format('%s %s of version %s at work (%s)', count(*), p.what, p.version, string_agg(DISTINCT p.host, ', '))
           AS finding,
       format('This program is %s: finish the roll-out, or ask the program of that version.', $1::text) AS advice
FROM (SELECT CASE WHEN count(*) OVER () = 1 THEN 'scheduler is' ELSE 'schedulers are' END AS what, s.version, s.host
      FROM koppeling.scheduler s
      WHERE s.stopped_at IS NULL AND s.seen_at > now() - (s.tick * 3 + interval '30 seconds')
      UNION ALL
      SELECT 'worker threads are', w.version, w.host
      FROM koppeling.worker w
      WHERE w.state = 'active' AND w.lease_until > now()) p
GROUP BY p.what, p.version
ORDER BY p.what, p.version;
