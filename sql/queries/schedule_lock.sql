-- One tick at a time: a second scheduler that comes while one is at it does nothing. Held until the end of the
-- transaction. A scheduler that stands still in it (frozen, cut off) must not keep the others from their work, and one
-- that waits for a lock of somebody else must be able to stop: so both have an end.
SELECT pg_try_advisory_xact_lock(hashtextextended('koppeling scheduler tick', 0)) AS taken,
       set_config('idle_in_transaction_session_timeout', '30s', true), set_config('lock_timeout', '10s', true);
