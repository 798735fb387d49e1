-- Every statement of a worker finds its rows by index. Plans are made once, perhaps while the tables are empty, so the
-- planner must not fall for a sequential scan then.
SET enable_seqscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET jit = off;
SET plan_cache_mode = force_generic_plan;
SET search_path = pg_catalog, pg_temp;
-- Somebody who holds a lock must not hold the whole thread: what waits is refused, and set aside (quarantine.h).
SET lock_timeout = '500ms';
