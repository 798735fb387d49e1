-- After the clock of the server was set back: nothing waits for a time that was never meant. Usually it costs a few
-- looks at the ends of indexes.
SELECT koppeling.mend_times() AS mended;
