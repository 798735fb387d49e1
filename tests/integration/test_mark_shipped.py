"""A label exists, so the shop is told that the order is shipped: once, and never against the shop's will."""
from harness.case import Case, free_address
from harness.orders import order


class MarkShippedTest(Case):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_orders(orders=[order(number=str(70001 + i)) for i in range(4)])

    def patches(self):
        return [request for request in self.simulator.requests("shop1") if request["method"] == "PATCH"]

    def job(self):
        """The one mark_shipped job that ended."""
        job, = self.history("mark_shipped")
        return job

    def check_marked(self, number, outcome="marked", environment="production"):
        row = self.order(number)
        self.assertEqual((row["state"], row["mark_outcome"], row["marked_label_environment"], row["shop_status"]),
                         ("marked_shipped", outcome, environment, 2), row)
        self.assertIsNotNone(row["marked_at"])
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.label WHERE told_at IS NULL"), 0)
        self.assertEqual(self.jobs("mark_shipped"), [])
        return row

    def check_not_marked(self, number, reason_code):
        row = self.order(number)
        self.assertEqual((row["state"], row["mark_outcome"], row["mark_reason_code"], row["marked_at"]),
                         ("label_created", "not_marked", reason_code, None), row)
        self.assertTrue(row["mark_reason"])
        self.assertEqual(self.patches(), [])
        self.mark()
        self.assertEqual(self.jobs("mark_shipped"), [], "it is not tried for ever")
        return row

    def test_an_order_with_a_label_is_marked_shipped_with_one_patch(self):
        self.label(self.order(70002)["id"])
        self.assertEqual(self.order(70002)["state"], "label_created")
        self.mark()
        self.check_marked(70002)
        self.assertEqual(self.simulator.patch_counts("shop1"), {"70001": 0, "70002": 1, "70003": 0, "70004": 0})
        patch, = self.patches()
        self.assertEqual((patch["path"], patch["body"]), ("/v1/orders/70002", '{"status":2}'))
        job = self.job()
        self.assertEqual((job["outcome"], job["attempts"], job["api"], job["http_status"], job["label_environment"],
                          job["shop_environment"], job["errors"]),
                         ("done", 1, "mijnwebwinkel", 200, "production", "production", None))
        self.assertEqual((job["result"]["outcome"], job["result"]["patched"]), ("marked", True))

    def test_the_shop_is_told_once_however_often_the_scheduler_looks(self):
        self.label(self.order(70001)["id"])
        for _ in range(3):
            self.tick()
        self.assertEqual(len(self.jobs("mark_shipped")), 1)
        self.work()
        self.mark()
        self.assertEqual(self.simulator.patch_counts("shop1")["70001"], 1)

    def test_the_status_is_the_one_that_the_integration_names(self):
        self.backend.run("UPDATE koppeling.integration SET shipped_status = 7")
        self.label(self.order(70001)["id"])
        self.mark()
        self.assertEqual(self.simulator.orders("shop1")["70001"]["status"], 7)

    def test_an_order_that_is_shipped_already_is_not_patched(self):
        self.simulator.change("shop1", "70001", status=2)
        self.label(self.order(70001)["id"])
        self.mark()
        self.check_marked(70001, outcome="already_shipped")
        self.assertEqual(self.patches(), [])

    def test_an_order_that_is_set_back_to_open_is_noticed_until_it_is_closed_or_marked_again(self):
        self.label(self.order(70001)["id"])
        self.mark()
        self.poll_again(self.integration)
        self.assertIsNone(self.check_marked(70001)["reopened_at"])
        self.simulator.change("shop1", "70001", status=3)
        self.poll_again(self.integration)
        row = self.order(70001)
        self.assertEqual(row["state"], "marked_shipped", "nothing happens by itself")
        self.assertIsNotNone(row["reopened_at"])
        self.poll_again(self.integration)
        self.assertEqual(self.order(70001)["reopened_at"], row["reopened_at"], "since when stays")
        self.simulator.change("shop1", "70001", status=2)
        self.poll_again(self.integration)
        self.assertIsNone(self.order(70001)["reopened_at"], "shipped again by the merchant")
        self.simulator.change("shop1", "70001", status=1)
        self.poll_again(self.integration)
        self.backend.value("SELECT koppeling.enqueue('mark_shipped', order_id => %s)", row["id"])
        self.work()
        self.poll_again(self.integration)
        self.assertIsNone(self.check_marked(70001)["reopened_at"], "marked again")
        self.assertEqual(self.simulator.patch_counts("shop1")["70001"], 2)

    def test_a_poll_that_read_the_list_before_the_mark_does_not_say_that_it_was_set_back(self):
        """Its page was made when the order was still open, and it is stored after the order was marked."""
        self.simulator.fault("latency", "shop:shop1", path_contains="/v1/orders", ms=2500, after_effect=True, times=1)
        self.simulator.change("shop1", "70001", status=1)  # the status that is asked for first
        self.backend.value("SELECT koppeling.poll_now(%s)", self.integration)
        worker = self.start_worker()
        self.wait_until(lambda: [job for job in self.jobs("poll") if job["state"] == "running"], "the list is read")
        self.label(self.order(70001)["id"])
        self.tick()
        self.wait_until(lambda: self.order(70001)["state"] == "marked_shipped", "it is marked")
        self.wait_until(lambda: self.jobs("poll") == [], "the poll ends")
        worker.stop()
        self.assertIsNone(self.order(70001)["reopened_at"])

    def test_an_address_that_was_corrected_since_the_last_poll_is_noticed_when_the_order_is_marked(self):
        """No poll comes between the correction and the mark: it is the order as it is read before the PATCH that
        tells."""
        first, second = self.order_ids()[:2]
        number = self.db.value("SELECT order_number FROM koppeling.imported_order WHERE id = %s", first)
        self.simulator.change("shop1", number, merge={"debtor": {"address": {"delivery": {"street": "Verbeterd Pad"}}}})
        self.label(first)
        self.label(second)
        self.mark()
        rows = {row["id"]: row for row in self.db.rows("SELECT * FROM koppeling.imported_order")}
        self.assertEqual({rows[first]["state"], rows[second]["state"]}, {"marked_shipped"})
        self.assertIsNotNone(rows[first]["changed_after_label_at"])
        self.assertIsNone(rows[second]["changed_after_label_at"])

    def test_an_order_that_was_cancelled_in_between_is_not_overwritten(self):
        self.label(self.order(70001)["id"])
        self.simulator.change("shop1", "70001", status=5)
        self.mark()
        row = self.check_not_marked(70001, "status_changed")
        self.assertIn("5", row["mark_reason"])
        self.assertEqual(row["shop_status"], 5)
        self.assertEqual(self.job()["result"]["outcome"], "not_marked")

    def test_an_order_that_was_credited_in_between_is_not_overwritten(self):
        self.label(self.order(70001)["id"])
        self.simulator.change("shop1", "70001", credit_order_numbers=[80001])
        self.mark()
        self.check_not_marked(70001, "credited")

    def test_an_order_that_was_partly_credited_before_its_import_is_marked(self):
        number, = self.simulator.add("shop1", generate=1, kind="partly_credited", status=3)
        self.poll_again(self.integration)
        self.label(self.order(number)["id"])
        self.mark()
        self.check_marked(number)

    def test_an_order_that_the_shop_deleted_is_recorded_as_not_found(self):
        self.label(self.order(70001)["id"])
        self.simulator.delete("shop1", "70001")
        self.mark()
        self.check_not_marked(70001, "not_found")

    def test_another_order_under_the_same_number_is_not_touched(self):
        self.label(self.order(70001)["id"])
        self.simulator.delete("shop1", "70001")
        self.simulator.add("shop1", order=order(number="70001"))
        self.mark()
        self.check_not_marked(70001, "other_order")

    def test_an_order_that_was_not_marked_can_be_marked_after_the_cause_is_mended(self):
        self.label(self.order(70001)["id"])
        self.simulator.change("shop1", "70001", status=5)
        self.mark()
        self.simulator.change("shop1", "70001", status=3)
        self.backend.value("SELECT koppeling.enqueue('mark_shipped', order_id => %s)", self.order(70001)["id"])
        self.work()
        self.check_marked(70001)

    def test_a_patch_whose_answer_is_lost_is_repeated_harmlessly(self):
        for fault, number in (("reset", 70001), ("close", 70002)):
            with self.subTest(fault=fault):
                self.simulator.fault(fault, "shop:shop1", method="PATCH", times=2, after_effect=True)
                self.label(self.order(number)["id"])
                self.mark()
                self.check_marked(number, outcome="already_shipped")
                job = self.history("mark_shipped")[-1]
                self.assertEqual((job["attempts"], job["errors"][0]["class"]), (2, "network"))
                # libcurl itself repeats a request once when a kept connection turns out to be dead.
                self.assertIn(self.simulator.patch_counts("shop1")[str(number)], (1, 2))
                self.assertEqual({patch["body"] for patch in self.patches()}, {'{"status":2}'})

    def test_a_late_answer_to_the_patch_is_made_up_for_without_a_second_patch(self):
        self.simulator.fault("stall", "shop:shop1", method="PATCH", times=1, after_effect=True)
        self.label(self.order(70001)["id"])
        self.tick()
        self.work("--request-timeout-seconds=1")
        self.check_marked(70001, outcome="already_shipped")
        self.assertEqual(self.simulator.patch_counts("shop1")["70001"], 1)

    def test_a_patch_that_did_not_take_effect_is_repeated(self):
        self.simulator.fault("reset", "shop:shop1", method="PATCH", times=2)
        self.label(self.order(70001)["id"])
        self.mark()
        self.check_marked(70001)
        self.assertEqual(self.simulator.patch_counts("shop1")["70001"], 1)

    def test_a_patch_that_is_answered_with_another_status_is_not_believed(self):
        self.simulator.fault("status", "shop:shop1", method="PATCH", times=1, status=200, body='{"status": 2}')
        self.label(self.order(70001)["id"])
        self.mark()
        self.check_marked(70001)
        self.assertEqual(self.simulator.patch_counts("shop1")["70001"], 1)
        self.assertEqual(self.job()["errors"][0]["class"], "unreadable")

    def test_a_patch_that_the_shop_refuses_waits_for_a_person_and_can_be_retried(self):
        self.simulator.fault("status", "shop:shop1", method="PATCH", times=1, status=422)
        self.label(self.order(70001)["id"])
        self.mark()
        failed = self.db.row("SELECT * FROM koppeling.failed_job")
        self.assertEqual((failed["kind"], failed["order_number"], failed["error_class"], failed["http_status"],
                          failed["attempts"]),
                         ("mark_shipped", "70001", "client_error", 422, 1))
        self.assertEqual(self.order(70001)["state"], "label_created", "the label stays valid")
        self.ops.run("SELECT koppeling.retry_job(%s)", failed["id"])
        self.work()
        self.check_marked(70001)

    def test_the_waybill_is_appended_to_the_internal_comment_when_the_shop_wants_it(self):
        self.backend.run("UPDATE koppeling.integration SET tracking_in_comment = true")
        self.simulator.change("shop1", "70001", merge={"comments": {"internal": "Let op: breekbaar"}})
        self.label(self.order(70001)["id"], waybill="3SWAYBILL")
        self.mark()
        self.check_marked(70001)
        shop_order = self.simulator.control("PATCH", "/shops/shop1/orders/70001", {})
        self.assertEqual(shop_order["comments"]["internal"].splitlines(),
                         ["Let op: breekbaar", "Boekuwzending: 3SWAYBILL"])


