"""Wrong credentials at Boekuwzending: one visible reason on the account, and jobs that wait for others."""
from harness.booking import BookingCase


IN_ORDER = "production: in order, known as client; staging: in order, known as client"


class AccountTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.give_credentials()  # anew, so that nobody has verified them

    def status(self):
        return self.ops.row("SELECT * FROM koppeling.account_status WHERE id = 1")

    def credentials(self, environment="production"):
        return self.db.row("SELECT * FROM koppeling.account_credentials WHERE account_id = 1 AND environment = %s",
                           environment)

    def save(self, secret, environment="production", client="client"):
        self.backend.run("SELECT koppeling.save_credentials(1, %s, %s, decode(%s, 'base64'))",
                         environment, client, self.seal(secret))

    def token_calls(self):
        return len(self.simulator.requests(method="POST", path_contains="/boekuwzending/token"))

    def parked(self, kind):
        return [job["run_at"] == "infinity" for job in self.jobs(kind)]

    def test_credentials_that_are_saved_are_verified(self):
        self.assertEqual(self.status()["condition"], "production: being checked; staging: being checked")
        self.work()
        status = self.status()
        self.assertEqual((status["production"], status["staging"], status["production_reason"]),
                         ("active", "active", None))
        self.assertEqual(status["condition"], IN_ORDER)
        self.assertEqual(self.jobs("verify_account"), [])
        self.assertEqual(len(self.simulator.requests(path_contains="/me")), 2)

    def test_wrong_credentials_have_a_reason_and_right_ones_take_it_away(self):
        self.work()
        self.save("wrong")
        self.work()
        row = self.credentials()
        self.assertEqual((row["state"], row["reason_code"], row["checked_at"] is not None),
                         ("rejected", "account_refused", True))
        self.assertIn("weigert de API-gegevens", row["reason"])
        self.assertIn("refuses the API credentials", self.status()["condition"])
        self.assertEqual(self.credentials("staging")["state"], "active")
        self.assertEqual(self.ops.value("SELECT refused_accounts FROM koppeling.queue_health"), 1)
        self.save("secret")
        self.work()
        self.assertEqual((self.credentials()["state"], self.credentials()["reason"]), ("active", None))
        self.assertEqual(self.ops.value("SELECT refused_accounts FROM koppeling.queue_health"), 0)

    def test_a_secret_that_cannot_be_opened_is_told(self):
        self.backend.run("UPDATE koppeling.account SET sealed_client_secret = '\\x0102' WHERE id = 1")
        self.work()
        self.assertEqual(self.credentials()["reason_code"], "account_secret_unreadable")

    def test_a_service_that_is_down_refuses_nothing(self):
        self.simulator.fault("status", "boekuwzending", status=503, path_contains="/me", times=1)
        self.work("--threads=1", "--in-flight=1")
        self.db.run("SELECT koppeling.block_api('boekuwzending', NULL)")
        self.hasten()
        self.work()
        self.assertEqual(self.status()["condition"], IN_ORDER)

    def test_jobs_of_credentials_that_are_refused_later_wait_for_new_ones(self):
        self.connect_with_numbers(*range(70001, 70011))
        self.backend.run("UPDATE koppeling.account SET push_orders = true")
        shipment = self.dispatch(70001)
        self.simulator.control("POST", "/accounts", {"client_id": "client", "client_secret": "changed"})
        self.tick()
        self.work()
        self.assertEqual(self.credentials()["state"], "rejected")
        self.assertEqual(self.db.value("SELECT state FROM koppeling.integration"), "active", "the shop is not to blame")
        self.assertEqual((self.parked("push_order"), self.parked("create_shipment")), ([True] * 10, [True]))
        calls = self.token_calls()
        self.tick()
        self.work()
        self.assertEqual(self.token_calls(), calls, "nobody tries them again")
        self.assertEqual(self.status()["parked_jobs"], 11)
        self.assertEqual(self.shipment(shipment)["state"], "requested", "it is certain that nothing was booked")

        self.save("wrong again")
        self.work()
        self.assertEqual((self.credentials()["state"], self.parked("create_shipment")), ("rejected", [True]))
        self.save("changed")
        self.work()
        self.hasten()
        self.work()
        self.assertEqual((self.jobs("push_order"), self.shipment(shipment)["state"]), ([], "labelled"))
        self.assertEqual(len(self.booked()), 1)

    def test_a_dispatch_with_refused_credentials_is_refused_at_the_door(self):
        self.connect_with_numbers(70001)
        self.save("wrong")
        self.work()
        with self.assertRaisesRegex(Exception, r"refuses the credentials \(production\) of account 1"):
            self.dispatch(70001)
        self.assertEqual(self.book(70001, environment="staging")["state"], "labelled")
        self.save("secret")
        self.work()
        self.assertEqual(self.book(70001)["state"], "labelled")

    def test_a_job_that_is_queued_by_hand_meanwhile_is_handed_back(self):
        self.connect_with_numbers(70001)
        shipment = self.dispatch(70001)
        self.save("wrong")
        self.db.run("UPDATE koppeling.job SET run_at = now() + interval '1 hour' WHERE kind = 'create_shipment'")
        self.work()
        self.assertEqual(self.parked("create_shipment"), [True])
        self.ops.run("UPDATE koppeling.job SET run_at = now() WHERE kind = 'create_shipment'")
        calls = self.token_calls()
        self.work()
        self.assertEqual((self.parked("create_shipment"), self.token_calls()), ([True], calls))
        self.assertEqual(self.shipment(shipment)["state"], "requested")

    def test_asking_again_helps_when_the_refusal_was_theirs(self):
        self.simulator.fault("status", "boekuwzending", status=401, path_contains="/token", times=1)
        self.work()
        self.assertEqual(self.credentials()["state"], "rejected")
        self.assertEqual(self.ops.value("SELECT koppeling.check_account(1)"), 2)
        self.work()
        self.assertEqual(self.credentials()["state"], "active")

    def test_a_refusal_of_theirs_that_passes_heals_by_itself(self):
        """One request each time, ever more rarely; a service that is down in between is no verdict."""
        fault = self.simulator.fault("status", "boekuwzending", status=401, path_contains="/token")
        self.work()
        self.assertEqual(self.credentials()["state"], "rejected")
        self.tick()
        self.assertEqual(self.jobs("verify_account"), [], "not at once")

        def ask_again(age):
            asked = len(self.simulator.requests(path_contains="/boekuwzending/token"))
            self.db.run("UPDATE koppeling.account_credentials SET recheck_at = now(),"
                        " refused_since = now() - %s::interval WHERE recheck_at IS NOT NULL", age)
            self.tick()
            self.work()
            self.tick()
            found = self.db.row("SELECT state, recheck_at - now() BETWEEN '30 minutes' AND '2 hours' AS hour,"
                                " recheck_at - now() BETWEEN '4 hours' AND '6 hours' AS hours,"
                                " recheck_at - now() BETWEEN '20 hours' AND '27 hours' AS day"
                                " FROM koppeling.account_credentials WHERE environment = 'production'")
            return found, len(self.simulator.requests(path_contains="/boekuwzending/token")) - asked
        for age, when in (("1 minute", "hour"), ("1 hour", "hours"), ("6 hours", "day"), ("90 days", "day")):
            with self.subTest(age=age):
                found, asked = ask_again(age)
                self.assertEqual((found["state"], found[when], asked), ("rejected", True, 1), found)
        self.assertEqual(self.db.rows("SELECT * FROM koppeling.failed_job"), [])
        self.simulator.clear_faults()
        self.simulator.fault("status", "boekuwzending", status=503, path_contains="/token", times=1)
        self.assertEqual(ask_again("1 hour")[0]["state"], "active", fault)
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.account_credentials"
                                       " WHERE recheck_at IS NOT NULL"), 0)

    def test_credentials_of_before_an_upgrade_are_verified_by_the_scheduler(self):
        self.db.run("DELETE FROM koppeling.job WHERE kind = 'verify_account'")
        self.tick()
        self.assertEqual(len(self.jobs("verify_account")), 2)
        self.tick()
        self.work()
        self.assertEqual(self.credentials()["state"], "active")

    def test_credentials_that_are_taken_away_leave_nothing(self):
        self.work()
        self.backend.run("UPDATE koppeling.account SET client_id = NULL, sealed_client_secret = NULL WHERE id = 1")
        self.assertEqual(self.status()["condition"], "staging: in order, known as client")
