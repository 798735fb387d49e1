-- The wake-up: one notification per enqueueing statement.
LISTEN koppeling_job;
