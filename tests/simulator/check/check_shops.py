"""The Mijnwebwinkel side of the simulator."""
import time

from harness import Case


class Mijnwebwinkel(Case):
    def test_tokens(self):
        self.assertEqual(self.s.shop("/v1/store").json["primary_domain"],
                         "https://proef.myonline.store")
        for token in ("wrong", ""):
            reply = self.s.shop("/v1/orders", token=token)
            self.assertEqual((reply.status, reply.json["status"]), (401, 401))
        self.s.control("POST", "/shops", {"name": "proef", "token_is_active": False})
        self.assertEqual(self.s.shop("/v1/store").status, 401)
        self.s.control("POST", "/shops", {"name": "proef", "token": "new",
                                          "token_is_active": True})
        self.assertEqual(self.s.shop("/v1/store").status, 401)
        self.assertEqual(self.s.shop("/v1/store", token="new").status, 200)
        self.s.control("POST", "/settings", {"partner_token": "partner"})
        self.assertEqual(self.s.shop("/v1/store", token="new").status, 401)
        self.assertEqual(self.s.shop("/v1/store", token="new", partner_token="partner").status, 200)
        self.assertEqual(self.s.call("GET", "/v1/orderstatuses?partner_token=partner").status, 200)

    def test_lists(self):
        numbers = self.add(25)
        self.assertEqual([str(o["number"]) for o in self.s.shop("/v1/orders").json], numbers[:10])
        page = self.s.shop("/v1/orders", limit=10, offset=20).json
        self.assertEqual([str(o["number"]) for o in page], numbers[20:])
        page = self.s.shop("/v1/orders", limit=3, ordering="desc").json
        self.assertEqual([str(o["number"]) for o in page], numbers[:-4:-1])
        by_status = [self.s.shop("/v1/orders/count", status_id=i).json["count"] for i in (1, 2, 3)]
        self.assertEqual((sum(by_status), by_status[1]), (25, 0))
        self.assertEqual(self.s.shop("/v1/orders", offset=25).json, [])

    def test_bad_parameters(self):
        for name, value in (("limit", 0), ("limit", 101), ("limit", "x"), ("offset", -1),
                            ("ordering", "up"), ("archived", "yes"), ("start_date", "20-11-2026"),
                            ("status_changed_start_date", "2026-11-20"), ("format", "xml"),
                            ("language", "xx")):
            reply = self.s.shop("/v1/orders", **{name: value})
            self.assertEqual((name, reply.status), (name, 422))
        self.assertEqual(self.s.shop("/v1/nothing").status, 404)
        self.assertEqual(self.s.shop("/v1/orders/1").status, 404)
        reply = self.s.shop("/v1/orders", "DELETE")
        self.assertEqual((reply.status, reply.headers["Allow"]), (405, "GET"))

    def test_filters(self):
        for number, day in ((7, "2026-01-07"), (8, "2026-01-08"), (9, "2026-01-09")):
            order = {"number": number, "uuid": f"u{number}", "status": 1, "archived": number == 9,
                     "date": day, "time": "10:00:00"}
            self.s.control("POST", "/shops/proef/orders", {"order": order})

        def numbers(**query):
            return [order["number"] for order in self.s.shop("/v1/orders", **query).json]
        self.assertEqual(numbers(start_date="2026-01-08"), [8, 9])
        self.assertEqual(numbers(start_date="2026-01-08", end_date="2026-01-08"), [8])
        self.assertEqual(numbers(archived="true"), [9])
        self.assertEqual(numbers(archived="0"), [7, 8])
        self.assertEqual(numbers(status_changed_end_date="2026-01-07 10:00:00"), [7])

    def test_patch(self):
        number, = self.add(status=3)
        uuid = self.effects()[number]["uuid"]
        reply = self.s.shop(f"/v1/orders/{number}", "PATCH", {"status": 2})
        self.assertEqual((reply.status, str(reply.json["status"])), (200, "2"))
        self.assertEqual(reply.json["uuid"], uuid)
        self.assertTrue(reply.json["status_changed_time"])
        reply = self.s.shop(f"/v1/orders/{number}", "PATCH",
                            {"archived": True, "comments": {"internal": "postnl:3S"}})
        self.assertEqual(reply.json["comments"]["internal"], "postnl:3S")
        for body in ({"finished": False}, {"status": "2"}, {"status": 99}, {"archived": 1},
                     {"comments": {"customer": "x"}}, {"reference": "x" * 256}):
            self.assertEqual(self.s.shop(f"/v1/orders/{number}", "PATCH", body).status, 422)
        self.assertEqual(self.s.shop(f"/v1/orders/{number}", "PATCH", "nope").status, 415)
        effect = self.effects()[number]
        self.assertEqual((effect["status"], effect["archived"], effect["patch_count"]),
                         (2, True, 2))
        self.assertEqual(effect["patches"][0], {"status": 2})

    def test_kinds(self):
        test, = self.add(kind="test")
        self.assertEqual(test, "T-57")
        self.assertEqual(self.s.shop("/v1/orders").json, [])
        self.assertEqual(self.s.shop("/v1/orders", test="true").json[0]["number"], "T-57")

        def order(kind, **more):
            return self.s.shop("/v1/orders/" + self.add(kind=kind, **more)[0]).json
        credit = order("credit")
        self.assertTrue(int(credit["status"]) == 10 and credit["credited_order_number"])
        self.assertTrue(all(line["quantity"] < 0 for line in credit["orderlines"]
                            if line["type"] == "article"))
        pickup = order("pickup")
        self.assertTrue(pickup["offline_location_id"])
        self.assertEqual(pickup["shipping"], [{"country": []}])
        self.assertNotIn("delivery", pickup["debtor"]["address"])
        types = {line["type"] for line in order("virtual")["orderlines"]}
        self.assertFalse(types & {"article", "custom"})
        self.assertTrue(order("partly_credited")["credit_order_numbers"])
        self.assertLess(order("old")["date"], time.strftime(
            "%Y-%m-%d", time.localtime(time.time() - 40 * 86400)))
        body = self.s.shop("/v1/orders/" + self.add(payload_bytes=4000)[0]).body
        self.assertEqual(len(body), 4000)

    def test_shapes(self):
        """Every odd shape turns up among a few hundred orders, and each order is valid JSON."""
        self.add(400)
        orders = [order for offset in range(0, 400, 100)
                  for order in self.s.shop("/v1/orders", limit=100, offset=offset).json]
        self.assertEqual(len(orders), 400)
        absent = object()

        def shapes(read):
            return {str(type(read(order)).__name__) for order in orders}
        self.assertEqual(shapes(lambda o: o["number"]), {"str", "int"})
        self.assertEqual(shapes(lambda o: o["status"]), {"str", "int"})
        self.assertEqual(shapes(lambda o: o.get("comments", absent)),
                         {"dict", "list", "NoneType", "object"})
        self.assertEqual(shapes(lambda o: o.get("payment", absent)), {"dict", "list", "object"})
        self.assertEqual(shapes(lambda o: o.get("partner", absent)), {"dict", "list", "object"})
        self.assertEqual(shapes(lambda o: o["price"]["tax"]), {"dict", "list"})
        self.assertEqual(shapes(lambda o: o["price"]["total"]), {"str", "float"})
        self.assertTrue({"str", "float", "int", "NoneType", "object"} >=
                        shapes(lambda o: o.get("weight", absent)) >= {"str", "float", "object"})
        self.assertEqual(shapes(lambda o: o["debtor"]["address"]["delivery"]),
                         {"dict", "list", "NoneType"})
        self.assertEqual(shapes(lambda o: o["shipping"][0]["country"]), {"dict", "list"})
        numbers = {o["debtor"]["address"]["invoice"]["number"] for o in orders}
        self.assertTrue({"62", "12-A", "1 - B", "3HS", "12-C11", "1 2.345", ""} <= numbers)
        countries = {o["debtor"]["address"]["invoice"]["country_code"] for o in orders}
        self.assertEqual(countries, {"NL", "BE", "DE", "FR"})
        types = {line["type"] for o in orders for line in o["orderlines"]}
        self.assertEqual(types, {"article", "custom", "payment", "shipping", "discount"})
        self.assertEqual(len({o["uuid"] for o in orders}), 400)
        effects = self.effects()
        for order in orders:
            effect = effects[str(order["number"])]
            self.assertEqual((effect["uuid"], effect["status"], effect["archived"]),
                             (order["uuid"], int(order["status"]), False))
        today = max(order["date"] for order in orders)
        count = self.s.shop("/v1/orders/count", start_date=today).json["count"]
        self.assertEqual(count, sum(order["date"] == today for order in orders))

    def test_merchant(self):
        number, other = self.add(2)
        path = f"/shops/proef/orders/{number}"
        self.s.control("PATCH", path, {"status": 5, "credit_order_numbers": [9],
                                       "merge": {"debtor": {"email": "new@example.org"}}})
        order = self.s.shop(f"/v1/orders/{number}").json
        self.assertEqual((str(order["status"]), order["credit_order_numbers"],
                          order["debtor"]["email"]), ("5", [9], "new@example.org"))
        self.assertIn("address", order["debtor"])
        self.s.control("DELETE", path)
        self.assertEqual(self.s.shop(f"/v1/orders/{number}").status, 404)
        self.assertEqual([str(o["number"]) for o in self.s.shop("/v1/orders").json], [other])
        self.assertTrue(self.effects()[number]["deleted"])

    def test_literal(self):
        given = {"number": "X9", "z": 1, "a": {"b": None}, "name": "nul\u0000", "price": 12.4}
        self.s.control("POST", "/shops/proef/orders", {"orders": [given, 5, []]})
        self.assertEqual(self.s.shop("/v1/orders").json, [given, 5, []])
        self.s.control("POST", "/shops/proef/orders", {"raw": '{"number": 12,', "status": 1})
        self.assertTrue(self.s.shop("/v1/orders").body.endswith(b',{"number": 12,]'))
        self.assertFalse(b'{"number": 12,' in self.s.shop("/v1/orders", status_id=3).body)

    def test_flow(self):
        self.s.control("POST", "/shops/proef/flow", {"per_second": 100})
        time.sleep(0.5)
        self.s.control("POST", "/shops/proef/flow", {"per_second": 0})
        count = self.s.shop("/v1/orders/count").json["count"]
        self.assertTrue(20 <= count <= 120, count)

    def test_payments(self):
        number, = self.add(kind="pickup")
        payment = self.s.shop(f"/v1/orders/{number}/payments", embed="order").json["payments"][0]
        self.assertEqual(payment["order"]["deliveryType"], "pickup")
        self.assertTrue(isinstance(payment["price"], int) and not payment["isTest"])
