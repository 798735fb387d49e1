-- What DBAs and ops look at.

DROP VIEW IF EXISTS
    koppeling.queue_overview, koppeling.failed_job, koppeling.running_job, koppeling.job_log;

CREATE VIEW koppeling.queue_overview AS
SELECT j.kind,
       j.state,
       count(*) AS count,
       count(*) FILTER (WHERE j.state = 'queued' AND j.run_at <= now()) AS due,
       count(*) FILTER (WHERE j.run_at = 'infinity') AS parked,
       now() - min(j.run_at) FILTER (WHERE j.state = 'queued' AND j.run_at <= now()) AS oldest_due_age,
       min(j.run_at) FILTER (WHERE j.state = 'queued' AND j.run_at > now() AND j.run_at < 'infinity') AS next_run_at
FROM koppeling.job j
GROUP BY j.kind, j.state
ORDER BY j.kind, j.state;
COMMENT ON VIEW koppeling.queue_overview IS
    'Live jobs per kind and state. due: could run now; parked: waits until its shop is in order; oldest_due_age: '
    'how long the oldest due job has been waiting.';

CREATE VIEW koppeling.failed_job AS
SELECT j.id,
       j.kind,
       i.shop_host AS shop,
       j.integration_id,
       o.order_number,
       j.order_id,
       j.last_error_class AS error_class,
       j.last_error,
       (j.errors -> -1 ->> 'http_status')::integer AS http_status,
       j.attempt AS attempts,
       koppeling.failed_at(j) AS failed_at,
       CASE WHEN j.last_error_class = 'auth' AND NOT a.is_shop
           THEN 'Boekuwzending refused the credentials of the account: '
                'see account_status, save others with save_credentials(), then retry_job().'
           WHEN j.kind = 'create_shipment' AND j.last_error LIKE 'not booked: %'
           THEN 'It was not sent: what it is about has changed since it was dispatched. Mend that, then retry_job(); '
                'or leave it unsent.'
           ELSE r.advice END
           || format(' Again: SELECT koppeling.retry_job(%s); Drop it: SELECT koppeling.cancel_job(%s);', j.id, j.id)
           AS what_to_do
FROM koppeling.job j
LEFT JOIN koppeling.integration i ON i.id = j.integration_id
LEFT JOIN koppeling.imported_order o ON o.id = j.order_id
LEFT JOIN koppeling.api a ON a.id = j.api_id
LEFT JOIN koppeling.retry_rule r ON r.error_class = j.last_error_class
WHERE j.state = 'failed'
ORDER BY j.id;
COMMENT ON VIEW koppeling.failed_job IS
    'Jobs that gave up and wait for a person: what, for which shop and order, why, and what to do.';

CREATE VIEW koppeling.running_job AS
SELECT j.id,
       j.kind,
       i.shop_host AS shop,
       j.order_id,
       j.attempt,
       now() - j.started_at AS running_for,
       w.host,
       w.pid,
       w.thread,
       w.state AS worker_state,
       w.lease_until,
       w.lease_until > now() AS lease_is_live
FROM koppeling.job j
LEFT JOIN koppeling.worker w ON w.id = j.worker_id
LEFT JOIN koppeling.integration i ON i.id = j.integration_id
WHERE j.state = 'running'
ORDER BY j.started_at;
COMMENT ON VIEW koppeling.running_job IS
    'Jobs under way: since when, on which host and process, and the lease in force.';

CREATE VIEW koppeling.job_log AS
SELECT j.id, j.kind, j.state::text AS state, j.integration_id, j.order_id, j.shipment_id,
       j.created_at, j.run_at, j.started_at,
       NULL::timestamptz AS finished_at, j.attempt AS attempts, j.worker_id,
       a.name AS api, NULL::smallint AS http_status,
       NULL::koppeling.environment AS label_environment, NULL::koppeling.environment AS shop_environment,
       j.last_error_class AS error_class, j.last_error, j.args, NULL::jsonb AS result, j.errors
FROM koppeling.job j LEFT JOIN koppeling.api a ON a.id = j.api_id
UNION ALL
SELECT h.id, h.kind, h.outcome::text, h.integration_id, h.order_id, h.shipment_id, h.created_at, NULL, h.started_at,
       h.finished_at, h.attempts, h.worker_id,
       h.api, h.http_status,
       h.label_environment, h.shop_environment,
       (h.errors -> -1 ->> 'class')::koppeling.error_class, h.errors -> -1 ->> 'error', h.args, h.result, h.errors
FROM koppeling.job_history h;
COMMENT ON VIEW koppeling.job_log IS
    'Live and finished jobs in one list: the whole story of an order is WHERE order_id = … ORDER BY id.';
