-- What happened since, for the log. $1 most
SELECT e.what, e.lasted_us, e.api, e.shop, e.account_id, e.environment, e.kind, e.job_id, e.order_id, e.call, e.reason
FROM koppeling.take_events($1::integer) e;
