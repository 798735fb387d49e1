-- Jobs that are parked for no reason any more.
SELECT koppeling.release_forgotten_jobs();
