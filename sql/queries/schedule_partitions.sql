-- Partitions of the history for the next days.
SELECT p.changed, p.trouble FROM koppeling.make_history_partitions() AS p;
