"""What a DBA may set for a role or a database, and what another login may put into it, changes no promise."""
from harness import pgbouncer
from harness.booking import BookingCase
from harness.case import Case, heavy
from harness.odd import ODD, ODD_FOR_DAEMONS
from harness.orders import order
from harness.programs import Program, wait_until

DAEMONS = ("test_worker", "test_scheduler")


class OddCase(BookingCase):
    def set_odd(self, names=None):
        for name in names or ODD:
            self.db.run(f"ALTER DATABASE {self.database} SET {name} = {ODD[name]}")
        for role in DAEMONS:
            for name, value in ODD_FOR_DAEMONS.items():
                self.db.run(f"ALTER ROLE {role} IN DATABASE {self.database} SET {name} = {value}")
        self.addCleanup(self.set_even)
        self.reconnect()

    def set_even(self):
        session = self.cluster.session()
        session.run(f"ALTER DATABASE {self.database} RESET ALL")
        for role in DAEMONS:
            session.run(f"ALTER ROLE {role} IN DATABASE {self.database} RESET ALL")
        session.close()

    def migrate_anew(self):
        """All tables are made under the settings of the day."""
        self.db.run("DROP SCHEMA koppeling CASCADE")
        done = self.program("koppeling-scheduler", "migrate")
        self.assertEqual(done.status, 0, done.log)
        self.db.run("""
            INSERT INTO koppeling.account (name) VALUES ('Proefverzender BV');
            INSERT INTO koppeling.from_address (account_id, name, company, email, street, number, postcode, city)
            VALUES (1, 'Magazijn', 'Proefverzender', 'magazijn@example.org', 'Pakketpad', '1', '1012AB', 'Amsterdam');
            UPDATE koppeling.retry_rule SET backoff_base = '20 milliseconds', backoff_cap = '100 milliseconds'
            WHERE error_class NOT IN ('auth', 'rate_limited')""")
        self.give_credentials()

    def flow(self, shop="shop1", **settings):
        """From the connection of a shop to orders that are marked shipped."""
        self.simulator.shop(shop)
        numbers = [str(70000 + place) for place in range(6)]
        self.simulator.add(shop, orders=[order(number=number) for number in numbers])
        integration = self.request_connection(shop)
        self.work(**settings)
        self.assertEqual(self.shop(integration)["state"], "active", self.shop(integration))
        self.tick(**self.for_scheduler(settings))
        self.work(**settings)
        self.assertEqual(self.imported(integration), numbers)
        self.dispatch(70000)
        self.dispatch(70001, environment="staging", label_count=2)
        self.label(self.order(70002)["id"])
        self.simulator.fault("status", f"shop:{shop}", method="PATCH", status=503, times=1)
        self.work(**settings)
        self.tick(**self.for_scheduler(settings))
        self.work(**settings)
        self.assertEqual((self.marked(), self.jobs("create_shipment"), self.jobs("mark_shipped")), (3, [], []))
        self.assertEqual(sorted(self.simulator.patch_counts(shop).values()), [0, 0, 0, 1, 1, 1])
        self.simulator.change(shop, "70005", status=5)
        self.poll_again(integration)
        self.tick(**self.for_scheduler(settings))
        self.work(**settings)
        self.assertEqual(self.order(70005)["state"], "withdrawn")
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.failed_job"), 0)
        return integration

    def for_scheduler(self, settings):
        url = settings.get("KOPPELING_DATABASE_URL")
        return {"KOPPELING_DATABASE_URL": url} if url else {}


