-- Starts a transaction in which each statement sees what was committed before it; connection_settings follows.
BEGIN ISOLATION LEVEL READ COMMITTED;
