-- What the scheduler serves as metrics. Each kind, state and reason has a row, so that a gauge goes back to 0. Seconds
-- are told in microseconds.
SELECT g.metric, g.label || '="' || g.label_value || '"' AS labels,
       (CASE WHEN g.metric LIKE '%\_seconds' THEN g.value * 1000000 ELSE g.value END)::bigint AS value, g.help
FROM koppeling.gauge g;
