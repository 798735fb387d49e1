"""The worker's connections to the database: one that hangs, one that cannot be prepared, a listener without a
server."""
import os
import signal

from harness.case import Case, heavy
from harness.gate import DatabaseGate


def wake(pid):
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass


class ConnectionTest(Case):
    def backends(self):
        """The server's processes for the threads of workers."""
        return self.db.column("SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                              "AND usename = 'test_worker'"
                              " AND application_name <> 'koppeling-worker/listener'")

    def stops_idle(self, pid):
        """Stops a process of the server, if that is at a moment when it has nothing to do."""
        os.kill(pid, signal.SIGSTOP)
        # By its title: a question to the server would hang too, if it was stopped with a lock in its hands.
        with open(f"/proc/{pid}/cmdline") as title:
            if title.read().rstrip("\0 ").endswith(" idle"):
                return True
        wake(pid)
        return False

    def ping(self, count):
        self.backend.value("SELECT koppeling.ping(%s)", count)

    def wait_for_pings(self, count, seconds=30):
        self.wait_until(lambda: len(self.history("ping")) == count and self.jobs("ping") == [],
                        f"{count} pings are done", seconds)

    @heavy
    def test_a_server_process_that_hangs_is_given_up_and_a_claim_that_it_makes_when_it_wakes_is_undone(self):
        worker = self.start_worker("--threads=1")
        hung, = self.backends()
        self.addCleanup(wake, hung)
        self.wait_until(lambda: self.stops_idle(hung), "it hangs between two claims")
        self.ping(5)
        self.wait_until(lambda: "the database did not answer in time" in worker.log, "the worker gives up", seconds=60)
        self.wait_for_pings(5)
        # The claim that was sent to it is still in its socket, and is made now, while the worker looks away.
        worker.signal(signal.SIGSTOP)
        self.ping(7)
        wake(hung)
        self.wait_until(lambda: {job["state"] for job in self.jobs("ping")} == {"running"}, "it claims for nobody")
        worker.signal(signal.SIGCONT)
        self.wait_for_pings(12, seconds=45)
        self.assertEqual({job["attempts"] for job in self.history("ping")}, {1})

    def test_statements_that_cannot_be_prepared_are_tried_again_until_they_can(self):
        worker = self.start_worker("--threads=1")
        self.db.run("ALTER TABLE koppeling.worker RENAME COLUMN seen_at TO seen")
        self.db.run("SELECT pg_terminate_backend(%s)", self.backends()[0])
        self.wait_until(lambda: worker.log.count("cannot prepare the statements") > 2, "it tries again and again")
        self.assertIn("seen_at", worker.log)
        self.assertTrue(worker.is_running)
        self.db.run("ALTER TABLE koppeling.worker RENAME COLUMN seen TO seen_at")
        self.ping(3)
        self.wait_for_pings(3)
        self.assertEqual(worker.stop().status, 0)

    def test_a_listener_without_a_server_costs_speed_and_nothing_else(self):
        worker = self.start_worker(KOPPELING_LISTEN_URL="host=/no/such/directory dbname=x")
        self.wait_until(lambda: worker.log.count("listener cannot connect") > 1, "it tries again")
        self.ping(3)
        self.wait_for_pings(3)
        self.assertEqual(worker.stop().status, 0)

    def test_a_worker_that_stops_without_the_database_says_so_and_its_jobs_come_back(self):
        self.simulator.shop("shop1")
        self.request_connection()
        self.simulator.settings(latency_ms=60000)
        gate = DatabaseGate(self.cluster.socket_directory)
        url = self.cluster.url(self.database, "test_worker").replace(self.cluster.socket_directory, gate.directory)
        worker = self.start_worker("--threads=1", "--grace-seconds=1", KOPPELING_DATABASE_URL=url)
        self.wait_until(lambda: self.simulator.requests("shop1"), "the shop is asked")
        gate.close()
        ended = worker.stop()
        self.assertEqual(ended.status, 0, ended.log)
        self.assertIn("stopped without a word to the database", ended.log)
        self.assertEqual([job["state"] for job in self.jobs("verify")], ["running"])
        self.db.run("UPDATE koppeling.worker SET lease_until = now()")
        self.tick()
        self.simulator.settings(latency_ms=0)
        self.work()
        self.assertEqual(self.db.value("SELECT state FROM koppeling.integration"), "active")


class DisownedTest(Case):
    @heavy
    def test_more_unknown_claims_than_a_worker_remembers_lose_no_job(self):
        """Every claim is committed and its answer lost, 34 times: it takes a new identity, and the lease returns the
        rest."""
        gate = DatabaseGate(self.cluster.socket_directory)
        self.addCleanup(gate.close)
        url = self.cluster.url(self.database, "test_worker").replace(self.cluster.socket_directory, gate.directory)
        self.backend.value("SELECT koppeling.ping(50)")
        scheduler = self.start_scheduler()
        gate.cut_after("queue_claim", times=34)
        worker = self.start_worker("--threads=1", "--lease-seconds=5", "--in-flight=10", KOPPELING_DATABASE_URL=url,
                                   KOPPELING_LISTEN_URL=self.cluster.url(self.database, "test_worker"))
        self.wait_until(lambda: len(self.history("ping")) == 50 and self.jobs() == [], "all is done", seconds=60)
        self.assertEqual((worker.stop().status, scheduler.stop().status, gate.lost_answers), (0, 0, 34))
