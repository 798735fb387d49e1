"""The right parcel to the right door: what shops give as address, country, phone and number, and what becomes of it."""
from harness.booking import BookingCase
from harness.orders import address, order

INVOICE = address(name="Factuur BV", street="Elders", number="1", zipcode="1234AB", city="Elders", phone="")
COLUMNS = {"name": "ship_to_name", "company": "ship_to_company", "street": "ship_to_street", "number": "ship_to_number",
           "addition": "ship_to_number_addition", "line": "ship_to_address_line", "postcode": "ship_to_postcode",
           "city": "ship_to_city", "country": "ship_to_country", "given": "ship_to_country_given", "phone": "phone",
           "email": "email", "warnings": "warnings"}


class AddressCase(BookingCase):
    def import_deliveries(self, *deliveries, **changes):
        """A shop with an order for each delivery block (beside an invoice elsewhere); returns the orders by number."""
        orders = []
        for place, delivery in enumerate(deliveries):
            made = order(number=str(80001 + place), **changes)
            made["debtor"]["address"] = {"invoice": INVOICE, "delivery": delivery}
            orders.append(made)
        self.integration = self.connect_with_orders(orders=orders)
        return [self.order(made["number"]) for made in orders]

    def check(self, row, what=None, **expected):
        found = {name: row[COLUMNS[name]] for name in expected}
        if "warnings" in found:
            found["warnings"] = [code for code in found["warnings"].strip("{}").split(",") if code]
        self.assertEqual(found, expected, what)

    def problem(self, row, language="en"):
        return self.backend.value("SELECT koppeling.dispatch_problem(%s, 'production', %s)", row["id"], language)


