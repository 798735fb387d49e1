"""A label costs money: when nobody knows whether a shipment was booked, it is looked up before it is asked for
again."""
import re

from harness.booking import SERVICE, BookingCase
from harness.case import heavy

BOOKING = {"scope": "boekuwzending", "method": "POST", "path_contains": "/shipments"}


class DoubtCase(BookingCase):
    orders = 4

    def setUp(self):
        super().setUp()
        self.numbers = [str(70001 + place) for place in range(self.orders)]
        self.connect_with_numbers(*self.numbers)

    def dispatch_all(self):
        return self.backend.column("SELECT koppeling.dispatch_order(%s::bigint[], %s)", self.order_ids(), SERVICE)

    def check_one_each(self):
        """Every order has one shipment there, the one that is known here, with its label."""
        booked = self.booked()
        self.assertEqual({shipment["created_with_this_reference"] for shipment in booked}, {1})
        self.assertEqual(len(booked), self.orders)
        known = self.db.rows("SELECT * FROM koppeling.shipment ORDER BY id")
        self.assertEqual({row["external_id"] for row in known}, {shipment["id"] for shipment in booked})
        self.assertEqual({row["state"] for row in known}, {"labelled"})
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.label"), self.orders)
        self.assertEqual(self.jobs("create_shipment"), [])
        return self.history("create_shipment")


