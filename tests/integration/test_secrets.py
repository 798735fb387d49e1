"""Tokens and personal data stay where they belong."""
import json
import os
import re
import subprocess

from harness.case import Case
from harness.orders import address, order

TOKEN = "kanarietoken-7f3a91"
PARTNER = "kanariepartner-52cc08"
PERSON = {"name": "Kanarie van der Proef", "street": "Kanariestraat", "city": "Kanariestad", "phone": "0687654321",
          "zipcode": "9876KA"}
EMAIL = "kanarie.proef@example.org"
TRACES = re.compile(r"kanarie(?!token|partner)|0687654321|\+31687654321|9876 ?KA", re.IGNORECASE)


class SecretsTest(Case):
    """Everything that can go wrong goes wrong once, with tokens and people that are easy to recognise."""

    def setUp(self):
        super().setUp()
        self.simulator.shop("shop1", token=TOKEN)
        self.simulator.settings(partner_token=PARTNER)
        self.secrets = {"KOPPELING_PARTNER_TOKEN": PARTNER}
        kanarie = order(number="70001", comments={"customer": "Kanarie zingt", "internal": "kanarie"})
        kanarie["debtor"] = {"email": EMAIL, "address": {"invoice": address(**PERSON), "delivery": address(**PERSON)}}
        homeless = {**kanarie, "number": "70002", "debtor": {"email": EMAIL, "address": {"invoice": {"name": PERSON["name"]}}},
                    "uuid": "2" * 8 + "-2222-4222-8222-" + "2" * 12}
        self.simulator.add("shop1", orders=[kanarie, homeless])
        self.simulator.add("shop1", raw='{"number": "70003", "uuid": "kanarie", "status": 3, "debtor": "kanarie"}', status=3)
        self.simulator.add("shop1", raw='{"kanarie": "kanarie",}', status=3)
        self.integration = self.request_connection(token=TOKEN)

    def run_into_everything(self):
        self.worker_log = self.work("--log-level=debug", **self.secrets).log
        said = "Kanarie van der Proef"
        answers = (
            ("malformed", {}), ("truncated", {}), ("reset", {}),
            ("html", {"body": f"<p>{said}</p>"}),
            ("status", {"status": 200, "body": json.dumps({"name": said})}),
            ("status", {"status": 302, "location": f"https://elders.example/?token={TOKEN}"}),
            # Answers that echo what they were asked with.
            ("status", {"status": 500, "body": json.dumps({"title": f"bad token={TOKEN}"})}),
            ("status", {"status": 500, "body": json.dumps({"title": f"the token {TOKEN} is bad"})}),
            ("status", {"status": 503, "body": json.dumps({"title": "No.", "detail": f"({PARTNER})"})}),
            ("status", {"status": 400, "body": json.dumps({"title": f"the name '{said}' is bad", "detail": EMAIL})}))
        for fault, settings in answers:
            self.simulator.fault(fault, "shop:shop1", times=1, **settings)
            self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
            self.work("--log-level=debug", **self.secrets)
        # Also a refused connection, with an address that curl will complain about.
        self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        self.work("--log-level=debug", KOPPELING_MIJNWEBWINKEL_URL="http://127.0.0.1:1", **self.secrets)
        self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        self.work("--log-level=debug", "--log-format=json", **self.secrets)
        self.assertEqual(self.imported(self.integration), ["70001"])
        # The database refuses a write with that person in it.
        self.db.run("ALTER TABLE koppeling.imported_order ADD CONSTRAINT refuse_all CHECK (state <> 'marked_shipped')")
        self.label(self.order(70001)["id"])
        self.tick()
        self.work("--log-level=debug", **self.secrets)
        self.assertEqual([job["state"] for job in self.jobs("mark_shipped")], ["failed"])
        self.simulator.shop("shop1", token_is_active=False)
        self.db.run("UPDATE koppeling.job SET state = 'queued'")
        self.work("--log-level=debug", **self.secrets)
        self.assertEqual(self.shop(self.integration)["state"], "needs_attention")

    def dump(self, *flags):
        """The data of the database as text."""
        return subprocess.run(["pg_dump", "--data-only", "--inserts", *flags, self.cluster.url(self.database, "postgres")],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True).stdout

    def test_a_token_stands_in_no_log_and_in_no_table(self):
        self.run_into_everything()
        server_log = self.cluster.server_log.read_text(errors="replace")
        for secret in (TOKEN, PARTNER, self.surroundings.secret_key):
            for forms in (secret, secret.encode().hex()):
                self.assertNotIn(forms, self.logs())
                self.assertNotIn(forms, self.dump())
                self.assertNotIn(forms, server_log)
        self.assertIn("Kanariestraat", self.dump(), "the dump would show it")
        self.assertIn("cannot list the orders", self.logs(), "the logs would show it")

    def test_personal_data_stands_with_the_orders_and_nowhere_else(self):
        self.run_into_everything()
        elsewhere = self.dump("--exclude-table=koppeling.imported_order", "--exclude-table=koppeling.order_line")
        self.assertIn("INSERT INTO koppeling.job_history", elsewhere)
        self.assertIn("INSERT INTO koppeling.skipped_order", elsewhere)
        for text in (elsewhere, self.logs()):
            self.assertEqual([line[:300] for line in text.splitlines() if TRACES.search(line)], [])

    def test_a_token_stands_in_no_process_list_and_no_environment(self):
        self.simulator.settings(latency_ms=1500)
        worker = self.start_worker(KOPPELING_PARTNER_TOKEN=PARTNER)
        scheduler = self.start_scheduler()
        self.wait_until(lambda: self.simulator.requests(), "a call is under way")
        for program in (worker, scheduler):
            for name in ("cmdline", "environ"):
                with open(f"/proc/{program.pid}/{name}", "rb") as file:
                    text = file.read()
                for secret in (TOKEN, PARTNER, self.surroundings.secret_key):
                    self.assertNotIn(secret.encode(), text, (name, secret))
        self.assertIn(b"run", open(f"/proc/{worker.pid}/cmdline", "rb").read())

    def test_a_worker_leaves_no_core_file(self):
        worker = self.start_worker()
        with open(f"/proc/{worker.pid}/limits") as file:
            limit = next(line for line in file if line.startswith("Max core file size"))
        self.assertEqual(limit.split()[4:6], ["0", "0"])
        # A process that may not be dumped belongs to root, whoever runs it.
        self.assertEqual(os.stat(f"/proc/{worker.pid}/environ").st_uid, 0)

    def test_secrets_may_come_from_files(self):
        paths = {}
        for name, value in (("KOPPELING_SECRET_KEY", self.surroundings.secret_key), ("KOPPELING_PARTNER_TOKEN", PARTNER)):
            paths[name + "_FILE"] = str(self.log_directory / name.lower())
            with open(paths[name + "_FILE"], "w") as file:
                file.write(value + "\n")
        self.work(KOPPELING_SECRET_KEY=None, KOPPELING_PARTNER_TOKEN=None, **paths)
        self.assertEqual(self.shop(self.integration)["state"], "active")

    def test_the_simulator_saw_the_tokens_that_nobody_else_may_see(self):
        self.work(**self.secrets)
        self.assertEqual(self.shop(self.integration)["state"], "active")
        self.assertEqual({request["status"] for request in self.simulator.requests()}, {200})
