"""Dispatching: shipments and labels at Boekuwzending, the tokens for it, and what is refused before anything is
asked."""
import http.client
import json
import urllib.parse

from harness.booking import SERVICE, BookingCase
from harness.case import free_address


class TokenTest(BookingCase):
    """The bearer token of an account: fetched once, and again when it is refused."""

    def setUp(self):
        super().setUp()
        self.connect_with_numbers(*range(70001, 70031))

    def dispatch_all(self, numbers):
        ids = [self.order(number)["id"] for number in numbers]
        return self.backend.column("SELECT koppeling.dispatch_order(%s::bigint[], %s)", ids, SERVICE)

    def test_one_token_is_fetched_for_many_shipments(self):
        self.simulator.settings(latency_ms=50)
        self.dispatch_all(range(70001, 70031))
        self.work("--threads=1")
        self.assertEqual((len(self.booked()), self.tokens_fetched()), (30, 1))

    def test_each_environment_has_a_token_of_its_own(self):
        self.dispatch(70001)
        self.dispatch(70002, environment="staging")
        self.work("--threads=1")
        self.assertEqual(sorted(request["path"] for request in self.simulator.requests(path_contains="/token")),
                         ["/boekuwzending-staging/token", "/boekuwzending/token"])

    def test_a_token_that_has_expired_is_fetched_again_once(self):
        self.simulator.settings(token_expires_in=2)
        worker = self.start_worker("--threads=1")
        self.dispatch(70001)
        self.wait_until(lambda: len(self.booked()) == 1, "the first is booked")
        self.wait_until(lambda: self.db.value("SELECT now() > max(created_at) + '2.2 seconds' FROM koppeling.shipment"),
                        "it expires")
        self.simulator.settings(token_expires_in=3600, latency_ms=50, jitter_ms=400)
        self.dispatch_all(range(70002, 70022))
        self.wait_until(lambda: len(self.booked()) == 21, "all are booked")
        worker.stop()
        self.assertEqual(self.tokens_fetched(), 2, "all that were refused wait for one new token")
        self.assertEqual(sum(request["status"] == 401 for request in self.bookings()), 20)
        self.assertEqual({job["attempts"] for job in self.history("create_shipment")}, {1})
        self.assertEqual({booked["created_with_this_reference"] for booked in self.booked()}, {1})

    def test_a_token_that_is_refused_at_once_is_renewed_once_and_no_more(self):
        """A service that answers 401 to everything is not asked for tokens in a loop; the shipment says what is
        wrong."""
        self.simulator.fault("status", "boekuwzending", status=401, path_contains="/shipments")
        shipment = self.book(70001)
        self.assertEqual((len(self.bookings()), self.tokens_fetched()), (2, 2))
        self.assertEqual((shipment["state"], shipment["external_id"]), ("failed", None))
        failed = self.ops.row("SELECT * FROM koppeling.failed_job")
        self.assertEqual((failed["error_class"], failed["http_status"]), ("auth", 401))
        self.assertIn("credentials of the account", failed["what_to_do"])
        self.simulator.clear_faults()
        self.ops.run("SELECT koppeling.retry_job(%s)", failed["id"])
        self.work()
        self.assertEqual(len(self.booked()), 1)

    def test_wrong_credentials_are_shown_and_right_ones_help(self):
        self.give_credentials("wrong")
        self.know_credentials()
        shipment = self.book(70001)
        self.assertEqual((self.bookings(), shipment["state"]), ([], "requested"))
        job, = self.jobs("create_shipment")
        self.assertIn("401", job["last_error"])
        self.assertEqual((job["state"], job["run_at"]), ("queued", "infinity"))
        self.assertEqual(self.db.value("SELECT state FROM koppeling.integration"), "active", "the shop is not to blame")
        self.give_credentials()
        self.work()
        self.work()
        self.assertEqual([booked["reference"] for booked in self.booked()], [f"70001-{shipment['id']}"])

    def test_a_token_that_is_refused_waits_and_an_answer_without_one_is_asked_for_again(self):
        """400 is how OAuth servers refuse credentials; a success without a token is no answer at all."""
        answers = (({"status": 400, "body": '{"error": "invalid_client"}'}, (False, "auth"),
                    "no bearer token: HTTP 400: invalid_client"),
                   ({"status": 200, "body": '{"token_type": "bearer"}'}, (False, "unreadable"),
                    "HTTP 200 with an object, without a usable access_token"),
                   ({"status": 200, "body": "<html>"}, (False, "unreadable"), "HTTP 200 with an HTML page"))
        for number, (answer, ending, words) in enumerate(answers, 70001):
            with self.subTest(answer=answer):
                self.simulator.fault("status", "boekuwzending", path_contains="/token", times=1, **answer)
                self.book(number)
                job = self.db.row("SELECT * FROM koppeling.job_log WHERE kind = 'create_shipment' "
                                  "ORDER BY id DESC LIMIT 1")
                # What is asked for again may be done by now: nothing was made, so nothing is looked for.
                self.assertEqual((job["state"] == "failed", job["errors"][0]["class"]), ending, job)
                self.assertIn(words, job["errors"][0]["error"])
                self.ops.run("SELECT koppeling.retry_failed()")
                self.know_credentials()
                self.retry_until_done()
        self.assertEqual([booked["created_with_this_reference"] for booked in self.booked()], [1, 1, 1])

    def test_jobs_that_wait_for_a_token_are_handed_back_by_a_worker_that_stops(self):
        self.simulator.fault("stall", "boekuwzending", path_contains="/token")
        shipments = self.dispatch_all(range(70001, 70006))
        worker = self.start_worker("--threads=1", "--grace-seconds=0")
        self.wait_until(lambda: self.tokens_fetched() == 1, "a token is asked for")
        ended = worker.stop()
        self.assertEqual(ended.status, 0, ended.log)
        self.assertEqual({(job["state"], job["attempt"], job["worker_id"]) for job in self.jobs("create_shipment")},
                         {("queued", 0, None)})
        self.simulator.clear_faults()
        self.work()
        self.assertEqual({self.shipment(shipment)["state"] for shipment in shipments}, {"sending"},
                         "that they would be sent was written, so they are looked up first")
        self.age_requests()
        self.hasten()
        self.work()
        self.assertEqual({self.shipment(shipment)["state"] for shipment in shipments}, {"labelled"})
        self.assertEqual({booked["created_with_this_reference"] for booked in self.booked()}, {1})

    def test_wrong_credentials_hold_an_order_that_is_pushed_and_not_its_shop(self):
        self.give_credentials("wrong")
        self.backend.run("UPDATE koppeling.account SET push_orders = true")
        self.tick()
        self.work()
        self.assertEqual(self.db.value("SELECT state FROM koppeling.integration"), "active")
        jobs = self.jobs("push_order")
        self.assertEqual({(job["state"], job["run_at"]) for job in jobs}, {("queued", "infinity")})
        self.give_credentials()
        self.work()
        self.hasten()
        self.work()
        self.assertEqual(len(self.pushed()), 30)


class DispatchTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_numbers(70001, 70002, 70003)

    def test_one_order_is_booked_as_it_stands_and_its_label_is_recorded(self):
        shipment = self.book(70001, label_format="envelop")
        self.assertEqual((shipment["state"], shipment["environment"], shipment["service"], shipment["reason"]),
                         ("labelled", "production", SERVICE, None))
        booked, = self.booked()
        self.assertEqual((shipment["external_id"], shipment["sequence"]), (booked["id"], booked["sequence"]))
        self.assertEqual(booked["reference"], f"70001-{shipment['id']}")
        request = booked["request"]
        self.assertEqual((request["dispatch"]["reference"], request["items"][0]["type"],
                          request["items"][0]["quantity"]),
                         ("70001", "envelop", 1))
        to, sender = request["shipTo"], request["shipFrom"]
        self.assertEqual((to["contact"]["name"], to["address"]["street"], to["address"]["number"],
                          to["address"]["numberAddition"]),
                         ("Fenna Testveld", "Voorbeeldlaan", "14", "bis"))
        self.assertEqual((sender["contact"]["company"], sender["address"]["postcode"]), ("Proefverzender BV", "1012AB"))
        label, = self.labels(70001)
        self.assertEqual((label["external_id"], label["waybill"], label["shipment_id"]),
                         (booked["labels"][0]["id"], booked["labels"][0]["waybill"], shipment["id"]))
        self.assertEqual(self.order(70001)["state"], "label_created")
        job, = self.history("create_shipment")
        self.assertEqual((job["outcome"], job["api"], job["http_status"], job["label_environment"],
                          job["result"]["external_id"]),
                         ("done", "boekuwzending", 201, "production", booked["id"]))

    def test_the_label_leads_to_the_mark_without_anybody_asking(self):
        worker, scheduler = self.start_worker(), self.start_scheduler()
        self.dispatch(70001)
        self.wait_until(lambda: self.marked() == 1, "the shop is told")
        worker.stop()
        scheduler.stop()
        self.assertEqual(self.simulator.patch_counts("shop1"), {"70001": 1, "70002": 0, "70003": 0})

    def test_several_orders_are_dispatched_in_the_order_given(self):
        ids = [self.order(number)["id"] for number in (70003, 70001, 70002)]
        shipments = self.backend.column("SELECT koppeling.dispatch_order(%s::bigint[], %s, label_count => 2)", ids,
                                        SERVICE)
        self.work()
        self.assertEqual([self.shipment(shipment)["order_id"] for shipment in shipments], ids)
        self.assertEqual({self.shipment(shipment)["state"] for shipment in shipments}, {"labelled"})
        self.assertEqual(sorted(len(booked["labels"]) for booked in self.booked()), [2, 2, 2])

    def test_several_orders_are_dispatched_all_or_none(self):
        ids = [self.order(70001)["id"], 4711]
        with self.assertRaisesRegex(Exception, "there is no imported order 4711"):
            self.backend.rows("SELECT koppeling.dispatch_order(%s::bigint[], %s)", ids, SERVICE)
        self.work()
        self.assertEqual((self.db.rows("SELECT * FROM koppeling.shipment"), self.booked()), ([], []))

    def test_a_shipment_of_each_environment_goes_to_its_own_service(self):
        self.book(70001, environment="staging")
        self.book(70002, environment="production")
        self.assertEqual({booked["environment"]: booked["reference"] for booked in self.booked()},
                         {"staging": "70001-1", "production": "70002-2"})
        third = self.book(70001, environment="production")
        self.assertIsNone(third["related_shipment_id"], "a shipment on staging is not related to one that counts")

    def test_an_address_that_comes_while_the_label_is_under_way_is_flagged(self):
        """The label has the address that was sent, the order the one that a poll brought since: they are compared."""
        self.simulator.fault("late_labels", "boekuwzending", ms=2500, times=1)
        self.dispatch(70001)
        worker = self.start_worker()
        self.wait_until(lambda: self.db.value("SELECT state FROM koppeling.shipment") == "created", "it is booked")
        better = {"debtor": {"address": {"delivery": {"street": "Verbeterd Pad"}}}}
        self.simulator.change("shop1", "70001", merge=better)
        self.backend.value("SELECT koppeling.poll_now(%s)", self.order(70001)["integration_id"])
        self.wait_until(lambda: self.order(70001)["state"] == "label_created", "the label is there")
        worker.stop()
        row = self.order(70001)
        self.assertEqual(row["ship_to_street"], "Verbeterd Pad")
        self.assertEqual(self.booked()[0]["request"]["shipTo"]["address"]["street"], "Voorbeeldlaan")
        self.assertIsNotNone(row["changed_after_label_at"])
        self.assertEqual(row["labelled_goods_hash"], row["goods_hash"])
        self.assertNotEqual(row["labelled_address_hash"], row["address_hash"])

    def test_labels_that_come_late_are_waited_for_without_using_attempts(self):
        self.simulator.fault("late_labels", "boekuwzending", ms=2500, times=1)
        shipment = self.dispatch(70001, label_count=2)
        self.work()
        job, = self.jobs("create_shipment")
        self.assertEqual((job["state"], job["attempt"], job["last_error_class"], job["errors"]),
                         ("queued", 0, "ok", None))
        self.assertEqual(self.shipment(shipment)["state"], "created")
        looks = 0
        while self.jobs("create_shipment"):
            self.assertEqual((self.jobs("create_shipment")[0]["attempt"], looks < 100), (0, True))
            self.hasten()
            self.work()
            looks += 1
        self.assertGreater(looks, 1)
        self.assertEqual((self.shipment(shipment)["state"], len(self.labels(70001)), len(self.booked())),
                         ("labelled", 2, 1))
        self.assertEqual(self.history("create_shipment")[0]["attempts"], 1)

    def test_a_label_that_was_cancelled_before_it_was_fetched_is_not_told_to_the_shop(self):
        self.simulator.fault("late_labels", "boekuwzending", ms=500, times=1)
        shipment = self.book(70001)
        self.simulator.cancel_labels(shipment["external_id"])
        self.retry_until_done()
        label, = self.labels(70001)
        self.assertIsNotNone(label["cancelled_at"])
        self.mark()
        self.assertEqual(self.simulator.patch_counts("shop1")["70001"], 0, "nothing was shipped with it")
        self.assertEqual(self.order(70001)["state"], "label_created")

    def test_labels_that_never_come_are_given_up_after_a_day(self):
        self.simulator.fault("late_labels", "boekuwzending", ms=100000000)
        shipment = self.book(70001)
        self.db.run("UPDATE koppeling.shipment SET created_at = now() - interval '25 hours'")
        self.hasten()
        self.work()
        failed = self.ops.row("SELECT * FROM koppeling.failed_job")
        self.assertIn("no labels after a day", failed["last_error"])
        self.assertIsNotNone(shipment["external_id"])

    def test_the_labels_can_be_fetched_where_label_pdf_says(self):
        waiting = self.dispatch(70001)
        self.assertEqual(self.backend.rows("SELECT * FROM koppeling.label_pdf(%s)", waiting), [], "not made yet")
        self.work()
        where = self.backend.row("SELECT * FROM koppeling.label_pdf(%s)", waiting)
        self.assertEqual((where["environment"], where["account_id"]), ("production", 1))
        connection = http.client.HTTPConnection("127.0.0.1", self.simulator.port, timeout=10)
        self.addCleanup(connection.close)
        form = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "secret"}
        connection.request("POST", "/boekuwzending/token", urllib.parse.urlencode(form),
                           {"Content-Type": "application/x-www-form-urlencoded"})
        token = json.loads(connection.getresponse().read())["access_token"]
        connection.request("GET", "/boekuwzending" + where["path"], headers={"Authorization": "Bearer " + token})
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.read(5)), (200, b"%PDF-"))


