"""Services that take their time: slow is not dead, and what is not found yet is not "not made"."""
from harness.booking import BookingCase
from harness.case import Case, heavy


class SlowListTest(Case):
    @heavy
    def test_a_list_that_takes_13_seconds_is_imported(self):
        """Far longer than its lease, too, which goes on being renewed."""
        self.simulator.shop("shop1")
        self.simulator.add("shop1", generate=5)
        integration = self.connect("shop1")
        self.simulator.fault("latency", "shop:shop1", path_contains="/v1/orders", times=1, ms=13000)
        self.start_scheduler()
        worker = self.start_worker("--lease-seconds=5")
        self.wait_until(lambda: len(self.imported(integration)) == 5, "all are imported", 60)
        self.assertEqual(worker.stop().status, 0)
        polls = self.history("poll")
        self.assertEqual([(job["attempts"], job["errors"]) for job in polls], [(1, None)])


class SlowBookingTest(BookingCase):
    """All times are a tenth of what they are meant for, those of the settings too: a request may take 30 s, a booking
    is looked for during two minutes."""
    after_ms = (500, 2200, 4500, 9000)

    def setUp(self):
        super().setUp()
        self.db.run("UPDATE koppeling.setting SET value = '12' WHERE name = 'booking_settle_seconds'")
        self.numbers = [str(70001 + place) for place in range(3 * len(self.after_ms))]
        self.connect_with_numbers(*self.numbers)

    @heavy
    def test_a_booking_that_appears_late_with_and_without_an_answer_is_made_once(self):
        late = {"scope": "boekuwzending", "method": "POST", "path_contains": "/shipments", "times": 1}
        for ms in self.after_ms:
            self.simulator.fault("late_booking", ms=ms, **late)
            self.simulator.fault("late_booking", ms=ms, variant="reset", **late)
            self.simulator.fault("late_booking", ms=ms, variant="status", status=502, **late)
        self.backend.run("SELECT koppeling.dispatch_order(id, 'postnl-pakket') FROM koppeling.imported_order")
        self.start_worker("--request-timeout-seconds=3")
        self.wait_until(lambda: self.jobs("create_shipment") == [], "all are booked", 90)
        booked = self.booked()
        self.assertEqual({shipment["created_with_this_reference"] for shipment in booked}, {1}, "paid once")
        self.assertEqual((len(booked), len(self.bookings())), (len(self.numbers), len(self.numbers)))
        known = self.db.rows("SELECT * FROM koppeling.shipment")
        self.assertEqual({row["external_id"] for row in known}, {shipment["id"] for shipment in booked})
        self.assertEqual({row["state"] for row in known}, {"labelled"})
        longest = self.db.value("SELECT extract(epoch FROM longest_booking)::float8 FROM koppeling.api WHERE id = 2")
        # What a request of 3 s was given up for was not found then; the next look is 8 s later.
        self.assertGreater(longest, 3, "it remembers how slow the service can be")
