-- Partitions of the history, rows of workers long gone, personal data past its time, jobs parked for no reason any
-- more. To make or drop a partition takes a lock for which a backup or a long query lets it wait, and everything else
-- would wait behind it: so it gives up soon. The limit comes first, since a list is worked through in its order.
SELECT set_config('lock_timeout', '1s', true),
       koppeling.maintain_history(),
       koppeling.erase_by_age(),
       koppeling.release_forgotten_jobs();
