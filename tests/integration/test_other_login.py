"""Whoever may make objects in a schema of the search path would have them called by the daemons, as the daemons."""
from harness import pgbouncer
from harness.case import heavy
from harness.programs import ROOT
from test_odd_defaults import OddCase

SHADOWS = ROOT / "tests/sql/common/shadows.sql"
LISTENING = ("SELECT count(*) = 1 FROM pg_stat_activity"
             " WHERE application_name = 'koppeling-worker/listener' AND datname = current_database()")


class OtherLoginTest(OddCase):
    def setUp(self):
        super().setUp()
        self.db.run("GRANT CREATE ON SCHEMA public TO PUBLIC; CREATE TABLE public.caught (who name, what text);"
                    "GRANT INSERT ON public.caught TO PUBLIC")
        self.session("test_ops").run(SHADOWS.read_text())
        shadows = self.db.value("SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
        self.assertGreater(shadows, 150)

    def caught(self):
        return self.db.rows("SELECT DISTINCT who, what FROM public.caught WHERE who <> 'test_ops' ORDER BY 1, 2")

    def run_all(self, **settings):
        """Each kind of connection that there is."""
        self.flow(**settings)
        owner = self.worker_environment(KOPPELING_DATABASE_URL=self.cluster.url(self.database, "postgres"))
        for program, *arguments in (("koppeling-scheduler", "migrate"), ("koppeling-worker", "rekey", "--dry-run")):
            done = self.program(program, *arguments, environment=owner)
            self.assertEqual(done.status, 0, done.log)
        worker = self.start_worker(**settings)
        self.wait_until(lambda: self.db.value(LISTENING), "it listens")
        worker.stop()

    def check(self, path, **settings):
        self.db.run(f"ALTER DATABASE {self.database} SET search_path = {path}")
        self.addCleanup(self.set_even)
        # The back end, and the test itself, are not the subject.
        for session in (self.db, self.backend, self.ops):
            session.run("SET search_path = pg_catalog")
        self.run_all(**settings)
        self.assertEqual(self.caught(), [])

    def test_the_shadows_are_found_where_nothing_is_pinned(self):
        session = self.session("test_backend")
        session.run("SET search_path = public, pg_catalog")
        session.run("SELECT now(), 1::bigint = 1::bigint, power(2, 3), interval '1 second' * 2::bigint, 'x'::text")
        self.db.run("SET search_path = pg_catalog")
        self.assertEqual([row["what"] for row in self.caught()],
                         ["= bigint bigint", "now()", "power", "times", "type text"])

    @heavy
    def test_prepared(self):
        self.check("public, pg_catalog")

    @heavy
    def test_not_prepared(self):
        self.check("public, pg_catalog", KOPPELING_PREPARE="off")

    @heavy
    def test_not_prepared_and_by_the_usual_path(self):
        """Functions and operators for just our types are found behind the system's, which are for others."""
        self.check('"$user", public', KOPPELING_PREPARE="off")

    @heavy
    def test_through_a_pooler(self):
        pooler = pgbouncer.Pooler(self.cluster.socket_directory)
        self.addCleanup(pooler.close)
        self.check("public, pg_catalog", KOPPELING_DATABASE_URL=pooler.url(self.database),
                   KOPPELING_LISTEN_URL=self.cluster.url(self.database, "test_worker"))
