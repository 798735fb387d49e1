-- What the scheduler does and who does it, so that nobody has to conclude from silence that all is well.

CREATE TABLE koppeling.scheduler (
    id         bigint PRIMARY KEY,
    host       text NOT NULL,
    pid        integer NOT NULL,
    version    text NOT NULL,
    tick       interval NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    stopped_at timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE koppeling.scheduler IS 'One row per scheduler: since when it runs, and when it last ticked.';
COMMENT ON COLUMN koppeling.scheduler.id IS 'Key; drawn by the process.';
COMMENT ON COLUMN koppeling.scheduler.host IS 'Host name.';
COMMENT ON COLUMN koppeling.scheduler.pid IS 'Process id.';
COMMENT ON COLUMN koppeling.scheduler.version IS 'Version of the program.';
COMMENT ON COLUMN koppeling.scheduler.tick IS 'Time between two ticks.';
COMMENT ON COLUMN koppeling.scheduler.started_at IS 'When it first ticked.';
COMMENT ON COLUMN koppeling.scheduler.seen_at IS 'When it last ticked, give or take five seconds.';
COMMENT ON COLUMN koppeling.scheduler.stopped_at IS 'When it said goodbye.';

CREATE TABLE koppeling.chore (
    name         text PRIMARY KEY COLLATE "C",
    meaning      text NOT NULL,
    done_at      timestamptz,
    failed_since timestamptz,
    error        text,
    CONSTRAINT chore_failure_has_error CHECK ((failed_since IS NULL) = (error IS NULL))
) WITH (fillfactor = 50);
COMMENT ON TABLE koppeling.chore IS
    'What a scheduler does, each in a transaction of its own, when it was last done, and what is in its way.';
COMMENT ON COLUMN koppeling.chore.name IS 'Key, as the log has it.';
COMMENT ON COLUMN koppeling.chore.meaning IS 'What it does.';
COMMENT ON COLUMN koppeling.chore.done_at IS 'When it was last done to its end, to five seconds; NULL: never.';
COMMENT ON COLUMN koppeling.chore.failed_since IS 'Since when it fails; NULL: it does not.';
COMMENT ON COLUMN koppeling.chore.error IS 'Why it last failed, and who is in the way.';
INSERT INTO koppeling.chore (name, meaning) VALUES
    ('times', 'mends times that a clock which was set back has left behind'),
    ('rescue', 'returns the jobs of lost workers to the queue'),
    ('pace', 'spreads what came due in large numbers over time'),
    ('verify', 'has shops verified that wait for it'),
    ('poll', 'has shops polled whose time has come'),
    ('mark_shipped', 'has shops told of labels'),
    ('confirm_order', 'has orders looked up that left the list'),
    ('push_order', 'has orders sent to Boekuwzending'),
    ('partitions', 'makes the partitions of the history for the next days'),
    ('history', 'drops what is older than the settings say'),
    ('personal_data', 'erases personal data past its time'),
    ('forgotten_jobs', 'lets jobs run that were parked and forgotten'),
    ('processes', 'forgets workers and schedulers long gone');
