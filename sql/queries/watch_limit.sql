-- What is only to be looked at must not hold up a scheduler: it has this long, until the end of the transaction.
SELECT set_config('statement_timeout', '3s', true);
