"""Services and prices before a label is made: asking Boekuwzending, reading what it offers, and dispatching by that."""
import json

from harness.booking import SERVICE, BookingCase

CHEAPEST = "dhl_parcelshop_voorbeeld"


class QuoteTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_numbers(70001, 70002)

    def request_quote(self, number=70001, **what):
        """Calls request_quote() as the back end does; returns the job."""
        named = "".join(f", {name} => %s" for name in what)
        return self.backend.value(f"SELECT koppeling.request_quote(%s{named})", self.order(number)["id"],
                                  *what.values())

    def quote(self, number=70001, **what):
        """Asks, has it done, and returns what services_for() says."""
        self.request_quote(number, **what)
        self.work()
        return self.services(number, what.get("environment", "production"))

    def services(self, number=70001, environment="production"):
        return self.backend.rows("SELECT * FROM koppeling.services_for(%s, %s)", self.order(number)["id"], environment)

    def asked(self, path="/rate-request"):
        return [json.loads(request["body"])
                for request in self.simulator.requests(method="POST", path_contains=path)]

    def answer(self, path, **what):
        self.simulator.fault("status", "boekuwzending", path_contains=path, **what)

    def no_rates(self):
        self.answer("/rate-request", status=404, body="", content_type="text/html")

    def test_services_and_prices_are_asked_for_and_read_cheapest_first(self):
        services = self.quote()
        self.assertGreater(len(services), 2)
        self.assertEqual(services[0]["service"], CHEAPEST)
        prices = [float(service["price"]) for service in services]
        self.assertEqual((prices, min(prices) > 0), (sorted(prices), True))
        body, = self.asked()
        self.assertNotIn("service", body)
        self.assertEqual((body["shipTo"]["contact"]["name"], body["items"][0]["weight"], body["items"][0]["quantity"]),
                         ("Fenna Testveld", 0.85, 1))
        self.assertEqual(self.asked("/shipments/matrix"), [])
        job, = self.history("quote")
        self.assertEqual((job["outcome"], job["http_status"], job["result"]),
                         ("done", 200, {"services": len(services), "how": "rate-request"}))
        self.assertEqual((services[0]["asked"][0]["weight_kg"], services[0]["asked"][0]["type"]), (0.85, "package"))
        self.assertEqual(self.bookings(), [], "nothing was booked")
        self.assertNotIn("Fenna", json.dumps([job["args"], job["result"], services[0]["asked"]]))

    def test_the_price_is_that_of_what_is_asked_for(self):
        light = {service["service"]: float(service["price"]) for service in self.quote(weight_kg=1)}
        heavy = {service["service"]: float(service["price"]) for service in self.quote(weight_kg=25)}
        self.assertGreater(heavy["dpd_classic_voorbeeld"], light["dpd_classic_voorbeeld"])
        self.assertIn(CHEAPEST, light)
        self.assertNotIn(CHEAPEST, heavy, "it takes 20 kg")
        pallets = self.quote(label_format="pallet-euro", label_count=2, weight_kg=400)
        self.assertEqual([service["service"] for service in pallets], ["palletvervoer_voorbeeld"])
        body = self.asked()[-1]
        self.assertEqual((body["items"][0]["dimensions"]["length"], body["items"][0]["quantity"]), (120, 2))
        self.quote(length_cm=60, width_cm=50, height_cm=40)
        self.assertEqual(self.asked()[-1]["items"][0]["dimensions"], {"length": 60, "width": 50, "height": 40})
        self.quote(parcels='[{"weight": 2}, {"weight": 4, "quantity": 3}]')
        self.assertEqual([(item["quantity"], item["weight"]) for item in self.asked()[-1]["items"]], [(1, 2), (3, 12)])

    def test_staging_is_asked_on_staging(self):
        self.assertNotEqual(self.quote(environment="staging"), [])
        self.assertEqual(self.services(), [], "what it offers says nothing about production")
        self.assertEqual([request["path"] for request in self.simulator.requests(path_contains="rate-request")],
                         ["/boekuwzending-staging/rate-request"])

    def test_the_matrix_answers_when_the_rates_do_not(self):
        for what in ({"status": 404}, {"status": 200, "body": "[]"}, {"status": 200, "body": ""},
                     {"status": 200, "body": '{"id": "a", "status": "new", "labels": []}'}):
            with self.subTest(what=what):
                self.answer("/rate-request", **what, times=1)
                services = self.quote()
                self.assertEqual(services[0]["service"], CHEAPEST)
                self.assertEqual((services[0]["carrier"], services[0]["pickup_point"]), ("dhl", True))
                self.assertEqual((float(services[0]["max_weight_kg"]), float(services[0]["max_length_cm"])), (20, 80))
        self.assertEqual({job["result"]["how"] for job in self.history("quote")}, {"matrix"})

    def test_a_fault_of_the_service_is_asked_for_again_and_its_refusal_is_told(self):
        self.simulator.fault("status", "boekuwzending", path_contains="/rate-request", status=503, times=1)
        self.request_quote()
        self.work()
        self.hasten()
        self.work()
        self.assertEqual(len(self.services()), 4)
        self.no_rates()
        self.answer("/shipments/matrix", status=422, body='{"detail": "the postcode is unknown"}')
        job = self.request_quote(70002)
        self.work()
        failed = self.ops.row("SELECT * FROM koppeling.failed_job")
        self.assertEqual((failed["id"], failed["kind"], failed["http_status"]), (job, "quote", 422))
        self.assertIn("the postcode is unknown", failed["last_error"])
        self.simulator.clear_faults()
        self.assertEqual(self.request_quote(70002), job, "asked again, it is tried again")
        self.work()
        self.assertEqual((len(self.services(70002)), self.jobs("quote")), (4, []))

    def test_that_there_is_no_service_is_an_answer(self):
        self.quote()
        self.assertEqual(self.quote(weight_kg=5000), [])
        self.assertEqual(self.history("quote")[-1]["result"], {"services": 0, "how": "matrix"})
        self.assertEqual(self.book(70001)["state"], "labelled", "no quote, no refusal")

    def test_a_double_click_asks_once(self):
        self.assertEqual(self.request_quote(), self.request_quote())
        self.work()
        self.assertEqual(len(self.asked()), 1)

    def test_a_quote_is_dropped_with_its_order_and_by_age(self):
        self.quote()
        self.quote(70002)
        self.db.run("UPDATE koppeling.quote SET quoted_at = now() - interval '8 days' WHERE order_id = %s",
                    self.order(70002)["id"])
        self.tick()
        self.assertEqual((len(self.services(70001)), self.services(70002)), (4, []))
        self.backend.value("SELECT koppeling.erase_order(%s)", self.order(70001)["id"])
        self.assertEqual(self.db.rows("SELECT * FROM koppeling.quote"), [])

    def test_an_order_that_was_erased_while_it_waited_is_not_asked_about(self):
        self.request_quote()
        self.backend.value("SELECT koppeling.erase_order(%s)", self.order(70001)["id"])
        self.work()
        self.assertEqual((self.asked(), self.history("quote")[0]["result"]["how"]), ([], "not_asked"))

    def test_a_service_that_was_not_offered_is_refused_with_those_that_were(self):
        self.quote()
        with self.assertRaisesRegex(Exception, f'does not offer service "{SERVICE}".*it offers: {CHEAPEST} '):
            self.dispatch(70001)
        self.assertEqual(self.db.rows("SELECT * FROM koppeling.shipment"), [])
        self.assertEqual(self.book(70001, service=CHEAPEST)["state"], "labelled")
        self.assertEqual(self.book(70002)["state"], "labelled", "nobody asked for this one")
        self.db.run("UPDATE koppeling.quote SET quoted_at = now() - interval '25 hours'")
        self.assertEqual(self.book(70001)["state"], "labelled", "it was long ago")

    def test_the_default_service_and_size_of_a_shop_are_taken(self):
        with self.assertRaisesRegex(Exception, "no service was named"):
            self.dispatch(70001, service=None)
        self.backend.run("UPDATE koppeling.integration SET default_service = 'dpd_classic_voorbeeld',"
                         " default_length_cm = 40, default_width_cm = 30, default_height_cm = 20")
        shipment = self.backend.value("SELECT koppeling.dispatch_order(%s)", self.order(70001)["id"])
        self.work()
        request = self.booked()[0]["request"]
        self.assertEqual((self.shipment(shipment)["service"], request["service"], request["items"][0]["dimensions"]),
                         ("dpd_classic_voorbeeld", "dpd_classic_voorbeeld", {"length": 40, "width": 30, "height": 20}))
        self.book(70002, service=None, label_format="pallet-block", length_cm=110, width_cm=90, height_cm=70)
        self.assertEqual(self.booked()[1]["request"]["items"][0]["dimensions"],
                         {"length": 110, "width": 90, "height": 70})


