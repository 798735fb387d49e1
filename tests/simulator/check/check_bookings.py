"""The Boekuwzending side of the simulator."""
import base64
import json
import time

from harness import Case

SHIPMENT = {
    "invoiceReference": "20411", "transportType": "road_transport", "service": "proef",
    "shipTo": {"contact": {"name": "Fenna Testveld", "emailAddress": "fenna@example.org",
                           "phoneNumber": "+31600000000"},
               "address": {"street": "Voorbeeldlaan", "number": "14", "postcode": "3511 ZZ",
                           "city": "Utrecht", "country": "NL"}},
    "dispatch": {"date": "2026-11-24"},
    "items": [{"quantity": 2, "type": "package", "weight": 0.85,
               "dimensions": {"length": 30, "width": 20, "height": 15}}]}
ORDER = {"externalId": "u-1", "reference": "20411", "createdAtSource": "2026-11-20 19:42:07",
         "orderLines": [{"externalId": "l-1", "quantity": 2}],
         "shipTo": {"contact": {"name": "X"}, "address": {"street": "Y"}}}


class Boekuwzending(Case):
    def setUp(self):
        super().setUp()
        self.headers = self.s.bearer()

    def api(self, method, path, body=None, query=None, environment="boekuwzending", headers=None):
        return self.s.call(method, f"/{environment}{path}", body, query, headers or self.headers)

    def test_tokens(self):
        self.assertEqual(self.api("GET", "/me").json["name"], "client")
        self.assertEqual(self.api("GET", "/me", headers={"X-Y": "z"}).status, 401)
        bad = {"Authorization": "Bearer nope"}
        self.assertEqual(self.api("GET", "/me", headers=bad).status, 401)
        for form, status, error in (
                ("grant_type=password", 400, "unsupported_grant_type"),
                ("grant_type=client_credentials&client_id=client&client_secret=x", 401,
                 "invalid_client")):
            reply = self.s.call("POST", "/boekuwzending/token", form)
            self.assertEqual((reply.status, reply.json["error"]), (status, error))
        self.s.control("POST", "/settings", {"token_expires_in": 1})
        short = self.s.bearer()
        self.assertEqual(self.api("GET", "/me", headers=short).status, 200)
        time.sleep(1.1)
        self.assertEqual(self.api("GET", "/me", headers=short).status, 401)
        self.assertEqual(self.s.control("GET", "/counters")["tokens_issued"], 2)

    def test_environments_and_accounts_are_separate(self):
        self.assertEqual(self.api("GET", "/me", environment="boekuwzending-staging").status, 401)
        self.s.control("POST", "/accounts", {"client_id": "een & twee", "client_secret": "p+q=r",
                                             "environment": "staging"})
        other = self.s.bearer("boekuwzending-staging", "een & twee", "p+q=r")
        self.assertEqual(self.s.call("GET", "/boekuwzending-staging/me", headers=other).json["name"],
                         "een & twee")
        form = "grant_type=client_credentials&client_id=een+%26+twee&client_secret=p%2Bq%3Dr"
        self.assertEqual(self.s.call("POST", "/boekuwzending/token", form).status, 401)
        self.s.control("POST", "/accounts", {"client_id": "b", "client_secret": "b"})
        stranger = self.s.bearer(client="b", secret="b")
        shipment = self.api("POST", "/shipments", SHIPMENT).json
        path = "/shipments/" + shipment["id"]
        self.assertEqual(self.api("GET", path).status, 200)
        self.assertEqual(self.api("GET", path, headers=stranger).status, 404)
        self.assertEqual(self.api("GET", "/shipments", headers=stranger).json, [])

    def test_shipments(self):
        first = self.api("POST", "/shipments", SHIPMENT)
        second = self.api("POST", "/shipments", SHIPMENT)
        self.assertEqual((first.status, second.status), (201, 201))
        first, second = first.json, second.json
        self.assertEqual({type(first["transportType"]), type(second["transportType"])}, {dict, str})
        self.assertEqual(len(first["labels"]), 2)
        self.assertEqual(first["items"][0]["weight"], "0.85")
        self.assertEqual(self.api("GET", "/shipments/" + first["id"]).json, first)
        self.assertEqual(self.api("GET", f"/shipments/{first['id']}/labels").json, first["labels"])
        found = self.api("GET", "/shipments", query={"invoiceReference": "20411"}).json
        self.assertEqual({s["id"] for s in found}, {first["id"], second["id"]})
        self.assertNotIn("labels", found[0])
        self.assertEqual(self.api("GET", "/shipments", query={"invoiceReference": "no"}).json, [])
        label = first["labels"][0]
        self.assertTrue(label["trackAndTraceLink"].endswith(label["waybill"] + "/3511ZZ"))
        self.assertEqual(self.api("GET", "/labels/" + label["id"]).json["waybill"],
                         label["waybill"])
        track = self.api("GET", "/track-and-trace/" + label["id"]).json
        self.assertEqual(track["active"]["status"], "created")
        self.assertIn("error", self.api("GET", "/track-and-trace/nope").json)
        self.s.control("POST", f"/labels/{label['id']}/tracking", {"status": "in_transit", "description": "Onderweg"})
        track = self.api("GET", "/track-and-trace/" + label["id"]).json["active"]
        self.assertEqual((track["status"], track["description"]), ("in_transit", "Onderweg"))
        self.assertTrue("datetime" in track or track["date"]["timezone"] == "Europe/Amsterdam")
        self.assertEqual(self.api("GET", "/labels/" + label["id"]).json["status"], "in_transit")
        self.assertEqual(self.s.call("POST", "/_simulator/labels/nope/tracking", {"status": "missing"}).status, 404)
        self.assertEqual(self.s.call("POST", f"/_simulator/labels/{label['id']}/tracking", {}).status, 400)
        self.s.control("POST", f"/shipments/{first['id']}/cancel")
        self.assertEqual({label["status"] for label in self.api("GET", f"/shipments/{first['id']}").json["labels"]},
                         {"canceled"})
        self.assertEqual(self.api("GET", "/labels/" + label["id"]).json["status"], "canceled")
        self.assertEqual(self.api("GET", "/track-and-trace/" + label["id"]).json["active"]["status"], "canceled")
        self.assertEqual(self.s.call("POST", "/_simulator/shipments/nope/cancel").status, 404)
        related = dict(SHIPMENT, related="/shipments/" + first["id"])
        self.assertEqual(self.api("POST", "/shipments", related).status, 201)
        effects = self.s.control("GET", "/shipments", environment="production")
        self.assertEqual([e["created_with_this_reference"] for e in effects], [3, 3, 3])
        self.assertEqual(effects[0]["request"], SHIPMENT)
        self.assertEqual(self.s.control("GET", "/shipments", environment="staging"), [])

    def test_validation(self):
        self.assertEqual(self.api("POST", "/shipments", "{").status, 400)
        for name in ("transportType", "shipTo", "dispatch", "items"):
            body = {key: value for key, value in SHIPMENT.items() if key != name}
            reply = self.api("POST", "/shipments", body)
            self.assertEqual(reply.status, 422)
            self.assertTrue(reply.json["violations"][0]["propertyPath"].startswith(name))
            self.assertEqual(reply.headers["Content-Type"], "application/problem+json")
        item = dict(SHIPMENT["items"][0], quantity=0)
        for change in ({"transportType": "rocket"}, {"items": []}, {"items": [item]},
                       {"related": "/shipments/nope"}, {"dispatch": {"date": "tomorrow"}}, {"incoTerms": "EXW"},
                       {"items": [dict(SHIPMENT["items"][0], weight=0)]},
                       {"items": [dict(SHIPMENT["items"][0], weight="1")]},
                       {"items": [SHIPMENT["items"][0],
                                  dict(SHIPMENT["items"][0], dimensions={"length": 1, "width": 1, "height": 0})]},
                       {"items": [dict(SHIPMENT["items"][0], contents=[{"description": "x" * 71}])]},
                       {"items": [dict(SHIPMENT["items"][0], contents=[{"description": "x", "weight": 1}])]}):
            self.assertEqual(self.api("POST", "/shipments", SHIPMENT | change).status, 422)
        self.assertEqual(self.s.control("GET", "/shipments"), [])

    def rates(self, path="/rate-request", **item):
        body = dict(SHIPMENT, items=[dict(SHIPMENT["items"][0], **item)])
        del body["invoiceReference"]
        return self.api("POST", path, body)

    def test_prices_follow_weight_size_and_country(self):
        light = {rate["service"]["code"]: rate["price"] for rate in self.rates().json}
        heavy = {rate["service"]["code"]: rate["price"] for rate in self.rates(weight=50).json}
        self.assertGreater(heavy["dpd_classic_voorbeeld"], light["dpd_classic_voorbeeld"])
        self.assertIn("dhl_parcelshop_voorbeeld", light)
        self.assertNotIn("dhl_parcelshop_voorbeeld", heavy, "half of it is more than 20 kg")
        long = self.rates(dimensions={"length": 200, "width": 20, "height": 20}).json
        self.assertEqual([rate["service"]["code"] for rate in long], ["ups_expres_voorbeeld"])
        pallet = self.rates(type="pallet-euro", weight=500).json
        self.assertEqual([rate["service"]["code"] for rate in pallet], ["palletvervoer_voorbeeld"])
        there = json.loads(json.dumps(SHIPMENT))
        for country, count in (("NL", 4), ("BE", 3), ("US", 1)):
            there["shipTo"]["address"]["country"] = country
            rates = self.api("POST", "/rate-request", there).json
            self.assertEqual(len(rates), count, country)
            self.assertEqual(rates[-1]["tax"] == 0, country == "US")
        self.assertGreater(rates[-1]["price"], light["ups_expres_voorbeeld"])
        self.assertEqual(self.rates(weight=5000).json, [])

    def test_the_matrix_says_the_same_with_limits(self):
        rates = {rate["service"]["code"]: rate["price"] for rate in self.rates().json}
        matrix = self.rates("/shipments/matrix").json
        self.assertEqual({rate["service"]["key"]: rate["price"] for rate in matrix["rates"]}, rates)
        self.assertEqual((matrix["maxWeight"], matrix["maxDimensions"]),
                         (20, {"length": 80, "width": 50, "height": 35}))
        self.assertTrue(all(len(rate["service"]["key"]) <= 30 for rate in matrix["rates"]))
        self.assertIsNone(self.rates("/shipments/matrix", weight=5000).json)
        for path in ("/rate-request", "/shipments/matrix"):
            self.assertEqual(self.rates(path, quantity=0).status, 422)
            self.assertEqual(self.api("POST", path, "[").status, 400)
            for fault, status in (({"fault": "empty"}, 200), ({"fault": "status", "status": 404}, 404)):
                self.s.fault(fault.pop("fault"), "boekuwzending", path_contains=path, **fault)
                self.assertEqual(self.rates(path).status, status)
        self.assertEqual(self.s.control("GET", "/shipments"), [], "asking makes nothing")

    def test_pdf(self):
        reply = self.api("POST", "/shipments", SHIPMENT, {"withLabelPdfData": 1})
        pdf = base64.b64decode(reply.json["labelPdfData"])
        reply = self.api("GET", f"/shipments/{reply.json['id']}/labels/download")
        self.assertEqual(reply.headers["Content-Type"], "application/pdf")
        self.assertEqual(reply.body, pdf)
        start = int(pdf.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
        table = pdf[start:].split(b"\n")
        self.assertEqual(table[0], b"xref")
        for number, line in enumerate(table[3:3 + int(table[1].split()[1]) - 1], 1):
            self.assertTrue(pdf[int(line[:10]):].startswith(b"%d 0 obj" % number))

    def test_late_labels(self):
        self.s.fault("late_labels", "boekuwzending", ms=400)
        self.assertEqual(self.api("GET", "/me").status, 200)
        shipment = self.api("POST", "/shipments", SHIPMENT).json
        self.assertEqual(shipment["labels"], [])
        time.sleep(0.5)
        shipment = self.api("GET", "/shipments/" + shipment["id"]).json
        self.assertEqual(len(shipment["labels"]), 2)
        self.assertEqual(len(self.api("POST", "/shipments", SHIPMENT).json["labels"]), 2)

    def test_a_late_booking_with_its_answer(self):
        self.s.fault("late_booking", "boekuwzending", ms=300)
        begun = time.monotonic()
        shipment = self.api("POST", "/shipments", SHIPMENT).json
        self.assertGreaterEqual(time.monotonic() - begun, 0.3)
        self.assertEqual(self.api("GET", "/shipments/" + shipment["id"]).status, 200)

    def test_a_late_booking_whose_answer_is_lost(self):
        found = {"invoiceReference": SHIPMENT["invoiceReference"]}
        self.s.fault("late_booking", "boekuwzending", ms=400, variant="status", status=502, times=1)
        self.assertEqual(self.api("POST", "/shipments", SHIPMENT).status, 502)
        hidden, = self.s.control("GET", "/shipments")
        self.assertEqual(self.api("GET", "/shipments", query=found).json, [])
        for path in ("", "/labels"):
            self.assertEqual(self.api("GET", f"/shipments/{hidden['id']}{path}").status, 404)
        time.sleep(0.5)
        self.assertEqual([hit["id"] for hit in self.api("GET", "/shipments", query=found).json], [hidden["id"]])

    def test_orders(self):
        first, second = (self.api("POST", "/orders", ORDER) for _ in range(2))
        self.assertEqual((first.status, second.status), (201, 201))
        first, second = first.json, second.json
        self.assertNotEqual(first["id"], second["id"])
        self.assertTrue(first["orderLines"][0]["id"])
        path = "/orders/" + first["id"]
        self.assertEqual(self.api("GET", path).json, first)
        found = self.api("GET", "/orders", query={"externalId": "u-1"}).json
        self.assertEqual({o["id"] for o in found}, {first["id"], second["id"]})
        self.assertEqual(self.api("GET", "/orders", query={"externalId": "u-2"}).json, [])
        self.assertEqual(self.api("PUT", path, dict(ORDER, externalId="u-2")).status, 200)
        found = self.api("GET", "/orders", query={"externalId[]": ["u-2", "u-3"]}).json
        self.assertEqual([o["id"] for o in found], [first["id"]])
        self.assertEqual(self.api("DELETE", path).status, 204)
        self.assertEqual(self.api("GET", path).status, 404)
        self.assertEqual(self.api("POST", "/orders", {"externalId": ""}).status, 422)
        pushed = self.s.control("GET", "/orders-pushed", environment="production")
        self.assertEqual([(o["put_count"], o["deleted"]) for o in pushed], [(1, True), (0, False)])

    def test_lists(self):
        for method, path in (("GET", "/distributors"), ("GET", "/types"),
                             ("POST", "/rate-request")):
            reply = self.api(method, path, SHIPMENT if method == "POST" else None)
            self.assertTrue(reply.status == 200 and isinstance(reply.json, list), path)
        self.assertTrue(self.api("POST", "/shipments/matrix", SHIPMENT).json["rates"])
        for number in range(5):
            self.api("POST", "/shipments", dict(SHIPMENT, invoiceReference=str(number)))
        page = self.api("GET", "/shipments", query={"_items_per_page": 2, "_page": 3}).json
        self.assertEqual(len(page), 1)