class RefusalTest(BookingCase):
    """What dispatch_order() refuses, and what Boekuwzending does."""

    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_numbers(70001, 70002)

    def refuse(self, words, number=70001, **what):
        with self.assertRaisesRegex(Exception, words) as refusal:
            self.dispatch(number, **what)
        self.assertEqual((self.jobs("create_shipment"), self.db.rows("SELECT * FROM koppeling.shipment")), ([], []))
        return refusal.exception

    def test_an_account_without_credentials_is_refused_by_environment(self):
        self.backend.run("UPDATE koppeling.account SET staging_client_id = NULL, staging_sealed_client_secret = NULL")
        self.assertEqual(self.refuse("account 1 has no credentials for staging", environment="staging").state, "55000")
        self.backend.run("UPDATE koppeling.account SET client_id = NULL, sealed_client_secret = NULL")
        self.refuse("account 1 has no credentials for production")

    def test_an_order_that_was_withdrawn_erased_or_disconnected_is_refused(self):
        self.simulator.change("shop1", "70001", status=5)
        self.poll_again(self.integration)
        self.tick()
        self.work()
        self.refuse("was withdrawn \\(status_changed\\)")
        self.backend.run("SELECT koppeling.erase_order(%s)", self.order(70002)["id"])
        self.refuse("the address of order \\d+ was erased", 70002)
        self.db.run("UPDATE koppeling.imported_order SET erased_at = NULL")
        self.refuse("the address of order \\d+ is incomplete", 70002)
        self.backend.run("SELECT koppeling.disconnect_shop(%s)", self.integration)
        self.refuse("is disconnected", 70002)

    def test_counts_and_formats_that_make_no_sense_are_refused(self):
        for what, name in (({"label_count": 0}, "label_count_is_sane"), ({"label_count": 101}, "label_count_is_sane"),
                           ({"label_format": "elephant"}, "label_format_is_known"),
                           ({"service": ""}, "service_is_given")):
            with self.subTest(what=what):
                self.refuse("shipment_" + name, **what)

    def test_a_shipment_that_boekuwzending_refuses_fails_with_the_reason_and_works_after_mending(self):
        self.db.run("UPDATE koppeling.imported_order SET ship_to_postcode = NULL WHERE order_number = '70001'")
        shipment = self.book(70001)
        self.assertEqual((shipment["state"], shipment["external_id"], shipment["sent_at"]), ("failed", None, None))
        self.assertIn("422", shipment["reason"])
        self.assertIn("postcode", shipment["reason"])
        failed = self.ops.row("SELECT * FROM koppeling.failed_job")
        self.assertEqual((failed["kind"], failed["error_class"], failed["http_status"], failed["attempts"],
                          failed["order_number"]),
                         ("create_shipment", "client_error", 422, 1, "70001"))
        self.assertIn("retry_job", failed["what_to_do"])
        self.assertEqual((self.order(70001)["state"], self.labels(70001)), ("open", []))
        self.db.run("UPDATE koppeling.imported_order SET ship_to_postcode = '3511ZZ' WHERE order_number = '70001'")
        self.assertTrue(self.ops.value("SELECT koppeling.retry_job(%s)", failed["id"]))
        self.work()
        mended = self.shipment(shipment["id"])
        self.assertEqual((mended["state"], mended["reason"], len(self.booked())), ("labelled", None, 1))

    def test_a_refused_shipment_that_is_cancelled_leaves_the_order_free_for_another(self):
        self.simulator.fault("status", "boekuwzending", method="POST", path_contains="/shipments", status=422, times=1)
        shipment = self.book(70001)
        job, = self.jobs("create_shipment")
        self.ops.run("SELECT koppeling.cancel_job(%s)", job["id"])
        self.assertEqual(self.shipment(shipment["id"])["state"], "failed")
        self.assertEqual(self.book(70001)["state"], "labelled")
        self.assertEqual(len(self.booked()), 1)

    def test_a_pause_that_boekuwzending_asks_for_delays_its_jobs_and_no_shop(self):
        self.simulator.fault("status", "boekuwzending", status=429, retry_after=300, times=1,
                             path_contains="/shipments")
        self.dispatch(70001)
        self.work()
        job, = self.jobs("create_shipment")
        self.assertEqual((job["state"], job["attempt"], job["last_error_class"]), ("queued", 0, "rate_limited"))
        self.poll_again(self.integration)
        self.assertEqual(self.jobs("poll"), [], "the shop did not ask for a pause")
        self.retry_until_done()
        self.assertEqual(len(self.booked()), 1)

    def test_a_shop_that_asks_for_a_pause_or_refuses_its_token_does_not_delay_its_labels(self):
        """Boekuwzending makes them, and the shop is told when it can be told again."""
        waiting = self.dispatch(70001)
        self.db.run("UPDATE koppeling.job SET run_at = now() + interval '1 second' WHERE kind = 'create_shipment'")
        self.simulator.fault("status", "shop:shop1", status=429, retry_after=900, times=1)
        self.poll_again(self.integration)
        self.assertIsNotNone(self.shop(self.integration)["blocked_until"])
        self.work()
        self.assertEqual(self.shipment(waiting)["state"], "labelled")
        self.db.run("UPDATE koppeling.integration SET blocked_until = NULL")
        self.simulator.fault("status", "shop:shop1", status=401)
        self.hasten()
        self.work()
        self.assertEqual(self.shop(self.integration)["state"], "needs_attention")
        self.assertEqual(self.book(70002)["state"], "labelled")
        self.simulator.clear_faults()
        self.ops.run("SELECT koppeling.resume_integration(%s)", self.integration)
        self.work()
        self.mark()
        self.assertEqual(self.marked(), 2)

    def test_a_paused_shop_has_its_labels_held_until_it_is_resumed(self):
        before = self.dispatch(70001)
        self.ops.run("SELECT koppeling.pause_integration(%s, 'holiday')", self.integration)
        during = self.dispatch(70002)
        self.work()
        self.assertEqual((self.bookings(), self.shipment(before)["state"], self.shipment(during)["state"]),
                         ([], "requested", "requested"))
        self.ops.run("SELECT koppeling.resume_integration(%s)", self.integration)
        self.work()
        self.assertEqual(len(self.booked()), 2)

    def test_what_an_error_echoes_of_an_address_is_not_kept(self):
        self.simulator.fault("status", "boekuwzending", method="POST", path_contains="/shipments", status=422,
                             body='{"detail": "no such street: Voorbeeldlaan 14 for Fenna Testveld"}')
        address = free_address()
        self.dispatch(70001)
        self.work(f"--metrics-address={address}", "--log-level=debug")
        kept = json.dumps([self.db.rows("SELECT * FROM koppeling.job"),
                           self.db.rows("SELECT * FROM koppeling.shipment")])
        for words in ("Voorbeeldlaan", "Fenna"):
            self.assertNotIn(words, kept)
            self.assertNotIn(words, self.logs())