class OddDefaultsTest(OddCase):
    @heavy
    def test_the_whole_flow_under_odd_defaults(self):
        self.set_odd()
        self.migrate_anew()
        self.flow()
        self.check_partitions()
        self.check_daemons()

    @heavy
    def test_the_whole_flow_without_prepared_statements(self):
        self.set_odd()
        self.flow(KOPPELING_PREPARE="off")

    @heavy
    def test_the_whole_flow_through_a_pooler(self):
        self.set_odd()
        pooler = pgbouncer.Pooler(self.cluster.socket_directory)
        self.addCleanup(pooler.close)
        self.flow(KOPPELING_DATABASE_URL=pooler.url(self.database),
                  KOPPELING_LISTEN_URL=self.cluster.url(self.database, "test_worker"))
        # Nothing of it is left behind in the sessions of the pooler.
        names = ("search_path", "DateStyle", "synchronous_commit", "transaction_isolation")
        session = self.cluster.session(self.database)
        kept = {name: session.value(f"SHOW {name}") for name in names}
        session.close()
        self.assertEqual(kept["transaction_isolation"], "serializable")
        self.assertEqual(kept["DateStyle"], "SQL, DMY")

    def check_partitions(self):
        """Each begins and ends at midnight in UTC."""
        self.db.run("SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'")
        limits = self.db.column("""
            SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
            WHERE h.inhparent = 'koppeling.job_history'::regclass AND c.relname <> 'job_history_default'""")
        self.assertGreater(len(limits), 3)
        for limit in limits:
            self.assertRegex(limit, r"FROM \('\S+ 00:00:00\+00'\) TO \('\S+ 00:00:00\+00'\)")

    def check_daemons(self):
        """They run on for longer than the time-outs of the day would let them."""
        worker, scheduler = self.start_worker(), self.start_scheduler()
        self.wait_until(lambda: self.db.value("SELECT done_at > now() - interval '1 second' FROM koppeling.chore"
                                              " WHERE name = 'poll'"), "it ticks")
        for _ in range(3):
            self.backend.value("SELECT koppeling.ping(1)")
            self.wait_until(lambda: self.jobs("ping") == [], "it works", 5)
            self.db.run("SELECT pg_sleep(0.6)")
        for program in (worker, scheduler):
            self.assertEqual(program.stop().status, 0)
            self.assertNotIn("lost", program.log)
            self.assertNotIn("cannot tick", program.log)

    def test_two_migrations_at_once_under_repeatable_read(self):
        self.db.run(f"ALTER DATABASE {self.database} SET default_transaction_isolation = 'repeatable read'")
        self.db.run("DROP SCHEMA koppeling CASCADE")
        holder = self.session()
        holder.run("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('koppeling migrate', 0))")
        both = [self.start_migration() for _ in range(2)]
        self.wait_until(lambda: all("somebody else holds a lock" in program.log for program in both), "both wait")
        holder.run("COMMIT")
        for program in both:
            done = program.wait()
            self.assertEqual(done.status, 0, done.log)

    def start_migration(self):
        program = Program("koppeling-scheduler", ["migrate"], self.environment(), self._log_path("migrate"))
        self.addCleanup(program.kill)
        return program


class OtherDatabaseTest(Case):
    """Databases that were made otherwise."""

    def make(self, name, options):
        session = self.cluster.session()
        self.addCleanup(session.close)
        self.addCleanup(lambda: self.cluster.drop_database(name))
        session.run(f"DROP DATABASE IF EXISTS {name}")
        session.run(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
        return {**self.environment(), "KOPPELING_DATABASE_URL": self.cluster.url(name, "postgres")}

    def test_a_database_that_cannot_hold_every_name_is_refused(self):
        for encoding in ("SQL_ASCII", "LATIN1"):
            with self.subTest(encoding=encoding):
                environment = self.make("odd_encoding", f"ENCODING '{encoding}' LOCALE 'C'")
                done = self.program("koppeling-scheduler", "migrate", environment=environment)
                self.assertEqual(done.status, 78, done.log)
                self.assertIn(f"the database 'odd_encoding' has the encoding {encoding}", done.log)
                self.cluster.drop_database("odd_encoding")

    def test_the_address_of_a_shop_in_turkish(self):
        environment = self.make("odd_locale", "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C.UTF-8'")
        done = self.program("koppeling-scheduler", "migrate", environment=environment)
        self.assertEqual(done.status, 0, done.log)
        session = self.cluster.session("odd_locale")
        self.addCleanup(session.close)
        host = "SELECT koppeling.shop_host(%s)"
        self.assertEqual(session.value(host, "https://TITIS.MyOnline.Store"), "titis.myonline.store")
        self.assertIsNone(session.value(host, "https://T\u0130T\u0130S.MyOnline.Store"))


class LostServerTest(BookingCase):
    """The server dies without having written down what it may forget, by its own settings."""

    @heavy
    def test_what_was_sent_is_never_forgotten(self):
        self.addCleanup(self.set_even)
        for name, value in (("wal_writer_delay", "'10s'"), ("synchronous_commit", "off")):
            self.db.run(f"ALTER SYSTEM SET {name} = {value}")
        self.db.run("SELECT pg_reload_conf()")
        for prepare in ("on", "off"):
            with self.subTest(prepare=prepare):
                self.lose_server(prepare)

    def set_even(self):
        session = self.cluster.session()
        session.run("ALTER SYSTEM RESET ALL")
        session.run("SELECT pg_reload_conf()")
        session.close()

    def lose_server(self, prepare):
        shop, number = f"shop-{prepare}", "70001" if prepare == "on" else "70002"
        self.connect_with_orders(shop, orders=[order(number=number)])
        before = len(self.booked())
        self.simulator.fault("latency", "boekuwzending", ms=60000, after_effect=True, method="POST",
                             path_contains="/shipments")
        worker = self.start_worker(KOPPELING_PREPARE=prepare)
        shipment = self.dispatch(number)
        wait_until(lambda: len(self.booked()) == before + 1, "it is booked", every=0.001)
        self.cluster.restart()
        worker.kill()
        self.reconnect()
        self.simulator.clear_faults()
        self.assertEqual(self.shipment(shipment)["state"], "sending", "the intent outlived the server")
        self.db.run("UPDATE koppeling.worker SET lease_until = now() - interval '1 second'")
        self.tick()
        self.retry_until_done()
        self.assertEqual((self.shipment(shipment)["state"], len(self.booked())), ("labelled", before + 1))