class StagingTest(Case):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_orders(orders=[order(number="70001"), order(number="70002")])

    def test_a_staging_label_marks_the_order_in_the_production_shop_and_is_listed(self):
        self.label(self.order(70001)["id"], environment="staging")
        self.label(self.order(70002)["id"], environment="production")
        self.mark()
        self.assertEqual(self.simulator.patch_counts("shop1"), {"70001": 1, "70002": 1})
        self.assertEqual([(row["order_number"], row["label_environment"], row["shop_environment"],
                           row["has_usable_label"])
                          for row in self.db.rows("SELECT * FROM koppeling.staging_marked_order")],
                         [("70001", "staging", "production", False)])
        flags = {job["order_id"]: (job["label_environment"], job["shop_environment"])
                 for job in self.history("mark_shipped")}
        self.assertEqual(flags, {self.order(70001)["id"]: ("staging", "production"),
                                 self.order(70002)["id"]: ("production", "production")})

    def test_a_staging_label_is_never_usable_with_a_distributor(self):
        self.label(self.order(70001)["id"], environment="staging")
        self.label(self.order(70002)["id"], environment="production")
        usable = {row["environment"]: row["usable_with_distributor"]
                  for row in self.db.rows("SELECT * FROM koppeling.label")}
        self.assertEqual(usable, {"staging": False, "production": True})

    def test_the_crossing_is_counted_in_the_metrics(self):
        address = free_address()
        self.start_worker(f"--metrics-address={address}")
        self.assertEqual(self.metric(address, "koppeling_staging_marks_total"), 0)
        self.label(self.order(70001)["id"], environment="staging")
        self.label(self.order(70002)["id"])
        self.tick()
        self.wait_until(lambda: len(self.history("mark_shipped")) == 2, "both are marked")
        self.wait_until(lambda: self.metric(address, "koppeling_staging_marks_total") == 1, "the crossing is counted")

    def test_a_production_label_after_a_staging_one_is_shown_and_changes_nothing_in_the_shop(self):
        self.label(self.order(70001)["id"], external_id="s-1", environment="staging")
        self.mark()
        self.label(self.order(70001)["id"], external_id="p-1", environment="production")
        self.mark()
        row = self.db.row("SELECT * FROM koppeling.staging_marked_order")
        self.assertEqual((row["order_number"], row["has_usable_label"]), ("70001", True))
        self.assertEqual(self.simulator.patch_counts("shop1")["70001"], 1)

    def test_a_shop_may_refuse_to_be_told_of_staging_labels(self):
        self.backend.run("UPDATE koppeling.integration SET mark_on_staging = false")
        self.label(self.order(70001)["id"], environment="staging")
        self.mark()
        row = self.order(70001)
        self.assertEqual((row["state"], row["mark_outcome"], row["mark_reason_code"]),
                         ("label_created", "not_marked", "staging_label"))
        self.assertEqual(self.simulator.patch_counts("shop1"), {"70001": 0, "70002": 0})


