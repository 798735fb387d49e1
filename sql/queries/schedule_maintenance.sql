-- Partitions of the history, rows of workers long gone, personal data past its time.
SELECT koppeling.maintain_history(), koppeling.erase_by_age();
