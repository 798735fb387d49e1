-- What a migration adds for the kind "greet": its defaults.
INSERT INTO koppeling.job_kind (name, api, priority, max_attempts, meaning)
VALUES ('greet', 'local', 1, 10, 'greets whom its args name');
