-- What happened, in words.

DROP VIEW IF EXISTS koppeling.event_log;

CREATE VIEW koppeling.event_log AS
SELECT e.at,
       CASE e.what
           WHEN 'breaker_opened' THEN format('nothing is asked of %s %s any more', a.name, a.environment)
           WHEN 'breaker_half_open' THEN format('one job tries %s %s', a.name, a.environment)
           WHEN 'breaker_closed' THEN format('%s %s works again', a.name, a.environment)
           WHEN 'job_gave_up' THEN format('%s %s gave up', e.kind, e.job_id)
           WHEN 'shop_needs_attention' THEN 'the shop is not polled any more'
           WHEN 'shop_is_well' THEN 'the shop is well again'
           WHEN 'account_refused' THEN format('the credentials (%s) of the account are refused', e.environment)
           WHEN 'account_is_well' THEN format('the credentials (%s) of the account are accepted again', e.environment)
       END AS event,
       e.reason,
       date_trunc('second', e.lasted) AS lasted,
       i.shop_host AS shop,
       c.name AS account,
       o.order_number,
       e.what, e.integration_id, e.account_id, e.api_id, e.kind, e.job_id, e.order_id, e.call, e.id
FROM koppeling.event e
LEFT JOIN koppeling.api a ON a.id = e.api_id
LEFT JOIN koppeling.integration i ON i.id = e.integration_id
LEFT JOIN koppeling.account c ON c.id = e.account_id
LEFT JOIN koppeling.imported_order o ON o.id = e.order_id;
COMMENT ON VIEW koppeling.event_log IS
    'What happened lately that a person wants to know of: breakers, jobs that gave up, shops and accounts that need a '
    'person or are well again. ORDER BY id DESC LIMIT 20 is the last night.';
