"""Changing the key that opens sealed tokens: two keys at once, koppeling-worker rekey, the old key away."""
import threading

from harness.booking import BookingCase
from harness.case import seal

DATAERR, NOPERM, CONFIG = 65, 77, 78


class RekeyTest(BookingCase):
    """Shop 1 has a bound token, shop 2 a plain one, and account 1 its secrets, all for the old key."""

    def setUp(self):
        super().setUp()
        keys = self.program("koppeling-worker", "keygen", environment={}).out
        self.public, self.secret = (line.split(": ")[1] for line in keys.splitlines())
        for shop in ("shop1", "shop2"):
            self.simulator.shop(shop)
        self.bound = self.request_connection("shop1")
        self.plain = self.request_connection("shop2", sealed=self.seal("token-shop2"))
        self.work()
        self.both = {"KOPPELING_SECRET_KEY": self.secret, "KOPPELING_PREVIOUS_SECRET_KEY": self.surroundings.secret_key}
        self.new_only = {"KOPPELING_SECRET_KEY": self.secret}

    def rekey(self, *flags, status=0, user="test_worker", **keys):
        environment = self.environment(user, **(keys or self.both))
        done = self.program("koppeling-worker", "rekey", *flags, environment=environment)
        self.assertEqual(done.status, status, done.out + done.log)
        return done

    def counts(self, *flags, status=0, **keys):
        """(re-sealed, already current, cannot be opened)"""
        out = self.rekey(*flags, status=status, **keys).out
        return tuple(int(line.split(": ")[1]) for line in out.splitlines()[-3:])

    def sealed(self):
        return self.db.rows("SELECT 'shop' || id AS name, sealed_token AS value FROM koppeling.integration"
                            " UNION ALL SELECT 'account' || id, sealed_client_secret FROM koppeling.account"
                            " UNION ALL SELECT 'staging' || id, staging_sealed_client_secret FROM koppeling.account "
                            "ORDER BY 1")

    def others(self):
        """Everything of shops and accounts but what is sealed."""
        return self.db.rows("SELECT to_jsonb(i) - 'sealed_token' AS row FROM koppeling.integration i UNION ALL"
                            " SELECT to_jsonb(a) - 'sealed_client_secret' - 'staging_sealed_client_secret' "
                            "FROM koppeling.account a ORDER BY 1")

    def poll_with(self, **keys):
        """Polls both shops; returns their states."""
        for shop in (self.bound, self.plain):
            self.backend.value("SELECT koppeling.poll_now(%s)", shop)
        self.work(**keys)
        return [self.shop(shop)["state"] for shop in (self.bound, self.plain)]

    def test_from_the_old_key_over_both_to_the_new_one_alone(self):
        self.assertEqual(self.poll_with(**self.both), ["active", "active"])
        before, others = self.sealed(), self.others()
        self.assertEqual(self.counts(), (4, 0, 0))
        self.assertEqual(self.others(), others, "nothing else has changed")
        for old, new in zip(before, self.sealed()):
            self.assertNotEqual(old, new)
            self.assertEqual(len(old["value"]), len(new["value"]))
        self.assertEqual(self.jobs(), [], "no shop is verified again")
        # Both keys, then the new one alone.
        self.assertEqual(self.poll_with(**self.both), ["active", "active"])
        self.assertEqual(self.poll_with(**self.new_only), ["active", "active"])
        self.simulator.add("shop1", generate=1)
        self.assertEqual(self.poll_with(**self.new_only), ["active", "active"])
        shipment = self.db.value("SELECT koppeling.dispatch_order(id, 'postnl-pakket') FROM koppeling.imported_order")
        self.work(**self.new_only)
        self.assertEqual(self.shipment(shipment)["state"], "labelled")
        # The old key opens nothing any more.
        self.assertEqual(self.counts(status=DATAERR, KOPPELING_SECRET_KEY=self.surroundings.secret_key), (0, 0, 4))

    def test_a_dry_run_counts_and_changes_nothing(self):
        before = self.sealed()
        self.assertEqual(self.counts("--dry-run"), (4, 0, 0))
        self.assertEqual(self.sealed(), before)
        self.rekey()
        self.assertEqual(self.counts("--dry-run"), (0, 4, 0))
        self.assertEqual(self.counts("--dry-run", **self.new_only), (0, 4, 0))

    def test_a_second_run_does_nothing(self):
        self.rekey()
        before, audits = self.sealed(), self.audits()
        self.assertEqual(self.counts(), (0, 4, 0))
        self.assertEqual((self.sealed(), self.audits()), (before, audits))

    def audits(self):
        return self.db.rows("SELECT who, subject, details FROM koppeling.audit WHERE action = 'reseal' ORDER BY id")

    def test_it_is_noted_in_the_audit_by_ids(self):
        self.rekey()
        self.assertEqual(self.audits(), [
            {"who": "test_worker", "subject": "integration.sealed_token", "details": {"ids": [self.bound, self.plain]}},
            {"who": "test_worker", "subject": "account.sealed_client_secret", "details": {"ids": [1]}},
            {"who": "test_worker", "subject": "account.staging_sealed_client_secret", "details": {"ids": [1]}}])

    def test_a_value_stays_bound_to_its_shop(self):
        self.rekey()
        self.db.run("UPDATE koppeling.integration SET sealed_token ="
                    " (SELECT sealed_token FROM koppeling.integration WHERE id = %s) WHERE id = %s", self.bound,
                    self.plain)
        self.assertEqual(self.poll_with(**self.new_only), ["active", "needs_attention"])
        self.assertIn("sealed for another shop", self.logs())

    def test_what_cannot_be_opened_is_named_and_left_and_the_rest_is_done(self):
        third = self.program("koppeling-worker", "keygen", environment={}).out.split()[1]
        lost = seal("token-lost", third)
        self.db.run("UPDATE koppeling.integration SET sealed_token = decode(%s, 'base64') WHERE id = %s", lost,
                    self.plain)
        self.db.run("UPDATE koppeling.account SET staging_sealed_client_secret = 'no box at all' WHERE id = 1")
        done = self.rekey(status=DATAERR)
        self.assertEqual(done.out.splitlines(), [
            f"cannot open: integration.sealed_token of id {self.plain}",
            "cannot open: account.staging_sealed_client_secret of id 1",
            "re-sealed: 2", "already current: 0", "cannot be opened: 2"])
        self.assertIn("2 sealed values cannot be opened", done.log)
        kept = {row["name"]: row["value"] for row in self.sealed()}
        self.assertEqual(bytes.fromhex(kept["staging1"][2:]), b"no box at all")
        self.assertEqual(self.counts(status=DATAERR), (0, 2, 2))

    def test_a_token_that_was_replaced_meanwhile_wins(self):
        """The merchant enters a new token between the reading and the writing of its page."""
        watcher = self.session()
        self.db.run("BEGIN; SELECT FROM koppeling.integration WHERE id = %s FOR NO KEY UPDATE", self.bound)
        done = []
        running = threading.Thread(target=lambda: done.append(self.rekey()))
        running.start()
        try:
            self.wait_until(lambda: watcher.value(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'koppeling-worker rekey'"
                " AND wait_event_type = 'Lock' AND datname = current_database()"), "rekey waits for the row")
            fresh = seal("token-shop1", self.public, "shop1.myonline.store")
            self.db.run("SELECT koppeling.replace_token(%s, decode(%s, 'base64'))", self.bound, fresh)
        finally:
            self.db.run("COMMIT")
            running.join()
        self.assertEqual(done[0].out.splitlines(), ["re-sealed: 3", "already current: 0", "cannot be opened: 0"])
        self.assertEqual(self.db.value("SELECT encode(sealed_token, 'base64') FROM koppeling.integration WHERE id = %s",
                                       self.bound).replace("\n", ""), fresh)
        self.work(**self.new_only)
        self.assertEqual(self.shop(self.bound)["state"], "active")

    def test_many_values_are_walked_page_by_page_while_workers_run(self):
        sealed = self.seal("token-shop1")
        self.db.run("INSERT INTO koppeling.account (id, name, client_id, sealed_client_secret)"
                    " SELECT 1000 + n, 'A' || n, 'c', decode(%s, 'base64') FROM generate_series(1, 950) n", sealed)
        self.start_worker(**self.both)
        self.backend.value("SELECT koppeling.poll_now(%s)", self.bound)
        self.assertEqual(self.counts(), (954, 0, 0))
        self.assertEqual(self.counts(**self.new_only), (0, 954, 0))
        self.assertEqual(len(self.audits()), 7)
        self.wait_until(lambda: not self.jobs("poll"), "the poll ends")
        self.assertEqual(self.shop(self.bound)["state"], "active")

    def test_nobody_else_may_do_it_and_a_key_is_needed(self):
        for user in ("test_backend", "test_ops", "test_dba", "test_scheduler"):
            self.assertIn("permission denied", self.rekey(status=NOPERM, user=user).log)
        self.assertIn("KOPPELING_SECRET_KEY", self.rekey(status=CONFIG, KOPPELING_SECRET_KEY="").log)
        self.assertEqual(self.rekey("surplus", status=64).out, "")

    def test_secrets_are_shown_nowhere(self):
        done = self.rekey("--log-level=debug")
        for text in (done.out, done.log):
            for secret in ("token-shop1", "token-shop2", self.secret, self.surroundings.secret_key):
                self.assertNotIn(secret, text)
