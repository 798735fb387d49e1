-- Partitions of the history, and rows of workers long gone.
SELECT koppeling.maintain_history();
