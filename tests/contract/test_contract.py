"""Requests and answers as documents allow them, through the real programs; orders as a document may have them."""
import contextlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import urllib.error
import urllib.request

import disagreements
from harness.booking import BookingCase
from harness.orders import order, today
from prism import OWN, TOOLS, Contract, official_document

HERE = pathlib.Path(__file__).resolve().parent
ORDERS = 300
# Orders in an answer. Prism tells what is wrong with it in a header, which has no room for much more.
PAGE = 3
SEED = int(os.environ.get("CONTRACT_SEED", "20261126"))

# What the reference says of the types of lines [MWW-801].
NEVER_GOODS = {"payment", "payment_fee", "shipping", "shipping_fee", "discount", "gift_card", "sales_tax",
               "store_credit", "digital", "surcharge"}


def text(block, name):
    return isinstance(block, dict) and isinstance(block.get(name), str) and block[name].strip() != ""


def has_goods(made):
    for line in made.get("orderlines") or []:
        kind = line["type"].strip().lower()
        goods = kind in ("article", "custom") or (line.get("articles") and kind not in NEVER_GOODS)
        if goods and float(line["quantity"]) > 0:
            return True
    return False


def has_address(made):
    """The rules R-500 and R-501, as the reference has them."""
    debtor = made["debtor"]
    both = debtor.get("address") if isinstance(debtor.get("address"), dict) else {}
    invoice = both.get("invoice")

    def somebody(block):
        return text(block, "company") or any(text(each, "name") for each in (block, invoice, debtor))

    def street(block):
        return text(block, "street") or text(block, "number")

    delivery = both.get("delivery")
    if (street(delivery) or text(delivery, "zipcode")) and somebody(delivery):
        return True
    return street(invoice) and (text(invoice, "zipcode") or text(invoice, "city")) and somebody(invoice)


def fate(made):
    """What must become of an order: "imported", a reason, or None where it is not asked for."""
    if int(made["status"]) not in (1, 3) or made.get("archived"):
        return None
    if made.get("credited_order_number"):
        return "credit_order"
    if made["date"] < today(30):
        return "too_old"
    if made.get("offline_location_id") or not has_goods(made):
        return "nothing_to_ship"
    return "imported" if has_address(made) else "no_address"


class ContractTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.contracts, upstream = {}, self.simulator.url
        official = official_document()
        # Orders of our document are as the live service may write them, not as the official one says.
        if official is not None and "from_our_document" not in self._testMethodName:
            upstream = self.hold("official", official, upstream)
        self.shop_url = self.hold("mijnwebwinkel", OWN / "mijnwebwinkel.yaml", upstream)
        self.production = self.hold("boekuwzending", OWN / "boekuwzending.yaml", self.simulator.url + "/boekuwzending")
        self.staging = self.hold("boekuwzending-staging", OWN / "boekuwzending.yaml",
                                 self.simulator.url + "/boekuwzending-staging")
        for contract in self.contracts.values():
            contract.wait()

    def hold(self, name, document, upstream):
        contract = self.contracts[name] = Contract(name, document, upstream, self.log_directory)
        self.addCleanup(contract.stop)
        return contract.url

    def worker_environment(self, **settings):
        return super().worker_environment(**{
            "KOPPELING_MIJNWEBWINKEL_URL": self.shop_url, "KOPPELING_BOEKUWZENDING_URL": self.production,
            "KOPPELING_BOEKUWZENDING_STAGING_URL": self.staging, "KOPPELING_IN_FLIGHT": "8", **settings})

    # Over all tests, which of the known disagreements happened.
    happened = set()

    def check_contracts(self):
        """Nothing that a document does not allow, but for what is known of the official one."""
        known = disagreements.known()
        wrong = []
        for contract in self.contracts.values():
            for violation in contract.violations:
                covering = [row.name for row in known if contract.name == "official" and row.covers(violation)]
                ContractTest.happened.update(covering)
                if not covering:
                    wrong.append(f"{contract.name}: {violation}")
        counted = sorted(((wrong.count(each), each) for each in set(wrong)), reverse=True)
        self.assertFalse(wrong, "\n" + "\n".join(f"{count} times {each}" for count, each in counted))

    def made_orders(self, document):
        node = shutil.which("node") or shutil.which("nodejs")
        made = subprocess.run([node, HERE / "orders.mjs", document, str(ORDERS), str(SEED)], check=True,
                              stdout=subprocess.PIPE, env={**os.environ, "CONTRACT_TOOLS": str(TOOLS)})
        return json.loads(made.stdout)

    def take_orders(self, made):
        """Imports them and holds what became of each against the rules."""
        fates = {str(each["number"]): fate(each) for each in made}
        for reason in ("imported", "credit_order", "too_old", "nothing_to_ship", "no_address", None):
            self.assertIn(reason, fates.values(), "the dice are too kind")
        self.simulator.shop("shop1", page_cap=PAGE)
        integration = self.connect("shop1")
        for begin in range(0, len(made), 50):
            self.simulator.add("shop1", orders=made[begin:begin + 50])
        self.poll()
        became = {**dict.fromkeys(self.imported(integration), "imported"), **self.skipped(integration)}
        self.assertEqual(became, {number: what for number, what in fates.items() if what is not None})
        return integration

    def test_orders_made_from_the_official_document_meet_their_fate(self):
        if "official" not in self.contracts:
            self.skipTest("the official document is not here: set CONTRACT_DOCUMENT")
        self.take_orders(self.made_orders(official_document()))
        self.check_contracts()

    def test_orders_made_from_our_document_are_imported_pushed_booked_and_marked(self):
        integration = self.take_orders(self.made_orders(OWN / "mijnwebwinkel.yaml"))
        self.backend.run("UPDATE koppeling.account SET push_orders = true")
        self.backend.run("UPDATE koppeling.integration SET tracking_in_comment = true")
        self.tick()
        self.work(seconds=300)
        known = self.db.value("SELECT count(*) FROM koppeling.imported_order WHERE ship_to_country IS NOT NULL")
        self.assertGreater(known, len(self.imported(integration)) // 2)
        self.assertEqual(len([each for each in self.pushed() if not each["deleted"]]), known)
        # Whether the service books without a postcode is not known; the simulator does not.
        ready = self.db.column("SELECT id FROM koppeling.imported_order "
                               "WHERE koppeling.dispatch_problem(id) IS NULL AND ship_to_postcode <> '' ORDER BY id")
        self.assertGreaterEqual(len(ready), 20, self.db.rows(
            "SELECT koppeling.dispatch_problem(id), count(*) FROM koppeling.imported_order GROUP BY 1"))
        dice = random.Random(SEED)
        for place, order_id in enumerate(dice.sample(ready, 20)):
            self.backend.value("SELECT koppeling.dispatch_order(%s, 'postnl-pakket', %s, %s, %s)", order_id,
                               1 + place % 3, ("package", "pallet-euro", "envelop")[place % 3],
                               ("production", "staging")[place % 2])
        self.work(seconds=300)
        for number in self.imported(integration)[:5]:
            self.simulator.change("shop1", number, status=5)
        self.poll_again(integration)
        self.mark()
        self.tick()
        self.work(seconds=300)
        self.assertGreaterEqual(self.marked(), 15, "all but those of the five that had a label")
        self.assertEqual(self.db.column("SELECT DISTINCT last_error FROM koppeling.job WHERE state = 'failed'"), [])
        self.check_contracts()

    def test_the_orders_of_the_simulator_are_as_the_documents_say(self):
        self.simulator.shop("shop1", page_cap=PAGE)
        integration = self.connect("shop1")
        self.simulator.add("shop1", generate=250, status=3)
        for kind in ("credit", "pickup", "virtual", "no_address", "old", "partly_credited"):
            self.simulator.add("shop1", generate=20, kind=kind, status=1)
        self.poll()
        self.assertGreater(len(self.imported(integration)), 200)
        self.label_all()
        self.mark()
        self.poll_again(integration)
        self.assertGreater(self.marked(), 200)
        self.check_contracts()

    def test_what_a_shop_refuses_is_told_as_documented(self):
        self.simulator.shop("shop1", page_cap=PAGE)
        integration = self.connect("shop1")
        self.simulator.add("shop1", orders=[order(number="70001")])
        self.poll()
        self.simulator.delete("shop1", "70001")
        self.poll_again(integration)
        self.tick()
        self.work()
        self.assertEqual(self.order("70001")["state"], "withdrawn")
        self.simulator.shop("shop1", token_is_active=False)
        self.poll_again(integration)
        self.assertEqual(self.shop(integration)["state"], "needs_attention")
        self.check_contracts()

    def test_what_the_documents_do_not_allow_is_noticed(self):
        self.simulator.shop("shop1")
        for url, where in (("/v1/orders?limit=101", "request.query.limit"), ("/v1/orders?page=1", "query.page"),
                           ("/v1/orders?archived=no", "request.query.archived"), ("/v1/articles/none/of/it", "path")):
            with self.subTest(url=url):
                for contract in self.contracts.values():
                    contract.violations.clear()
                with contextlib.suppress(urllib.error.HTTPError):
                    urllib.request.urlopen(self.shop_url + url + ("&" if "?" in url else "?") + "token=token-shop1"
                                           "&partner_token=p").close()
                held = [contract for name, contract in self.contracts.items() if "boekuwzending" not in name]
                for contract in held:
                    self.assertIn(where, [violation.where for violation in contract.violations], contract.name)
                with self.assertRaises(AssertionError):
                    self.check_contracts()

    def test_each_kind_asks_and_is_answered_as_the_documents_say(self):
        """The whole loop, in both environments of Boekuwzending."""
        self.simulator.shop("shop1", page_cap=PAGE)
        integration = self.connect("shop1")
        self.simulator.add("shop1", orders=[order(number=str(number)) for number in range(70001, 70007)])
        self.poll()
        ids = {number: self.order(number)["id"] for number in range(70001, 70007)}
        self.backend.run("UPDATE koppeling.account SET push_orders = true")
        self.backend.value("SELECT koppeling.check_account(1)")
        for environment in ("production", "staging"):
            self.backend.value("SELECT koppeling.request_quote(%s, %s)", ids[70001], environment)
        self.tick()
        self.work()
        services = self.backend.column("SELECT service FROM koppeling.services_for(%s)", ids[70001])
        shipments = [self.backend.value("SELECT koppeling.dispatch_order(%s, %s, 2, 'package', %s)", ids[number],
                                        service, environment)
                     for number, service, environment in ((70001, services[0], "production"),
                                                          (70002, "postnl-pakket", "production"),
                                                          (70003, "postnl-pakket", "staging"))]
        self.work()
        for asked in (shipments[:1], shipments[:2], shipments[2:]):
            self.backend.value("SELECT koppeling.request_label_pdf(%s::bigint[])", asked)
        # One is labelled in the panel, one removed there, one cancelled in the shop; what we booked leaves the list.
        there = self.simulator.pushed_orders()
        self.simulator.make_label(there["70004"]["id"], labels=2)
        self.simulator.remove_pushed(there["70005"]["id"])
        self.simulator.change("shop1", "70006", status=6)
        self.poll_again(integration)
        for _ in range(3):
            self.db.run("UPDATE koppeling.imported_order SET watch_at = now() WHERE watch_at IS NOT NULL")
            self.tick()
            self.work()
        states = {row["order_number"]: row["state"] for row in self.db.rows(
            "SELECT order_number, state FROM koppeling.imported_order")}
        self.assertEqual(states, {"70001": "marked_shipped", "70002": "marked_shipped", "70003": "marked_shipped",
                                  "70004": "marked_shipped", "70005": "open", "70006": "withdrawn"})
        self.assertEqual(self.db.column("SELECT DISTINCT state FROM koppeling.label_document_status"), ["ready"])
        done = set(self.db.column("SELECT DISTINCT kind FROM koppeling.job_history WHERE outcome = 'done'"))
        self.assertEqual({"verify", "poll", "confirm_order", "create_shipment", "mark_shipped", "push_order", "quote",
                          "watch_order", "remove_order", "fetch_label", "verify_account"} - done, set())
        self.assertEqual(self.db.column("SELECT last_error FROM koppeling.failed_job"), [])
        self.check_contracts()

    def test_the_paths_that_nobody_asks_for_yet_answer_as_documented(self):
        """Of the simulator, for the kinds to come; and of what is refused."""
        party = {"contact": {"name": "Fenna Testveld", "emailAddress": "fenna@example.org"},
                 "address": {"street": "Voorbeeldlaan", "number": "14", "postcode": "3511ZZ", "city": "Utrecht",
                             "country": "NL"}}
        quote = {"transportType": "road_transport", "shipTo": party, "dispatch": {"date": "2026-11-27"}, "items": [
            {"quantity": 1, "type": "package", "weight": 1.5, "dimensions": {"length": 10, "width": 10, "height": 10}}]}
        pushed = {"externalId": "a-1", "reference": "20411", "createdAtSource": "2026-11-20 19:42:07",
                  "orderLines": [], "shipTo": party}
        token = json.loads(self.ask("POST", "/token", b"grant_type=client_credentials&client_id=client"
                                    b"&client_secret=secret", kind="application/x-www-form-urlencoded"))["access_token"]
        shipment = json.loads(self.ask("POST", "/shipments", {
            **quote, "service": "postnl-pakket", "invoiceReference": "20411-1"}, token))
        made = json.loads(self.ask("POST", "/orders", pushed, token))
        label = shipment["labels"][0]["id"]
        for method, path, body in (
                ("GET", "/me", None), ("GET", "/orders?externalId[]=a-1&externalId[]=b-2", None),
                ("GET", f"/orders/{made['id']}", None), ("DELETE", f"/orders/{made['id']}", None),
                ("POST", "/rate-request", quote), ("POST", "/shipments/matrix", quote),
                ("GET", f"/labels/{label}", None), ("GET", f"/track-and-trace/{label}", None),
                ("GET", f"/shipments/{shipment['id']}/labels/download", None),
                ("GET", f"/labels/download-shipments?shipments[]={shipment['id']}", None),
                ("GET", "/shipments?invoiceReference=20411-1&_pagination=false&_items_per_page=300", None)):
            with self.subTest(path=path):
                self.ask(method, path, body, token)
        self.check_contracts()

    def test_z_each_known_disagreement_still_happens(self):
        """Comes last: what the tests before saw. A row that no longer happens must go."""
        if "official" not in self.contracts or not self.happened:
            self.skipTest("the official document is not here, or no other test ran")
        self.assertEqual([row.name for row in disagreements.known() if row.name not in self.happened], [])

    def ask(self, method, path, body=None, token=None, kind="application/json"):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {}),
                   **({"Content-Type": kind} if data else {})}
        request = urllib.request.Request(self.production + path, data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return answer.read()
