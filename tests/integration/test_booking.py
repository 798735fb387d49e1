"""What a booking takes from the order, the shop and the sender, and what it waits for."""
import datetime
import json

from harness.booking import LabelCase


class BookingTest(LabelCase):
    def test_shipment_without_labels_yet_is_not_shipped_until_there_is_one(self):
        self.simulator.fault("late_labels", "boekuwzending", ms=600, times=1)
        shipment = self.book(70001)
        self.assertEqual((shipment["state"], self.labels(70001)), ("created", []))
        self.assertEqual(self.order(70001)["state"], "open")
        self.mark()
        self.assertEqual((self.jobs("mark_shipped"), self.patches()), ([], []), "not shipped yet")
        self.wait_until(lambda: self.booked()[0]["labels_exist"], "the labels are made")
        self.hasten()
        self.work()
        self.assertEqual((self.order(70001)["state"], len(self.labels(70001))), ("label_created", 1))
        self.mark()
        self.check_marked(70001)

    def test_default_from_address_deleted_blocks_the_dispatch_and_nothing_replaces_it(self):
        """One that is in use cannot be deleted at all; a shop without one is refused."""
        with self.assertRaisesRegex(Exception, "foreign key"):
            self.backend.run("DELETE FROM koppeling.from_address WHERE id = 1")
        self.assertEqual(self.bookings(), [])

    def test_default_from_address_incomplete_blocks_the_dispatch_and_nothing_replaces_it(self):
        for change in ("street = NULL", "number = ' '", "postcode = ''", "city = NULL", "country = NULL",
                       "name = '', company = NULL"):
            with self.subTest(change=change):
                self.backend.run(f"UPDATE koppeling.from_address SET {change} WHERE id = 1")
                with self.assertRaisesRegex(Exception, "from address 1 is incomplete") as refusal:
                    self.dispatch(70001)
                self.assertEqual(refusal.exception.state, "55000")
                self.backend.run("UPDATE koppeling.from_address SET name = 'Magazijn', street = 'Pakketpad', number = "
                                 "'1',"
                                 " postcode = '1012AB', city = 'Amsterdam', country = 'NL' WHERE id = 1")
        self.backend.run("UPDATE koppeling.integration SET from_address_id = 2")
        with self.assertRaisesRegex(Exception, "from address 2 is incomplete"):
            self.dispatch(70001)
        self.work()
        self.assertEqual((self.bookings(), self.jobs()), ([], []))

    def test_pickup_points_are_not_in_a_shop_order_so_none_is_sent(self):
        self.book(70001)
        self.assertNotIn("pickup", json.dumps(self.booked()[0]["request"]).lower())

    def test_dispatch_date_is_tomorrow_in_the_netherlands(self):
        days = [self.db.value("SELECT ((now() AT TIME ZONE 'Europe/Amsterdam')::date + 1)::text")]
        self.book(70001)
        days.append(self.db.value("SELECT ((now() AT TIME ZONE 'Europe/Amsterdam')::date + 1)::text"))
        date = self.booked()[0]["request"]["dispatch"]["date"]
        self.assertIn(date, days)
        self.assertGreater(datetime.date.fromisoformat(date), datetime.date.today() - datetime.timedelta(days=1))

    def test_service_list_any_service_of_the_list_may_be_chosen_and_one_must_be(self):
        for number, service in ((70001, "dhl-europlus"), (70002, "gls-pakket")):
            self.book(number, service=service)
        self.assertEqual([booked["service"] for booked in self.booked()], ["dhl-europlus", "gls-pakket"])
        with self.assertRaisesRegex(Exception, "shipment_service_is_given"):
            self.dispatch(70003, service=" ")
