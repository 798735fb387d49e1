-- The kinds that there are, so that each can be counted from the start.
SELECT k.name FROM koppeling.job_kind k ORDER BY k.name;