class ParcelTest(BookingCase):
    """Several labels, of parcels that are alike or not."""

    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_numbers(70001, 70002)

    def items(self):
        return self.booked()[-1]["request"]["items"]

    def weigh(self):
        self.db.run("UPDATE koppeling.imported_order SET weight_kg = 6, total = 90, currency = 'EUR'")

    def test_pallets_have_their_own_sizes(self):
        for label_format, size in (("pallet-euro", (120, 80)), ("pallet-block", (120, 100)), ("pallet-mini", (80, 60))):
            self.book(70001, label_format=label_format)
            item, = self.items()
            self.assertEqual((item["type"], item["dimensions"]["length"], item["dimensions"]["width"]),
                             (label_format, *size))
            self.assertGreater(item["dimensions"]["height"], 10)

    def test_three_labels_are_told_with_the_weight_of_all_of_them(self):
        self.weigh()
        self.book(70001, label_count=3)
        item, = self.items()
        self.assertEqual((item["quantity"], item["weight"], item["value"], len(self.labels(70001))), (3, 6, 90, 3))
        self.book(70001, label_count=3, weight_kg=7.5)
        self.assertEqual(self.items()[0]["weight"], 7.5)

    def test_or_with_that_of_one_when_the_account_says_so(self):
        self.weigh()
        self.backend.run("UPDATE koppeling.account SET weight_per_piece = true")
        self.book(70001, label_count=3)
        item, = self.items()
        self.assertEqual((item["quantity"], item["weight"], item["value"]), (3, 2, 30))

    def test_parcels_that_differ_are_items_of_their_own(self):
        self.weigh()
        parcels = [{"quantity": 2, "weight": 1.5, "length": 60, "width": 40, "height": 30}, {"value": 80}]
        shipment = self.book(70001, parcels=json.dumps(parcels))
        self.assertEqual((shipment["label_count"], shipment["state"], len(self.labels(70001))), (3, "labelled", 3))
        first, second = self.items()
        self.assertEqual((first["quantity"], first["weight"], first["dimensions"], first["value"]),
                         (2, 3, {"length": 60, "width": 40, "height": 30}, 10))
        self.assertEqual((second["quantity"], second["weight"], second["value"]), (1, 3, 80))
        with self.assertRaisesRegex(Exception, 'parcel 2 has "wieght", which is none of quantity'):
            self.dispatch(70001, parcels='[{}, {"wieght": 1}]')

    def test_two_dispatches_before_the_first_is_booked_are_related(self):
        shipments = [self.dispatch(70001), self.dispatch(70001), self.dispatch(70002)]
        worker = self.start_worker()
        self.wait_until(lambda: len(self.booked()) == 3, "all are booked")
        self.wait_until(lambda: self.jobs("create_shipment") == [], "and done")
        worker.stop()
        first, second, other = (self.shipment(shipment) for shipment in shipments)
        self.assertEqual((first["related_shipment_id"], second["related_shipment_id"], other["related_shipment_id"]),
                         (None, first["id"], None))
        requests = {booked["reference"]: booked["request"] for booked in self.booked()}
        self.assertEqual(requests[f"70001-{second['id']}"]["related"], "/shipments/" + first["external_id"])
        self.assertNotIn("related", requests[f"70001-{first['id']}"])
        self.assertEqual({job["attempts"] for job in self.history("create_shipment")}, {1}, "waiting uses no attempt")

    def test_the_second_goes_on_when_the_first_fails(self):
        self.simulator.fault("status", "boekuwzending", method="POST", path_contains="/shipments", status=422, times=1)
        first, second, third = self.dispatch(70001), self.dispatch(70001), self.dispatch(70001)
        worker = self.start_worker("--threads=1")
        self.wait_until(lambda: len(self.booked()) == 2, "the others are booked")
        self.wait_until(lambda: len(self.jobs("create_shipment")) == 1, "and done")
        worker.stop()
        self.assertEqual([self.shipment(one)["state"] for one in (first, second, third)],
                         ["failed", "labelled", "labelled"])
        self.assertIsNone(self.shipment(second)["related_shipment_id"])
        self.assertEqual(self.shipment(third)["related_shipment_id"], second, "which is the first by now")
        self.ops.run("SELECT koppeling.retry_failed()")
        self.work()
        self.assertEqual(self.shipment(first)["state"], "labelled")
        self.assertEqual({booked["created_with_this_reference"] for booked in self.booked()}, {1})

    def test_the_second_waits_for_a_first_whose_answer_was_lost(self):
        self.simulator.fault("reset", "boekuwzending", method="POST", path_contains="/shipments", after_effect=True,
                             times=1)
        first = self.dispatch(70001)
        self.work("--threads=1")
        second = self.dispatch(70001)
        self.retry_until_done()
        self.assertEqual(self.shipment(second)["related_shipment_id"], first)
        self.assertEqual([booked["created_with_this_reference"] for booked in self.booked()], [1, 1])
