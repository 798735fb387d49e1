-- The lanes that a worker visits: every kind it knows, at every environment of its API, by priority.
-- A lane is a prefix of the index job_claim, so visiting one never meets a row of another.
-- $1 names of the kinds that this worker can do
SELECT k.name AS kind, a.id AS api_id, p.priority
FROM koppeling.job_kind k
JOIN koppeling.api a ON a.name = k.api
CROSS JOIN generate_series(0, 2) AS p (priority)
WHERE k.name = ANY ($1::text[])
ORDER BY k.name, a.id, p.priority;
