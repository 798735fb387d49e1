-- One migration at a time in this database; held until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('koppeling migrate', 0));