class LostAnswerTest(DoubtCase):
    def lose(self, fault, *flags, **settings):
        """Half of the answers are lost after the shipments were made: these are found, and nothing is booked twice."""
        self.simulator.fault(fault, **BOOKING, times=self.orders // 2, after_effect=True, **settings)
        self.dispatch_all()
        self.work(*flags)
        self.retry_until_done()
        history = self.check_one_each()
        self.assertEqual(len(self.bookings()), self.orders, "none was sent again")
        self.assertEqual(sorted(job["result"]["reconciled"] for job in history), [False] * 2 + [True] * 2)
        doubts = [error["class"] for job in history for error in job["errors"] or []]
        self.assertEqual(doubts, ["unknown_outcome"] * 2)

    def test_a_reset_after_the_booking(self):
        self.lose("reset")

    def test_a_connection_that_is_closed_after_the_booking(self):
        self.lose("close")

    def test_no_answer_in_time_after_the_booking(self):
        self.lose("stall", "--request-timeout-seconds=1")

    def test_an_answer_that_ends_early(self):
        self.lose("truncated")

    def test_an_answer_that_cannot_be_read(self):
        self.lose("malformed")

    def test_an_empty_answer(self):
        self.lose("empty")

    def test_an_internal_error_after_the_booking(self):
        self.lose("status", status=500)

    def test_a_gateway_timeout_after_the_booking(self):
        self.lose("html", status=504)

    def test_a_conflict_after_the_booking(self):
        self.lose("status", status=409)


class NeverBookedTest(DoubtCase):
    def test_what_was_not_booked_is_booked_after_it_was_looked_up_in_vain(self):
        self.simulator.fault("reset", **BOOKING, times=self.orders)
        self.dispatch_all()
        self.work()
        self.assertEqual(self.booked(), [])
        waits = self.db.column("SELECT extract(epoch FROM run_at - now())::float8 FROM koppeling.job")
        self.assertEqual(len(waits), self.orders)
        self.assertGreater(min(waits), 5, "a shipment may be found only some seconds after it was made")
        self.assertEqual({job["attempt"] for job in self.jobs()}, {1}, "waiting for that is no attempt")
        self.retry_until_done()
        self.check_one_each()
        searches = self.simulator.requests(method="GET", path_contains="/shipments")
        self.assertGreaterEqual(len(searches), self.orders)
        self.assertTrue(all("invoiceReference=" in search["query"] for search in searches))

    def test_a_connection_that_was_refused_is_a_network_error_and_is_looked_up_all_the_same(self):
        self.dispatch_all()
        self.work(KOPPELING_BOEKUWZENDING_URL="http://127.0.0.1:1")
        self.assertEqual({job["last_error_class"] for job in self.jobs()}, {"network"})
        self.assertEqual(self.db.value("SELECT breaker_state FROM koppeling.api WHERE id = 2"), "open",
                         "all shops fail")
        self.ops.run("SELECT koppeling.block_api('boekuwzending', NULL)")
        self.retry_until_done()
        self.check_one_each()

    def test_a_search_that_fails_books_nothing(self):
        self.simulator.fault("reset", **BOOKING, times=self.orders, after_effect=True)
        self.simulator.fault("status", "boekuwzending", method="GET", status=500)
        self.db.run("UPDATE koppeling.job_kind SET max_attempts = 4")
        self.dispatch_all()
        self.work()
        self.retry_until_failed()
        self.assertEqual(len(self.bookings()), self.orders)
        failed = self.ops.rows("SELECT * FROM koppeling.failed_job")
        self.assertEqual(({row["kind"] for row in failed}, len(failed)), ({"create_shipment"}, self.orders))
        self.simulator.clear_faults()
        self.assertEqual(self.ops.value("SELECT koppeling.retry_failed('create_shipment')"), self.orders)
        self.retry_until_done()
        self.check_one_each()

    def retry_until_failed(self):
        for _ in range(6):
            self.age_requests()
            self.hasten()
            self.work()
        self.assertEqual({job["state"] for job in self.jobs()}, {"failed"})


class TakenAwayTest(DoubtCase):
    def test_what_is_taken_away_while_it_searches_is_not_booked(self):
        """The job is cancelled between the search and the booking: the intent cannot be written, so nothing is sent."""
        self.simulator.fault("reset", **BOOKING, times=self.orders)
        self.dispatch_all()
        self.work()
        self.age_requests()
        self.hasten()
        self.simulator.settings(latency_ms=2000)
        searches = {"method": "GET", "path_contains": "/shipments"}
        before = len(self.simulator.requests(**searches))  # a second attempt may have come by already
        worker = self.start_worker()
        self.wait_until(lambda: len(self.simulator.requests(**searches)) == before + self.orders,
                        "all are searched for")
        self.ops.run("SELECT koppeling.cancel_job(id) FROM koppeling.job_log WHERE kind = 'create_shipment' "
                     "AND state = 'running'")
        refused = r"results came too late and were refused.* jobs=(\d+)"
        self.wait_until(lambda: sum(map(int, re.findall(refused, worker.log))) == self.orders, "it lets go of them")
        self.assertEqual(worker.stop().status, 0)
        self.assertEqual((self.booked(), len(self.bookings())), ([], self.orders), "none was sent again")
        self.assertEqual({job["outcome"] for job in self.history("create_shipment")}, {"cancelled"})


class UnsettledTest(DoubtCase):
    orders = 30

    @heavy
    def test_a_third_of_all_requests_failing_in_any_way_books_each_shipment_once(self):
        self.db.run("UPDATE koppeling.job_kind SET max_attempts = 100; UPDATE koppeling.retry_rule "
                    "SET max_attempts = NULL;"
                    "UPDATE koppeling.api SET breaker_limit = 1000000")
        for fault, after_effect, settings in (("reset", True, {}), ("reset", False, {}),
                                              ("status", True, {"status": 500}),
                                              ("status", False, {"status": 502}), ("truncated", True, {})):
            self.simulator.fault(fault, "boekuwzending", path_contains="/shipments", probability=0.1,
                                 after_effect=after_effect, **settings)
        self.dispatch_all()
        self.work()
        self.retry_until_done(rounds=20)
        self.check_one_each()


class KilledWorkerTest(DoubtCase):
    orders = 6
    rounds = 12

    @heavy
    def test_a_worker_that_is_killed_between_sending_and_the_answer_books_each_shipment_once(self):
        """Twelve times kill -9 with the answers under way; every other time the shipments were not made yet."""
        self.db.run("UPDATE koppeling.job SET max_attempts = 100; UPDATE koppeling.job_kind SET max_attempts = 100")
        seen = 0
        for number in range(self.rounds):
            is_booked = number % 2 == 0
            self.simulator.clear_faults()
            self.simulator.fault("latency" if is_booked else "stall", **BOOKING, **({"ms": 60000} if is_booked else {}),
                                 after_effect=is_booked)
            before = len(self.booked())
            shipments = self.dispatch_all()
            self.age_requests()
            self.hasten()
            worker = self.start_worker()
            self.wait_until(lambda: len(self.bookings()) >= seen + self.orders, "all requests are under way")
            worker.kill()
            self.assertEqual(len(self.booked()) - before, self.orders if is_booked else 0)
            self.assertEqual({self.shipment(shipment)["state"] for shipment in shipments}, {"sending"},
                             "the intent was written before the request")
            self.simulator.clear_faults()
            self.age_requests()
            self.work()
            self.retry_until_done()
            seen = len(self.bookings())
            for shipment in shipments:
                self.assertEqual(self.shipment(shipment)["state"], "labelled")
        booked = self.booked()
        self.assertEqual({shipment["created_with_this_reference"] for shipment in booked}, {1})
        self.assertEqual(len(booked), self.orders * self.rounds)
        lost = [error["class"] for job in self.history("create_shipment") for error in job["errors"] or []]
        self.assertEqual((set(lost), len(lost)), ({"unknown_outcome"}, self.orders * self.rounds))
