-- The level of the transaction in which this stands, for a flight behind a pooler; connection_settings follows.
SET transaction_isolation = 'read committed';
