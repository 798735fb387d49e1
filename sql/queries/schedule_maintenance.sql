-- Partitions of the history, rows of workers long gone, personal data past its time, jobs parked for no reason any more.
SELECT koppeling.maintain_history(), koppeling.erase_by_age(), koppeling.release_forgotten_jobs();
