-- A vacuum that finds the table of live jobs empty leaves the planner with "no rows" until twenty thousand have come.
-- serves: programs from 0023
INSERT INTO koppeling.chore (name, meaning) VALUES
    ('statistics', 'tells the planner when there are far more live jobs than it knows of');
