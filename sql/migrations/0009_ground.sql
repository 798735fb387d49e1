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

-- What migrate finds when tables, functions or grants were lost, as by a restore: what was there when it last ran.
ALTER TABLE koppeling.schema_definitions ADD COLUMN state text NOT NULL DEFAULT '';
COMMENT ON COLUMN koppeling.schema_definitions.state IS
    'Hash of the functions, views, triggers and grants as the database had them then.';

CREATE TABLE koppeling.schema_object (
    kind      text NOT NULL COLLATE "C",
    name      text NOT NULL COLLATE "C",
    statement text,
    PRIMARY KEY (kind, name)
);
COMMENT ON TABLE koppeling.schema_object IS
    'What the migrations made: columns, indexes, constraints, and rows that everything else refers to.';
COMMENT ON COLUMN koppeling.schema_object.kind IS 'column, index, constraint, value (of a type), partition or row.';
COMMENT ON COLUMN koppeling.schema_object.name IS 'Its name.';
COMMENT ON COLUMN koppeling.schema_object.statement IS 'What makes it again; NULL: only a restore does.';

-- After the restore of an older backup.
ALTER TABLE koppeling.integration ADD COLUMN restored_at timestamptz;
COMMENT ON COLUMN koppeling.integration.restored_at IS
    'When after_restore() was called: until its next poll nobody knows which of its orders were shipped meanwhile.';
INSERT INTO koppeling.message (code, nl, en) VALUES
    ('dispatch_restored',
     'De database is teruggezet en de winkel van bestelling %s is nog niet gelezen: misschien is zij al verzonden',
     'the database was restored and the shop of order %s was not read since: it may be shipped already');
