-- Whether the role that is logged in may do a worker's work: only those of koppeling_worker may register one.
SELECT has_table_privilege('koppeling.worker', 'INSERT') AS may_work, current_user AS role;
