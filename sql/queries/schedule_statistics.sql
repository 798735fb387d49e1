-- What the planner knows of the live jobs, before it is asked to plan for many that came at once.
SELECT koppeling.refresh_statistics();
