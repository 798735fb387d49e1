-- One migration at a time in this database; held until the end of the transaction. Another one is waited for
-- again and again.
SELECT pg_advisory_xact_lock(hashtextextended('koppeling migrate', 0));