class AddressTest(AddressCase):
    def test_a_delivery_address_with_gaps_is_imported_as_it_is_and_explained(self):
        """It used to be replaced by the invoice address without a word."""
        shop = {"name": "Bruna", "zipcode": "9711AA", "city": "Groningen", "country_code": "NL"}
        nowhere = {"name": "Fenna Testveld", "street": "Voorbeeldlaan", "number": "14", "country_code": "NL"}
        no_street, no_place, absent = self.import_deliveries(shop, nowhere,
                                                             {"name": "Fenna", "street": "", "zipcode": ""})
        self.check(no_street, name="Bruna", street=None, postcode="9711AA", city="Groningen",
                   warnings=["address_without_street"])
        self.check(no_place, street="Voorbeeldlaan", number="14", postcode=None, city=None,
                   warnings=["address_without_place"])
        self.check(absent, street="Elders", postcode="1234AB", city="Elders", warnings=[])
        self.assertEqual(self.problem(no_street), f"the address of order {no_street['id']} is incomplete:"
                                                  " the street is missing")
        self.assertEqual(self.problem(no_place, "nl"), f"het adres van bestelling {no_place['id']} is niet volledig:"
                                                       " postcode en plaats ontbreken")
        for row in (no_street, no_place):
            with self.assertRaisesRegex(Exception, f"address of order {row['id']} is incomplete: .* missing"):
                self.dispatch(row["order_number"])
        self.assertIsNone(self.problem(absent))
        self.assertEqual(self.backend.column("SELECT warning FROM koppeling.order_warnings(%s)", no_street["id"]),
                         ["de straat ontbreekt"])

    def test_when_the_gap_is_filled_in_the_shop_the_warning_goes_and_a_label_can_be_made(self):
        row, = self.import_deliveries({"name": "Bruna", "zipcode": "9711AA", "city": "Groningen",
                                       "country_code": "NL"})
        self.simulator.change("shop1", row["order_number"], merge={
            "debtor": {"address": {"delivery": {"street": "Grote Markt", "number": "5"}}}})
        self.poll_again(self.integration)
        self.check(self.order(row["order_number"]), street="Grote Markt", number="5", warnings=[])
        self.assertEqual(self.book(row["order_number"])["state"], "labelled")

    def test_countries_are_understood_in_every_form_or_not_at_all(self):
        """What was not understood used to be NL."""
        forms = [({"country_code": "DEU"}, "DE"), ({"country_code": "Verenigde Staten"}, "US"),
                 ({"country_code": "", "country": "Hongarije"}, "HU"),
                 ({"country_code": None, "country": "BELGIË"}, "BE"), ({"country_code": 276}, "DE"),
                 ({"country_code": "528"}, "NL"), ({"country_code": "Österreich"}, "AT"),
                 ({"country_code": "XX", "country": "Zuid-Afrika"}, "ZA"), ({"country_code": "England"}, "GB"),
                 ({"country_code": "NL - Nederland"}, "NL"), ({"country_code": ""}, "NL")]
        strange = [{"country_code": "XX"}, {"country_code": "", "country": "Atlantis"}, {"country_code": 56},
                   {"country_code": "Nederland, België"}]
        rows = self.import_deliveries(*[address(**form) for form, _ in forms], *[address(**form) for form in strange])
        for (form, country), row in zip(forms, rows):
            self.check(row, form, country=country, given=None)
            self.assertNotIn("country", row["warnings"])
        given = ["XX", "Atlantis", "56", "Nederland, België"]
        for form, words, row in zip(strange, given, rows[len(forms):]):
            # A national number says nothing when nobody knows of which nation.
            self.check(row, form, country=None, given=words,
                       warnings=["country_not_understood", "phone_not_understood"])
            self.assertIn("the country is not understood", self.problem(row))
            self.assertIn("het land is niet herkend", self.problem(row, "nl"))
        self.assertEqual(self.backend.column("SELECT order_number FROM koppeling.open_order"
                                             " WHERE 'country_not_understood' = ANY (warnings) ORDER BY 1"),
                         [row["order_number"] for row in rows[len(forms):]])

    def test_house_numbers_come_once_and_whole(self):
        long = "12 appartement 3, achter de poort bij de rode deur links"
        rows = self.import_deliveries(*[address(street=street, number=number) for street, number in (
            ("Kerkstraat 30", "30"), ("Kerkstraat 12-A", "12-A"), ("Plein 1944", "7"), ("Rue du 31 Décembre 26", ""),
            ("Straße des 17. Juni 135", ""), ("Laan 1940 – 1945 37", ""), ("16 april 1944 Pad 1", ""),
            ("Kerkstraat", long), ("30", ""), ("Kerkstraat 12", "0"), ("Kerkstraat", "12\u2011A"))])
        expected = [("Kerkstraat", "30", None, "Kerkstraat 30"), ("Kerkstraat", "12", "A", "Kerkstraat 12-A"),
                    ("Plein 1944", "7", None, None),
                    ("Rue du 31 Décembre", "26", None, "Rue du 31 Décembre 26"),
                    ("Straße des 17. Juni", "135", None, "Straße des 17. Juni 135"),
                    ("Laan 1940 – 1945", "37", None, "Laan 1940 – 1945 37"),
                    ("16 april 1944 Pad", "1", None, "16 april 1944 Pad 1"),
                    ("Kerkstraat", "12", long[3:], None), (None, "30", None, None),
                    ("Kerkstraat", "12", None, "Kerkstraat 12 0"), ("Kerkstraat", "12", "A", None)]
        for row, (street, number, addition, line) in zip(rows, expected):
            self.check(row, (street, number), street=street, number=number, addition=addition, line=line)
        self.check(rows[8], warnings=["address_without_street"])
        self.book(rows[3]["order_number"])
        self.book(rows[7]["order_number"])
        sent = [booked["request"]["shipTo"]["address"] for booked in self.booked("production")]
        self.assertEqual([(place["street"], place["number"], place["numberAddition"], place.get("addressLine1"))
                          for place in sent], [("Rue du 31 Décembre", "26", None, "Rue du 31 Décembre 26"),
                                               ("Kerkstraat", "12", long[3:], None)])

    def test_phones_of_every_country_reach_the_carrier(self):
        numbers = {"DK": ("20 12 34 56", "+4520123456"), "ES": ("612 34 56 78", "+34612345678"),
                   "PL": ("512 345 678", "+48512345678"), "NO": ("406 12 345", "+4740612345"),
                   "IT": ("06 6982 1234", "+390669821234"), "LU": ("628 123 456", "+352628123456"),
                   "PT": ("912 345 678", "+351912345678"), "CZ": ("601 123 456", "+420601123456"),
                   "GR": ("691 234 5678", "+306912345678"), "NL": ("06\u201112345678", "+31612345678"),
                   "BE": ("0470/12.34.56", "+32470123456"), "HU": ("06 20 123 4567", "+36201234567")}
        rows = self.import_deliveries(*[address(country_code=country, phone=typed)
                                        for country, (typed, _) in numbers.items()],
                                      address(phone="06-12345678 (werk) / 030-1234567"), address(phone="ask on 12"))
        for row, (country, (_, phone)) in zip(rows, numbers.items()):
            self.check(row, country, country=country, phone=phone, warnings=[])
        self.check(rows[-2], phone="06-12345678 (werk) / 030-1234567", warnings=[])
        self.check(rows[-1], phone="ask on 12", warnings=["phone_not_understood"])
        self.assertIsNone(self.problem(rows[-1]), "an odd phone number does not prevent a label")
        for row in rows:
            self.dispatch(row["order_number"])
        self.work()
        sent = {booked["reference"].split("-")[0]: booked["request"]["shipTo"]["contact"].get("phoneNumber")
                for booked in self.booked("production")}
        self.assertEqual(sent, dict(zip([row["order_number"] for row in rows],
                                        [phone for _, phone in numbers.values()] + ["+31612345678", None])))

    def test_characters_that_cannot_be_seen_do_no_harm_and_entities_are_decoded_once(self):
        hidden = "\u200b\u200e\u2060\ufe0d"
        odd = address(name="O&#039;Neill ن\u200cم", company="Bakker &amp;amp; Zn", street=f"Laan{hidden}",
                      number=f"12\u2013A{hidden}", zipcode=f"35{hidden}11\u202fZZ", city="Mu\u0308nchen",
                      phone=f"06{hidden}\u201112345678")
        nothing = {"name": "Fenna", "street": "\u200b", "number": "\u200b", "zipcode": "\u200b", "city": "\u200b"}
        orders = [order(number="80001"), order(number="80002")]
        for made, delivery in zip(orders, (odd, nothing)):
            made["debtor"] = {"email": f"fen{hidden}na\u2011t@example.org\u202f",
                              "address": {"invoice": INVOICE, "delivery": delivery}}
        self.connect_with_orders(orders=orders)
        self.check(self.order(80001), name="O'Neill ن\u200cم", company="Bakker &amp; Zn", street="Laan", number="12",
                   addition="A", postcode="3511 ZZ", city="München", phone="+31612345678", email="fenna-t@example.org",
                   warnings=[])
        self.check(self.order(80002), "blanks are no address", street="Elders", city="Elders")


