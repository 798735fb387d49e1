-- Every statement of a worker finds its rows by index. Plans are made once, perhaps while the tables are empty, so the
-- planner must not fall for a sequential scan then.
SET enable_seqscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET plan_cache_mode = force_generic_plan;
