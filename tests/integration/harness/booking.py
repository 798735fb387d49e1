"""Tests that book shipments: an account with credentials, dispatching, and what Boekuwzending got."""
import json

from harness.case import Case
from harness.orders import order

SERVICE = "postnl-pakket"


class BookingCase(Case):
    """Account 1 may book in both environments; the simulator knows it as client `client`."""

    def setUp(self):
        super().setUp()
        self.give_credentials()
        self.know_credentials()

    def give_credentials(self, secret="secret"):
        sealed = self.seal(secret)
        self.backend.run("""
            UPDATE koppeling.account
            SET client_id = 'client', sealed_client_secret = decode(%s, 'base64'),
                staging_client_id = 'client', staging_sealed_client_secret = decode(%s, 'base64')
            WHERE id = 1""", sealed, sealed)

    def know_credentials(self):
        """They were verified before the test began."""
        self.db.run("DELETE FROM koppeling.job WHERE kind = 'verify_account'")
        self.db.run("UPDATE koppeling.account_credentials SET state = 'active', checked_at = now(), reason_code = NULL,"
                    " reason = NULL, reason_en = NULL")

    def connect_with_numbers(self, *numbers):
        """A connected shop with imported orders of these numbers."""
        return self.connect_with_orders(orders=[order(number=str(number)) for number in numbers])

    # What the back end asks for.

    def dispatch(self, number, **what):
        """Calls dispatch_order() for the order of this number; returns the shipment's id."""
        what = {"service": SERVICE, **what}
        named = "".join(f", {name} => %s" for name in what)
        return self.backend.value(f"SELECT koppeling.dispatch_order(%s{named})", self.order(number)["id"],
                                  *what.values())

    def book(self, number, **what):
        """Dispatches and has it done; returns the row of the shipment."""
        shipment = self.dispatch(number, **what)
        self.work()
        return self.shipment(shipment)

    # Time passes.

    def hasten(self):
        """What waits for its next attempt is due now; parked jobs stay parked."""
        self.db.run("UPDATE koppeling.job SET run_at = now() WHERE state = 'queued' AND run_at < 'infinity'")

    def age_requests(self, seconds=300):
        """All shipments were asked for, and given up, so much earlier: what is not found now was not made."""
        self.db.run("UPDATE koppeling.shipment SET sent_at = sent_at - make_interval(secs => %s)", seconds)

    def retry_until_done(self, kind="create_shipment", rounds=12):
        """Lets time pass until no job of the kind is left."""
        for _ in range(rounds):
            if self.jobs(kind) == []:
                return
            self.age_requests()
            self.hasten()
            self.work()
        self.assertEqual(self.jobs(kind), [])

    # What became of it.

    def shipment(self, shipment):
        return self.db.row("SELECT * FROM koppeling.shipment WHERE id = %s", shipment)

    def labels(self, number):
        return self.db.rows("SELECT l.* FROM koppeling.label l JOIN koppeling.imported_order o ON o.id = l.order_id"
                            " WHERE o.order_number = %s ORDER BY l.id", str(number))

    def booked(self, environment=None):
        """The shipments that exist at Boekuwzending, oldest first."""
        return self.simulator.control("GET", "/shipments", environment=environment)

    def bookings(self):
        """The requests that asked for a shipment."""
        return [request for request in self.simulator.requests(method="POST", path_contains="/shipments")]

    def pushed(self):
        """The orders that were put at Boekuwzending."""
        return self.simulator.control("GET", "/orders-pushed")

    def tokens_fetched(self):
        return len(self.simulator.requests(method="POST", path_contains="/token"))

    def lying_list(self, orders, **fault):
        """The shop answers its next request for a list with these orders, whatever it was asked for."""
        self.simulator.fault("status", "shop:shop1", path_contains="/v1/orders", status=200,
                             body=json.dumps(orders), **{"times": 1, **fault})


class LabelCase(BookingCase):
    """A connected shop with three orders, and what becomes of them in the shop."""

    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_numbers(70001, 70002, 70003)

    def patches(self):
        return [request for request in self.simulator.requests("shop1") if request["method"] == "PATCH"]

    def check_marked(self, number, outcome="marked", environment="production"):
        row = self.order(number)
        self.assertEqual((row["state"], row["mark_outcome"], row["marked_label_environment"]),
                         ("marked_shipped", outcome, environment), row)

    def check_not_marked(self, number, reason_code):
        row = self.order(number)
        self.assertEqual((row["state"], row["mark_outcome"], row["mark_reason_code"]),
                         ("label_created", "not_marked", reason_code), row)
        self.assertTrue(row["mark_reason"])
        self.assertEqual(self.patches(), [])
