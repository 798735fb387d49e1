-- After an outage work goes on within seconds of its end: the breaker lets a job through every few seconds.

ALTER TABLE koppeling.api
    ADD COLUMN breaker_pause interval NOT NULL DEFAULT '2 seconds',
    ADD COLUMN breaker_doubt_at timestamptz,
    ADD COLUMN breaker_closed_at timestamptz,
    ADD CONSTRAINT api_breaker_pause_is_short
        CHECK (breaker_pause BETWEEN interval '1 second' AND interval '1 minute');
COMMENT ON COLUMN koppeling.api.breaker_pause IS
    'While its breaker is not closed, one job is let through so often, to see whether it is back.';
COMMENT ON COLUMN koppeling.api.breaker_doubt_at IS
    'When such a job was last of a kind that may leave something in doubt; that is done each half minute only.';
COMMENT ON COLUMN koppeling.api.breaker_closed_at IS
    'When its breaker was last closed by an answer: for some seconds from then on, ever more jobs are claimed at once.';
COMMENT ON COLUMN koppeling.api.breaker_trips IS
    'How often it opened since it last worked: at first, and for each probe that failed.';

ALTER TABLE koppeling.job_kind ADD COLUMN may_leave_doubt boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN koppeling.job_kind.may_leave_doubt IS
    'When such a job gets no answer, nobody knows what it has done, and it takes a while to find out: others are '
    'rather sent to see whether an API is back.';
UPDATE koppeling.job_kind SET may_leave_doubt = true WHERE name = 'create_shipment';
