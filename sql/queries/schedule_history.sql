-- Finished work that is older than the settings say.
SELECT d.changed, d.trouble FROM koppeling.drop_old_history() AS d;
