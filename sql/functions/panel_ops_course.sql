-- The panel: how it went, as plots. The database tells where each bar stands; a template draws it.

CREATE OR REPLACE FUNCTION koppeling.panel_ops_spans(hours integer)
RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (SELECT jsonb_agg(jsonb_build_object('hours', s.hours, 'is_this', s.hours = panel_ops_spans.hours)
                         ORDER BY s.hours)
        FROM unnest(ARRAY[1, 3, 6, 12, 24]) AS s (hours));
COMMENT ON FUNCTION koppeling.panel_ops_spans IS 'For how long plots can go back: [{hours, is_this}].';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_plot(name text, unit text, points jsonb)
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, koppeling, pg_temp
RETURN (
    -- 600 wide and 100 high, between 10 and 110 from above; something is never drawn as nothing.
    SELECT jsonb_build_object(
        'name', name, 'unit', unit, 'most', koppeling.panel_amount(max(b.value)),
        'last', koppeling.panel_amount((array_agg(b.value ORDER BY b.place DESC))[1]),
        'bars', coalesce(jsonb_agg(jsonb_build_object(
            'at', b.at, 'value', koppeling.panel_amount(b.value), 'x', b.left_edge::text, 'width', b.width::text,
            'y', (110 - b.height)::text, 'height', b.height::text) ORDER BY b.place) FILTER (WHERE b.value > 0), '[]'))
    FROM (
        SELECT p.place, p.entry -> 'at' AS at, v.value,
               round((p.place - 1) * 600.0 / count(*) OVER () + 1, 1) AS left_edge,
               round(600.0 / count(*) OVER () - 2, 1) AS width,
               round(greatest(v.value * 100 / nullif(max(v.value) OVER (), 0), 1), 1) AS height
        FROM jsonb_array_elements(points) WITH ORDINALITY AS p (entry, place)
        CROSS JOIN LATERAL (SELECT (p.entry ->> panel_ops_plot.name)::numeric AS value) v) b);
COMMENT ON FUNCTION koppeling.panel_ops_plot IS
    'A plot of one number of each point: {name, unit, most, last, bars: [{at, value, x, y, width, height}]}, in a '
    'picture of 600 by 120.';

CREATE OR REPLACE FUNCTION koppeling.panel_ops_course(request json)
RETURNS json
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
DECLARE
    series jsonb := koppeling.panel_ops_series(request)::jsonb;
    step interval := make_interval(mins => (series ->> 'minutes_a_point')::integer);
    points jsonb;
BEGIN
    -- Jobs that gave up are in no history yet: they wait for a person.
    SELECT jsonb_agg(p.entry || jsonb_build_object(
               'gave_up', coalesce(f.jobs, 0), 'throughput', p.entry -> 'done', 'age', p.entry -> 'latency_s',
               'failures', (p.entry ->> 'again')::bigint + coalesce(f.jobs, 0)) ORDER BY p.place)
    INTO points
    FROM jsonb_array_elements(series -> 'points') WITH ORDINALITY AS p (entry, place)
    LEFT JOIN (
        SELECT date_bin(step, c.at, '2000-01-01') AS bin, count(*) AS jobs
        FROM (SELECT l.at
              FROM koppeling.job_kind k
              CROSS JOIN LATERAL (
                  SELECT koppeling.failed_at(j) AS at FROM koppeling.job j
                  WHERE j.state = 'failed' AND j.kind BETWEEN k.name AND k.name
                  ORDER BY j.kind DESC, j.id DESC
                  LIMIT 2000) l) c
        GROUP BY 1) f ON f.bin = (p.entry -> 'at' ->> 'iso')::timestamptz;
    RETURN json_build_object(
        'title', series -> 'title', 'hours', series -> 'hours', 'minutes_a_point', series -> 'minutes_a_point',
        'begins', points -> 0 -> 'at', 'ends', koppeling.panel_time(now()),
        'spans', koppeling.panel_ops_spans((series ->> 'hours')::integer),
        'is_estimated', series -> 'is_estimated',
        'plots', jsonb_build_array(
            koppeling.panel_ops_plot('throughput', '', points), koppeling.panel_ops_plot('age', ' s', points),
            koppeling.panel_ops_plot('failures', '', points)),
        'points', points);
END
$$;
COMMENT ON FUNCTION koppeling.panel_ops_course IS
    'Page of /ops/course?hours= (1 to 24; 3): {title, hours, minutes_a_point, begins, ends, spans: see '
    'panel_ops_spans(), is_estimated, plots: of throughput, age and failures, see panel_ops_plot(), points: as '
    'panel_ops_series(), with gave_up (of the last 2000 of each kind) and failures (again and gave_up)}.';
