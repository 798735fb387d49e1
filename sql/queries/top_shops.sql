-- Shops in trouble, for koppeling-scheduler top.
SELECT s.shop, s.state, s.open_orders, left(s.condition, 70) AS condition
FROM koppeling.integration_status s
WHERE s.state = 'needs_attention'
ORDER BY s.last_polled_at DESC NULLS LAST, s.id
LIMIT 6;
