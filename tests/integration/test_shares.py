"""A service that hangs holds its own slots, and nobody else's."""
from harness.booking import BookingCase


class SharesTest(BookingCase):
    def test_while_staging_hangs_production_books_and_shops_are_polled(self):
        integration = self.connect_with_numbers(*range(70001, 70031))
        self.simulator.fault("stall", "boekuwzending-staging")
        for number in range(70001, 70021):
            self.dispatch(number, environment="staging")
        worker = self.start_worker("--threads=1", "--in-flight=4")
        self.wait_until(lambda: self.running("create_shipment") == 4, "all calls that there may be to staging hang")
        for number in range(70021, 70031):
            shipment = self.dispatch(number)
            self.wait_until(lambda: self.shipment(shipment)["state"] == "labelled", "it is booked")
        self.simulator.add("shop1", generate=1)
        self.backend.value("SELECT koppeling.poll_now(%s)", integration)
        self.wait_until(lambda: len(self.imported(integration)) == 31, "the shop is polled")
        self.assertEqual(self.running("create_shipment"), 4, "and staging still hangs")
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.job WHERE kind = 'create_shipment'"), 20)
        worker.kill()

    def test_while_shops_hang_shipments_are_booked(self):
        self.connect_with_numbers(70001)
        shops = [f"shop{number}" for number in range(2, 10)]
        for shop in shops:
            self.simulator.shop(shop)
        self.connect(*shops)
        self.simulator.fault("stall", "mijnwebwinkel")
        self.tick()
        worker = self.start_worker("--threads=1", "--in-flight=4")
        self.wait_until(lambda: self.running("poll") == 4, "all calls that there may be to shops hang")
        shipment = self.dispatch(70001)
        self.wait_until(lambda: self.shipment(shipment)["state"] == "labelled", "it is booked")
        self.assertEqual(self.running("poll"), 4, "and the shops still hang")
        worker.kill()

    def running(self, kind):
        return self.db.value("SELECT count(*) FROM koppeling.job WHERE state = 'running' AND kind = %s", kind)
