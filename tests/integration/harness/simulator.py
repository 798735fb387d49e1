"""The simulator of both APIs, driven over its control API (see tests/simulator/README.md)."""
import http.client
import json
import urllib.parse

from harness.programs import Program, wait_until


class Simulator:
    def __init__(self, environment, log_path, *options):
        port_file = log_path.with_suffix(".port")
        port_file.unlink(missing_ok=True)
        self.program = Program("koppeling-simulator", ["--port", "0", "--port-file", str(port_file), *options],
                               environment, log_path)
        wait_until(lambda: port_file.exists() or not self.program.is_running, "the simulator listens")
        assert self.program.is_running, self.program.log
        self.port = int(port_file.read_text())
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.program.kill()

    def control(self, verb, path, body=None, **query):
        query = {name: value for name, value in query.items() if value is not None}
        path = "/_simulator" + path + ("?" + urllib.parse.urlencode(query) if query else "")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(verb, path, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json"} if body is not None else {})
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        assert response.status < 300, f"{verb} {path}: {response.status} {text[:500]!r}"
        return json.loads(text) if text else None

    def shop(self, name, **settings):
        """Makes a shop, or changes one."""
        return self.control("POST", "/shops", {"name": name, **settings})

    def add(self, shop, **what):
        """Adds orders: generate=N (kind=, status=), order=, orders= or raw=. Returns their numbers."""
        return self.control("POST", f"/shops/{shop}/orders", what)["numbers"]

    def change(self, shop, number, **what):
        """What the merchant does to an order: status=, archived=, credit_order_numbers=, merge=."""
        return self.control("PATCH", f"/shops/{shop}/orders/{number}", what)

    def delete(self, shop, number):
        self.control("DELETE", f"/shops/{shop}/orders/{number}")

    def cancel_labels(self, shipment):
        """Somebody cancels the labels of a shipment in the panel of Boekuwzending."""
        self.control("POST", f"/shipments/{shipment}/cancel")

    def move_parcel(self, label, status, **what):
        """A carrier says where the parcel of a label is: description=."""
        self.control("POST", f"/labels/{label}/tracking", {"status": status, **what})

    def pushed_orders(self):
        """Orders in the panel of Boekuwzending that nobody removed, by the shop's number."""
        return {order["order"]["reference"]: order for order in self.control("GET", "/orders-pushed")
                if not order["deleted"]}

    def make_label(self, pushed_id, **how):
        """Somebody makes a label of an order in the panel: labels=, late_ms=. Returns the shipment."""
        return self.control("POST", f"/orders-pushed/{pushed_id}/label", how)

    def archive(self, pushed_id, archived=True):
        self.control("PATCH", f"/orders-pushed/{pushed_id}", {"archived": archived})

    def remove_pushed(self, pushed_id):
        """Somebody removes an order from the panel."""
        self.control("DELETE", f"/orders-pushed/{pushed_id}")

    def fault(self, fault, scope="all", **settings):
        return self.control("POST", "/faults", {"fault": fault, "scope": scope, **settings})["id"]

    def clear_faults(self):
        self.control("DELETE", "/faults")

    def settings(self, **settings):
        self.control("POST", "/settings", settings)

    def orders(self, shop):
        """What became of the orders of a shop, by number."""
        shops = self.control("GET", "/effects", shop=shop)["shops"]
        return {order["number"]: order for order in shops[shop]["orders"]}

    def requests(self, shop=None, method=None, path_contains=None, since=None):
        """What was asked, oldest first."""
        return self.control("GET", "/journal", shop=shop, method=method, path_contains=path_contains,
                            since=since, limit=200000)

    def reads(self, shop):
        """The requests for single orders."""
        return [request for request in self.requests(shop, "GET", "/v1/orders/")
                if not request["path"].endswith("/count")]

    def patch_counts(self, shop):
        return {number: order["patch_count"] for number, order in self.orders(shop).items()}
