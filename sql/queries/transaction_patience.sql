-- For migrations and the upkeep of the history: a statement may take long, though not as long as we would wait for it.
SET LOCAL statement_timeout = '55min';
