-- The queue by kind, for koppeling-scheduler top: those with something in it first.
SELECT k.kind, k.waiting, k.running, k.failed, round(k.oldest::numeric, 1) AS oldest_due_s
FROM (
    SELECT v.label_value AS kind,
           max(v.value) FILTER (WHERE v.metric = 'koppeling_queue_jobs') AS waiting,
           max(v.value) FILTER (WHERE v.metric = 'koppeling_running_jobs') AS running,
           max(v.value) FILTER (WHERE v.metric = 'koppeling_failed_jobs') AS failed,
           max(v.value) FILTER (WHERE v.metric = 'koppeling_oldest_due_job_seconds') AS oldest
    FROM koppeling.gauge v
    WHERE v.label = 'kind'
    GROUP BY v.label_value) k
ORDER BY k.waiting + k.running + k.failed = 0, k.oldest DESC, k.waiting DESC, k.kind;
