-- One tick at a time: a second scheduler that comes while one is at it does nothing. Held until the end of the transaction.
SELECT pg_try_advisory_xact_lock(hashtextextended('koppeling scheduler tick', 0));
