"""The panel's JSON API and the document that describes it: neither has what the other has not."""
import json
import re
import urllib.parse

import jsonschema
import yaml

from harness.booking import BookingCase
from harness.browser import Browser
from harness.orders import order
from harness.programs import ROOT
from test_panel_door import routes

DOCUMENT = yaml.safe_load((ROOT / "docs/reference/panel-openapi.yaml").read_text())
# What a browser comes in by, and what tells a balancer that the process runs: they answer no JSON.
NO_API = {("GET", "/health"), ("GET", "/sign-in"), ("POST", "/sign-in"), ("POST", "/sign-out"), ("GET", "/portal"),
          ("POST", "/portal")}
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


def operations():
    """(method, path) of each operation of the document, with what it says."""
    return {(method.upper(), path): told for path, item in DOCUMENT["paths"].items() for method, told in item.items()
            if method in METHODS}


def reach(reference):
    """What a local reference is about."""
    found = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from references(item)


def complaints(schema, value):
    """What is wrong with a value by a schema of the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message[:300]}"
            for error in jsonschema.Draft202012Validator(whole).iter_errors(value)]


class Client:
    """Sends what the document allows, and takes what it tells; knows what was seen to work."""

    def __init__(self, test, browser, seen):
        self.test, self.browser, self.seen = test, browser, seen
        self.keys = 0

    def ask(self, method, pattern, status=200, id=None, query=(), **fields):
        told = operations()[method, pattern]
        known = [reach(item["$ref"]) for item in told.get("parameters", ())]
        query = [(name, one) for name, value in dict(query).items()
                 for one in (value if isinstance(value, list) else [value])]
        allowed = {item["name"] for item in known if item["in"] == "query"}
        self.test.assertLessEqual({name for name, _ in query}, allowed)
        target = pattern.replace("{id}", str(id)) + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {}
        if any(item["in"] == "header" for item in known):
            self.keys += 1
            headers["Idempotency-Key"] = f"request-{id}-{self.keys}"
        if method == "POST":
            schema = told["requestBody"]["content"]["application/json"]["schema"]
            if status < 400:
                self.test.assertEqual(complaints(schema, fields), [], target)
            headers["Content-Type"] = "application/json"
        page = self.browser.ask(method, target, json.dumps(fields) if method == "POST" else None, **headers)
        self.test.assertEqual(page.status, status, f"{method} {target}: {page.text[:500]}")
        self.check(told["responses"], page, f"{method} {target}")
        if status < 400:
            self.seen.add((method, pattern))
        return page.json if "json" in page.headers["content-type"] else page

    def check(self, responses, page, what):
        response = responses.get(str(page.status), responses["default"])
        response = reach(response["$ref"]) if "$ref" in response else response
        (kind, content), = response["content"].items()
        self.test.assertEqual(page.headers["content-type"].split(";")[0], kind, what)
        if "json" in kind:
            self.test.assertEqual(complaints(content["schema"], page.json), [], what)

    def get(self, pattern, **more):
        return self.ask("GET", pattern, **more)

    def post(self, pattern, **more):
        return self.ask("POST", pattern, **more)


class OpenApiTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.add_person("anna")
        self.panel, self.address = self.start_panel()
        self.seen = set()

    def program(self, role="merchant"):
        """A client with a token, made on the page as a merchant does."""
        anna = Browser(self.address)
        anna.sign_in("anna")
        anna.get("/me")
        page = anna.submit("/me/tokens", name=f"program {role}", role=role)
        token = re.search(r"kpl_[A-Za-z0-9_-]{43}", page.text).group(0)
        browser = Browser(self.address, Authorization=f"Bearer {token}", Accept="application/json")
        return Client(self, browser, self.seen)

    def person(self, login):
        """A client with the session of somebody who has signed in, and what its forms carry."""
        browser = Browser(self.address)
        browser.sign_in(login)
        csrf = dict(browser.get("/me").form("/sign-out")["fields"])["csrf"]
        browser.headers["Accept"] = "application/json"
        return Client(self, browser, self.seen), csrf

    def test_each_route_is_in_the_document_and_nothing_else(self):
        self.assertEqual(set(operations()), set(routes()) - NO_API)

    def test_the_document_is_sound(self):
        self.assertEqual(DOCUMENT["openapi"], "3.1.0")
        used = set(references(DOCUMENT))
        for reference in used:
            reach(reference)
        for group in ("schemas", "parameters", "responses"):
            for name, what in DOCUMENT["components"][group].items():
                with self.subTest(name):
                    self.assertIn(f"#/components/{group}/{name}", used, "it is of no use")
                    jsonschema.Draft202012Validator.check_schema(what if group == "schemas" else what.get("schema", {}))
        self.assertNotEqual(complaints(DOCUMENT["components"]["schemas"]["Order"], {"id": "1", "number": "2"}), [])

    def test_each_field_is_one_that_the_program_reads(self):
        sql = "\n".join(path.read_text() for path in sorted((ROOT / "sql/functions").glob("panel*.sql")))
        parameters = DOCUMENT["components"]["parameters"].values()
        names = {item["name"] for item in parameters if item["in"] == "query"}
        for told in operations().values():
            if "requestBody" in told:
                names |= set(told["requestBody"]["content"]["application/json"]["schema"]["properties"])
        self.assertGreater(len(names), 40)
        # These two are the program's own: it seals one, and proves the other.
        for name in names - {"token", "csrf"}:
            with self.subTest(name):
                self.assertIn(f"'{name.removeprefix('sender_')}'", sql)

    def connect_by(self, api):
        """From what is asked for to a shop with orders; its id."""
        self.simulator.shop("shop1")
        choice = api.get("/connect")
        shop = api.post("/connect", shop_url="shop1.myonline.store", token="token-shop1",
                        from_address_id=choice["addresses"][0]["id"])["id"]
        self.assertEqual(api.get("/integrations/{id}", id=shop)["shop"]["state"], "pending")
        self.work()
        self.simulator.add("shop1", orders=[order(number=str(number)) for number in range(70001, 70056)])
        self.poll_again(shop)
        self.db.run("INSERT INTO koppeling.skipped_order (integration_id, order_number, reason_code, reason)"
                    " VALUES (%s, 'S1', 'not_paid', 'not paid')", shop)
        return shop

    def label(self, api, ids):
        """From the quote to the PDF; the batch."""
        choice = api.get("/orders/label", query={"order": ids})
        self.assertEqual((choice["ready"], choice["again"]), (2, None))
        api.post("/orders/label/quote", order=ids, label_count=1)
        self.assertTrue(api.get("/orders/label", query={"order": ids, "label_count": "1"})["is_asking"])
        self.work()
        priced = api.get("/orders/label", query={"order": ids, "label_count": "1"})
        service = priced["services"][0]["service"]
        batch = api.post("/orders/label", order=ids, service=service)["id"]
        self.assertEqual(api.get("/batches/{id}", id=batch)["busy"], 2)
        self.work()
        self.assertEqual(api.get("/batches/{id}", id=batch)["done"], 2)
        self.assertIn("detail", api.post("/orders/label", status=409, order=ids, service=service))
        self.assertIn("weight_kg", api.post("/orders/label", status=422, order=ids, weight_kg="heavy")["errors"])
        printed = api.post("/labels/print", batch=batch, layout="a4")["id"]
        self.assertTrue(api.get("/labels/print/{id}", id=printed)["is_waiting"])
        self.work()
        self.assertTrue(api.get("/labels/print/{id}", id=printed)["is_ready"])
        self.assertEqual(api.get("/labels/print/{id}/pdf", id=printed).body[:4], b"%PDF")
        return batch

    def look_around(self, api, shop, ids):
        """Lists and pages, with something in each."""
        self.assertEqual(api.get("/")["shops"][0]["id"], shop)
        first = api.get("/orders")
        place = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(first["next"]).query))
        second = api.get("/orders", query=place)
        self.assertEqual(len({one["id"] for one in first["orders"] + second["orders"]}), 53)
        self.assertIsNone(second["next"])
        found = api.get("/orders", query={"q": "70001", "state": "all", "sort": "oldest", "shop": shop})
        self.assertEqual(found["count"], "1")
        self.assertEqual(len(api.get("/orders/not-imported", query={"shop": shop})["orders"]), 1)
        self.assertGreater(len(api.get("/orders/attention")["concerns"]), 0)
        page = api.get("/orders/{id}", id=ids[0])
        self.assertEqual((page["shipments"][0]["progress"], len(page["labels"])), ("done", 1))
        for path in ("/batches", "/labels/history", "/me"):
            api.get(path)

    def change(self, api, shop):
        """What else there is to do."""
        other = str(self.order(70003)["id"])
        self.assertEqual(set(api.post("/orders/{id}/address", status=422, id=other, name="Anna")["errors"]),
                         {"street", "city", "country"})
        api.post("/orders/{id}/address", id=other, name="Anna", street="Nieuwstraat", number=7, postcode="2611 AB",
                 city="Delft", country="NL")
        api.post("/orders/{id}/looked", id=other)
        for action, fields in (("pause", {"reason": "holiday"}), ("resume", {}), ("poll", {}),
                               ("token", {"token": "token-shop1"})):
            api.post("/integrations/{id}/" + action, id=shop, **fields)
        self.work()
        api.post("/me/language", language="en")
        made = api.post("/me/tokens", status=201, name="another", days=30)
        self.assertRegex(made["new_token"], "^kpl_")
        token = next(one["id"] for one in made["tokens"] if one["name"] == "another")
        api.post("/me/tokens/{id}/remove", id=token)
        api.post("/integrations/{id}/disconnect", id=shop)

    def operate(self, shop):
        """What somebody on call sees and does."""
        self.add_person("wacht", role="operations", account=None)
        api, csrf = self.person("wacht")
        self.db.run("INSERT INTO koppeling.job (kind, integration_id) SELECT 'ping', id FROM koppeling.integration"
                    " CROSS JOIN generate_series(1, 55)")
        self.db.run("UPDATE koppeling.job SET state = 'failed', last_error_class = 'timeout', last_error = 'no answer'"
                    " WHERE kind = 'ping'")
        self.db.run("UPDATE koppeling.account_credentials SET state = 'rejected', reason_code = 'credentials_refused',"
                    " reason = 'geweigerd', reason_en = 'were refused', checked_at = now() WHERE account_id = 1")
        self.start_scheduler()
        self.wait_until(lambda: api.get("/ops/processes")["schedulers"], "a scheduler runs")
        self.assertGreater(len(api.get("/ops/processes")["workers"]), 0)
        for path in ("/ops", "/ops/course"):
            api.get(path, query={"hours": "1"})
        listed = api.get("/ops/jobs", query={"kind": "ping", "state": "failed"})
        place = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(listed["next"]).query))
        self.assertEqual(len(api.get("/ops/jobs", query=place)["jobs"]), 5)
        jobs = [job["id"] for job in listed["jobs"]]
        self.assertTrue(api.get("/ops/jobs/{id}", id=jobs[0])["is_live"])
        api.post("/ops/jobs/{id}/retry", id=jobs[0], csrf=csrf)
        api.post("/ops/jobs/{id}/cancel", id=jobs[1], csrf=csrf)
        self.assertFalse(api.get("/ops/jobs/{id}", id=jobs[1])["is_live"])
        self.assertEqual(api.post("/ops/jobs/retry", job=jobs[2:4], csrf=csrf)["count"], 2)
        self.assertEqual(api.post("/ops/jobs/cancel", job=jobs[4], kind="ping", csrf=csrf)["count"], 1)
        self.assertEqual(api.get("/ops/jobs/redrive", query={"error_class": "timeout"})["count"], "50")
        self.assertEqual(api.post("/ops/jobs/redrive", error_class="timeout", csrf=csrf)["count"], 50)
        for action in ("pause", "resume", "poll"):
            api.post("/ops/shops/{id}/" + action, id=shop, csrf=csrf)
            if action == "pause":
                self.assertEqual(len(api.get("/ops/shops")["shops"]), 1)
        self.assertEqual(len(api.get("/ops/accounts")["accounts"]), 1)
        api.post("/ops/accounts/{id}/check", id=1, csrf=csrf)
        api.post("/ops/apis/{id}/block", status=422, id=1, minutes="x", csrf=csrf)
        api.post("/ops/apis/{id}/block", id=1, minutes=5, reason="maintenance", csrf=csrf)
        self.assertTrue(api.get("/ops/apis")["apis"][0]["is_blocked"])

    def test_each_answer_is_as_the_document_says(self):
        api = self.program()
        shop = self.connect_by(api)
        ids = [str(self.order(number)["id"]) for number in (70001, 70002)]
        self.db.run("UPDATE koppeling.imported_order SET warnings = '{phone_not_understood}', warned_at = now()"
                    " WHERE order_number = '70003'")
        self.label(api, ids)
        self.look_around(api, shop, ids)
        self.mark()
        self.assertEqual(api.get("/orders/{id}", id=ids[0])["order"]["state"], "marked_shipped")
        self.operate(shop)
        self.change(api, shop)
        self.assertEqual(set(operations()) - self.seen, set(), "each was seen to work")

    def test_what_goes_wrong_is_a_problem_as_the_document_says(self):
        self.connect_with_numbers(70001)
        api, looker = self.program(), self.program("readonly")
        api.get("/orders/{id}", id=999, status=404)
        api.post("/connect", status=422, shop_url="example.org")
        api.post("/integrations/{id}/resume", status=409, id=1)
        looker.get("/orders/{id}", id=1)
        looker.post("/integrations/{id}/pause", status=403, id=1)
        api.get("/ops", status=403)
        unknown = Browser(self.address, Accept="application/json", Authorization="Bearer kpl_" + "x" * 43)
        stranger = Client(self, unknown, self.seen)
        stranger.get("/orders", status=401)
        self.assertEqual(api.browser.ask("POST", "/orders").status, 405)

        def poll(key, **fields):
            return api.browser.ask("POST", "/integrations/1/pause", json.dumps(fields),
                                   **{"Content-Type": "application/json", "Idempotency-Key": key})
        for key, fields, status in (("short", {}, 400), ("request-one", {"reason": "a"}, 200),
                                    ("request-one", {"reason": "a"}, 200), ("request-one", {"reason": "b"}, 409)):
            with self.subTest(key=key, fields=fields):
                page = poll(key, **fields)
                self.assertEqual(page.status, status, page.text)
                api.check(operations()["POST", "/integrations/{id}/pause"]["responses"], page, key)
                self.assertEqual("detail" in page.json, status >= 400)
