"""Numbers, weights and amounts: what the shop writes, what is stored, and what Boekuwzending is told."""
from harness.booking import BookingCase
from harness.orders import order


def line(**changes):
    return {"type": "article", "quantity": 2, "description": "Theepot", **changes}


class FiguresTest(BookingCase):
    def imported_as(self, **changes):
        """An order with these members, imported; its row."""
        number = order()["number"]
        self.connect_with_orders(orders=[order(number=number, **changes)])
        return self.order(number)

    def sent_item(self, row):
        """Books it, and returns the item that was asked for."""
        self.book(row["order_number"])
        return self.booked()[-1]["request"]["items"][0]

    def warnings(self, row):
        return self.db.column("SELECT unnest(warnings) FROM koppeling.imported_order WHERE id = %s ORDER BY 1",
                              row["id"])

    def warnings_in_words(self, row, language):
        return self.backend.column("SELECT warning FROM koppeling.order_warnings(%s, %s)", row["id"], language)

    def test_thousands_are_understood_in_weights_and_amounts(self):
        row = self.imported_as(weight="1.234,50", price={"total": "1,234.50"}, orderlines=[
            line(quantity="2", price={"amount_including_tax": "2.469,00"})])
        self.assertEqual((float(row["weight_kg"]), float(row["total"]), self.warnings(row)), (1234.5, 1234.5, []))
        self.assertEqual(float(self.db.value("SELECT unit_price FROM koppeling.order_line")), 1234.5)
        item = self.sent_item(row)
        self.assertEqual((item["weight"], item["value"]), (1234.5, 1234.5))

    def test_a_number_that_cannot_be_read_is_a_warning_and_no_silent_default(self):
        row = self.imported_as(weight="veel", currency="kronen", price={"total": "op aanvraag"}, orderlines=[
            line(quantity="een paar")])
        self.assertEqual(self.warnings(row), [
            "amount_not_understood", "currency_not_understood", "quantity_not_understood", "weight_not_understood"])
        self.assertEqual((float(row["weight_kg"]), row["total"]), (1, None))
        for language, words in (("nl", "een gewicht is geen getal"), ("en", "a weight is no number")):
            self.assertTrue(any(told.startswith(words) for told in self.warnings_in_words(row, language)))
        self.assertIsNone(self.backend.value("SELECT koppeling.dispatch_problem(%s)", row["id"]), "it can be sent")
        self.simulator.change("shop1", row["order_number"], merge={
            "weight": "2,5", "currency": "EUR", "price": {"total": "10.00"}, "orderlines": [line(quantity=3)]})
        self.poll_again(row["integration_id"])
        row = self.order(row["order_number"])
        self.assertEqual((self.warnings(row), float(row["weight_kg"])), ([], 2.5), "corrected in the shop, it is gone")

    def test_a_parcel_weighs_what_its_lines_do_when_the_order_does_not_say(self):
        for weight in ("0", "", None):
            with self.subTest(weight=weight):
                self.simulator.control("POST", "/reset")
                row = self.imported_as(weight=weight, orderlines=[
                    line(weight="12.4"), line(type="custom", quantity=3, unit_weight="0,2"), line(weight=None),
                    line(type="shipping", weight="9")])
                self.assertEqual(float(row["weight_kg"]), 13)
                self.assertEqual(self.sent_item(row)["weight"], 13)

    def test_the_weight_of_the_order_goes_first_and_the_default_last(self):
        self.assertEqual(float(self.imported_as(weight="12.4", orderlines=[line(weight="1")])["weight_kg"]), 12.4)
        integration = self.db.value("SELECT id FROM koppeling.integration")
        self.backend.run("UPDATE koppeling.integration SET default_weight_kg = 3 WHERE id = %s", integration)
        self.simulator.add("shop1", order=order(number="70001", weight="0", orderlines=[line()]))
        self.poll_again(integration)
        self.assertEqual(self.sent_item(self.order(70001))["weight"], 3)

    def test_a_foreign_amount_is_never_sent_as_euros(self):
        row = self.imported_as(currency="SEK", price={"total": "5000.00"}, orderlines=[
            line(price={"amount_including_tax": "5000.00"})])
        self.assertEqual((row["currency"], float(row["total"]), self.warnings(row)), ("SEK", 5000, []))
        self.assertIsNone(self.sent_item(row)["value"])
        self.backend.run("UPDATE koppeling.account SET push_orders = true")
        self.simulator.add("shop1", order=order(number="70002", currency="sek", orderlines=[
            line(price={"amount_including_tax": "5000.00"})]))
        self.poll_again(row["integration_id"])
        self.tick()
        self.work()
        pushed, = self.pushed()
        self.assertEqual(pushed["order"]["orderLines"][0]["value"], 0)

    def test_an_order_without_a_currency_is_in_that_of_its_store(self):
        row = self.imported_as(currency=None, price={"total": "50.00"})
        self.assertEqual(self.sent_item(row)["value"], 50)
        self.db.run("UPDATE koppeling.integration SET currency = 'SEK'")
        self.assertIsNone(self.sent_item(row)["value"])