class LabelTest(Case):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_orders(orders=[order(number="70001"), order(number="70002")])
        self.first, self.second = self.order(70001)["id"], self.order(70002)["id"]

    def test_recording_a_label_twice_gives_the_same_label_and_one_patch(self):
        label = self.label(self.first, "L-1")
        self.assertEqual(self.label(self.first, "L-1"), label)
        self.mark()
        self.assertEqual(self.label(self.first, "L-1"), label)
        self.mark()
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.label"), 1)
        self.assertEqual((self.simulator.patch_counts("shop1")["70001"], len(self.history("mark_shipped"))), (1, 1))

    def test_several_labels_at_once_are_one_patch(self):
        for name in ("L-1", "L-2", "L-3"):
            self.label(self.first, name)
        self.mark()
        self.assertEqual((self.simulator.patch_counts("shop1")["70001"], len(self.history("mark_shipped"))), (1, 1))
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.label WHERE told_at IS NOT NULL"), 3)

    def test_a_label_that_comes_while_the_shop_is_being_told_is_told_as_well(self):
        self.simulator.settings(latency_ms=400)
        worker = self.start_worker()
        self.label(self.first, "L-1")
        self.tick()
        self.wait_until(lambda: self.simulator.requests("shop1", path_contains="/v1/orders/70001"), "the order is read")
        self.label(self.first, "L-2")
        self.wait_until(lambda: self.history("mark_shipped"), "the first label is told")
        self.tick()
        self.wait_until(lambda: len(self.history("mark_shipped")) == 2, "the second label is told")
        worker.stop()
        self.assertEqual(self.simulator.patch_counts("shop1")["70001"], 1)
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.label WHERE told_at IS NULL"), 0)

    def test_a_later_label_is_told_without_a_second_patch(self):
        self.label(self.first, "L-1")
        self.mark()
        self.label(self.first, "L-2")
        self.mark()
        self.assertEqual(len(self.history("mark_shipped")), 2)
        self.assertEqual(self.history("mark_shipped")[1]["result"]["outcome"], "already_shipped")
        self.assertEqual(self.simulator.patch_counts("shop1")["70001"], 1)

    def test_the_same_label_cannot_belong_to_two_orders(self):
        self.label(self.first, "L-1")
        with self.assertRaisesRegex(Exception, "belongs to order"):
            self.label(self.second, "L-1")
        self.assertEqual(self.order(70002)["state"], "open")

    def test_a_label_for_an_order_that_does_not_exist_is_refused(self):
        with self.assertRaisesRegex(Exception, "there is no imported order"):
            self.label(999)

    def test_a_label_keeps_its_environment_and_links(self):
        self.label(self.first, "L-1", environment="staging", waybill="3SABC")
        row = self.db.row("SELECT * FROM koppeling.label")
        self.assertEqual((row["environment"], row["waybill"], row["track_and_trace_link"], row["order_id"]),
                         ("staging", "3SABC", "https://volg.example/3SPROEF1", self.first))