class OrderNumberTest(BookingCase):
    def test_only_the_mark_makes_a_test_order_and_a_prefix_of_the_shop_is_none(self):
        real = ["W-1805", "B20220001", "#1001", "AT-57", "2026/0001", "T57"]
        tests = ["T-57", "t-58", "59-T", "60T-", "T\u201161"]
        shop = self.connect_with_orders(orders=[order(number=number) for number in real + tests])
        # The shop hides test orders as it is asked to, unless it errs.
        self.lying_list([order(number=number) for number in tests])
        self.poll_again(shop)
        self.assertEqual(self.imported(shop), sorted(real))
        self.assertEqual(self.skipped(shop), dict.fromkeys(tests, "test_order"))
        self.assertEqual(self.book("W-1805")["state"], "labelled")
        self.mark()
        self.assertEqual((self.order("W-1805")["state"], self.simulator.orders("shop1")["W-1805"]["status"]),
                         ("marked_shipped", 2))
        self.assertEqual({number: self.simulator.orders("shop1")[number]["patch_count"] for number in tests},
                         dict.fromkeys(tests, 0))

    def test_a_number_beyond_64_bits_is_text_and_one_that_is_too_long_is_refused(self):
        wide, full, long = "18446744073709551617", "9" * 40, "8" * 41
        kept = [order(number=wide), order(number=full)]
        shop = self.connect_with_orders(orders=kept)
        self.db.run("DELETE FROM koppeling.order_line")
        self.db.run("DELETE FROM koppeling.imported_order")
        self.lying_list([{**kept[0], "number": int(wide)}, kept[1], order(number=int(long)), order(number=long)])
        self.poll_again(shop)
        self.assertEqual(self.imported(shop), sorted([wide, full]))
        self.assertEqual(set(self.skipped(shop).values()), {"unreadable"})
        self.assertEqual(self.db.column("SELECT DISTINCT reason FROM koppeling.skipped_order"),
                         ["its number is too long, or no order number"])
        for number in (wide, full):
            self.assertEqual(self.book(number)["state"], "labelled")
        self.mark()
        self.assertEqual(self.marked(shop), 2)


class UpgradeTest(AddressCase):
    def test_what_an_earlier_version_took_otherwise_is_read_again_once(self):
        """As if a version had imported it that hashed the bytes with another key, and took its country for NL."""
        row, = self.import_deliveries(address(country_code="DEU"))
        self.db.run("UPDATE koppeling.imported_order SET ship_to_country = 'NL', payload_hash = 4711,"
                    " content_hash = '\\x00'")
        self.db.run("INSERT INTO koppeling.skipped_order"
                    " (integration_id, order_number, reason_code, reason, payload_hash)"
                    " VALUES (%s, 'W-1805', 'test_order', 'its number is not all digits', 4712)", self.integration)
        self.simulator.add("shop1", order=order(number="W-1805"))
        self.poll_again(self.integration)
        self.check(self.order(row["order_number"]), country="DE")
        self.assertEqual(self.imported(self.integration), [row["order_number"], "W-1805"])
        self.assertEqual(self.skipped(self.integration), {})
        before = self.order(row["order_number"])
        self.poll_again(self.integration)
        self.assertEqual(self.order(row["order_number"]), before)
