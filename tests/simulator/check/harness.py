"""What the checks of the simulator share: they start the program on a free port and drive it over
HTTP, as the tests of Koppeling do. KOPPELING_SIMULATOR names the program."""
import http.client
import json
import os
import subprocess
import tempfile
import time
import unittest
import urllib.parse

PROGRAM = os.environ.get("KOPPELING_SIMULATOR", "build/koppeling-simulator")


class Reply:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self):
        return json.loads(self.body)


class Simulator:
    def __init__(self, *options):
        self.folder = tempfile.TemporaryDirectory()
        port_file = os.path.join(self.folder.name, "port")
        self.process = subprocess.Popen([PROGRAM, "--port-file", port_file, *options],
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on 127.0.0.1:"), line
        self.port = int(line.rpartition(":")[2])
        while not os.path.exists(port_file):
            time.sleep(0.01)
        with open(port_file, encoding="ascii") as stream:
            assert stream.read() == f"{self.port}\n"

    def stop(self):
        self.process.terminate()
        status = self.process.wait(30)
        self.process.stdout.close()
        self.folder.cleanup()
        return status

    def call(self, method, path, body=None, query=None, headers=None, timeout=20):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if query:
            path += "?" + urllib.parse.urlencode(query, doseq=True)
        try:
            connection.request(method, path, body, headers)
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def control(self, method, path, body=None, /, **query):
        reply = self.call(method, "/_simulator" + path, body, query)
        assert reply.status < 300, (method, path, reply.status, reply.body)
        return reply.json if reply.body else None

    def shop(self, path, method="GET", body=None, token="token-proef", **query):
        return self.call(method, path, body, {"token": token, **query})

    def fault(self, fault, scope="shop:proef", times=1, **more):
        return self.control("POST", "/faults",
                            {"fault": fault, "scope": scope, "times": times, **more})

    def bearer(self, environment="boekuwzending", client="client", secret="secret"):
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
        reply = self.call("POST", f"/{environment}/token", urllib.parse.urlencode(form),
                          headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert reply.status == 200, reply.body
        return {"Authorization": "Bearer " + reply.json["access_token"]}


class Case(unittest.TestCase):
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator(*cls.options)

    @classmethod
    def tearDownClass(cls):
        status = cls.simulator.stop()
        assert status == 0, status

    def setUp(self):
        self.s = self.simulator
        self.s.control("POST", "/reset")
        self.s.control("POST", "/shops", {"name": "proef"})

    def add(self, count=1, **more):
        return self.s.control("POST", "/shops/proef/orders",
                              {"generate": count, **more})["numbers"]

    def effects(self):
        orders = self.s.control("GET", "/effects", shop="proef")["shops"]["proef"]["orders"]
        return {order["number"]: order for order in orders}
