"""Parcels that cross a customs border: what is declared, and what is refused before it costs money."""
from harness.booking import BookingCase
from harness.orders import address, order

LINES = [{"type": "article", "quantity": 2, "weight": "0.80", "description": "Theepot - kleur: blauw",
          "price": {"amount_including_tax": "45.00"}, "articles": [{"sku": "TP-BL"}]},
         {"type": "custom", "quantity": 1, "description": "Kop", "price": {"amount_including_tax": "5.00"}},
         {"type": "shipping", "quantity": 1, "price": {"amount_including_tax": "6.95"}}]


class CustomsTest(BookingCase):
    def import_order(self, country, number="70001", email="fenna@example.org", **where):
        there = address(country_code=country, phone="+41446681800", **where)
        return self.connect_with_orders(orders=[order(
            number=number, weight="1.00", orderlines=LINES, price={"total": "56.95"}, shipping=[],
            debtor={"email": email, "address": {"invoice": there, "delivery": there}})])

    def request_of(self, number):
        self.book(number)
        return self.booked()[-1]["request"]

    def test_beyond_the_union_the_goods_and_the_terms_go_along(self):
        integration = self.import_order("CH", zipcode="8001", city="Zürich")
        self.backend.run("INSERT INTO koppeling.article_customs (integration_id, sku, tariff_number, country_of_origin)"
                         " VALUES (%s, 'TP-BL', '691200', 'CN')", integration)
        request = self.request_of(70001)
        self.assertEqual(request["incoTerms"], "DAP")
        self.assertEqual(request["items"][0]["contents"], [
            {"description": "Theepot - kleur: blauw", "quantity": 2, "weight": "0.400", "value": 22.5,
             "tariffNumber": "691200", "countryOfOrigin": "CN"},
            {"description": "Kop", "quantity": 1, "weight": "0.200", "value": 5.0}])
        self.backend.run("UPDATE koppeling.account SET inco_terms = 'DDP' WHERE id = 1")
        self.assertEqual(self.request_of(70001)["incoTerms"], "DDP", "a setting of the account")

    def test_parts_of_the_union_that_are_beyond_its_border(self):
        self.import_order("ES", zipcode="38001", city="Santa Cruz")
        self.assertEqual(len(self.request_of(70001)["items"][0]["contents"]), 2)

    def test_within_the_union_nothing_is_declared(self):
        self.import_order("DE", zipcode="47051", city="Duisburg")
        request = self.request_of(70001)
        self.assertNotIn("incoTerms", request)
        self.assertNotIn("contents", request["items"][0])

    def test_what_is_missing_is_named_before_money_is_spent(self):
        integration = self.import_order("CH", zipcode="8001", city="Zürich", email=None)
        self.simulator.change("shop1", "70001", merge={"orderlines": [{"type": "article", "quantity": 1}]})
        self.poll_again(integration)
        order_id = self.order(70001)["id"]
        self.assertEqual(
            self.backend.value("SELECT koppeling.dispatch_problem(%s, language => 'nl')", order_id),
            f"bestelling {order_id} gaat over een douanegrens, en daarvoor ontbreekt: "
            "een omschrijving van elk artikel, een prijs van elk artikel, een e-mailadres van de geadresseerde")
        with self.assertRaisesRegex(Exception, "crosses a customs border"):
            self.dispatch(70001)
        self.assertEqual((self.bookings(), self.db.value("SELECT count(*) FROM koppeling.shipment")), ([], 0))
        self.simulator.change("shop1", "70001", merge={
            "debtor": {"email": "fenna@example.org"}, "orderlines": LINES})
        self.poll_again(integration)
        self.assertIsNone(self.backend.value("SELECT koppeling.dispatch_problem(%s)", order_id))
        self.assertEqual(self.book(70001)["state"], "labelled")
