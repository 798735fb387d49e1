"""Somebody leaves a transaction open: what it has locked waits, and nothing else does."""
import time

from harness.case import Case
from harness.programs import wait_until


class LockedRowsTest(Case):
    def setUp(self):
        super().setUp()
        for shop in ("shop1", "shop2"):
            self.simulator.shop(shop)
            self.simulator.add(shop, generate=6)
        self.first, self.second = self.connect("shop1", "shop2")
        self.poll()
        self.person = self.session()
        self.person.run("BEGIN")

    def sessions(self):
        return self.db.value("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'koppeling-worker%%' "
                             "AND datname = current_database()")

    def enqueue_marks(self):
        """As the scheduler would, which has its own way with locked rows."""
        self.label_all()
        self.db.run("INSERT INTO koppeling.job (kind, integration_id, order_id) "
                    "SELECT 'mark_shipped', o.integration_id, o.id FROM koppeling.imported_order o ORDER BY o.id")

    def test_a_locked_order_holds_neither_the_others_nor_the_lease(self):
        order = self.db.value("SELECT min(id) FROM koppeling.imported_order WHERE integration_id = %s", self.first)
        self.enqueue_marks()
        self.person.run("SELECT FROM koppeling.imported_order WHERE id = %s FOR UPDATE", order)
        worker = self.start_worker("--threads=1", KOPPELING_LEASE_SECONDS="5")
        wait_until(lambda: self.marked(self.first) == 5 and self.marked(self.second) == 6,
                   "all but the locked order are marked", 20)
        self.backend.run("SELECT koppeling.ping(10)")
        wait_until(lambda: self.db.value("SELECT count(*) = 10 FROM koppeling.job_history WHERE kind = 'ping'"),
                   "other jobs pass it", 10)
        # Longer than the lease: it is renewed all the while.
        time.sleep(8)
        self.assertNotIn("the lease has lapsed", worker.log)
        self.assertIn("somebody holds a lock on a row", worker.log)
        self.assertEqual(self.sessions(), 2, "no session is left behind: one thread and the listener")
        self.assertEqual(self.jobs("mark_shipped")[0]["attempt"], 1)
        self.person.run("ROLLBACK")
        wait_until(lambda: self.marked(self.first) == 6, "the order is marked when the lock is gone", 20)
        asked = [r for r in self.simulator.requests("shop1", path_contains="/v1/orders/") if r["method"] == "PATCH"]
        self.assertEqual(len(asked), 6, "each was told once")

    def test_a_pause_that_is_not_committed_holds_its_shop_alone(self):
        self.enqueue_marks()
        # The reports of polls change the row of their shop.
        self.db.run("INSERT INTO koppeling.job (kind, integration_id) VALUES ('poll', %s), ('poll', %s)",
                    self.first, self.second)
        self.person.run("SELECT FROM koppeling.integration WHERE id = %s FOR UPDATE", self.first)
        polls = "SELECT polls FROM koppeling.integration WHERE id = %s"
        before = self.db.value(polls, self.first), self.db.value(polls, self.second)
        worker = self.start_worker("--threads=1", KOPPELING_LEASE_SECONDS="5")
        wait_until(lambda: self.db.value(polls, self.second) == before[1] + 1 and self.marked(self.second) == 6,
                   "the other shop is served", 20)
        time.sleep(6)
        self.assertNotIn("the lease has lapsed", worker.log)
        self.assertEqual(self.db.value(polls, self.first), before[0])
        self.person.run("ROLLBACK")
        wait_until(lambda: self.db.value(polls, self.first) == before[0] + 1, "then the poll is recorded", 30)
        wait_until(lambda: self.marked(self.first) == 6, "and the orders are marked", 30)
