"""What `make chaos` has found, each as a case of its own."""
from harness.case import Case


class BrokenAnswerTest(Case):
    def test_an_order_whose_numbers_came_as_objects_is_not_noted_as_a_credit(self):
        """`{"credited_order_number": {"value": 0}}` in the list made an imported order also a skipped one, and for good
        when it was marked before the next poll."""
        integration = self.connect_with_orders(generate=12)
        self.simulator.fault("wrong_types", "shop:shop1", variant="items", method="GET", path_contains="/v1/orders")
        self.poll_again(integration)
        self.assertEqual(len(self.imported(integration)), 12)
        self.assertEqual(set(self.skipped(integration)) & set(self.imported(integration)), set())
        self.simulator.add("shop1", generate=12)
        self.poll_again(integration)
        self.assertEqual(set(self.skipped(integration).values()), {"unreadable"})
        self.simulator.clear_faults()
        self.poll_again(integration)
        self.assertEqual(len(self.imported(integration)), 24)
        self.assertEqual(set(self.skipped(integration)) & set(self.imported(integration)), set())

    def test_an_order_that_was_partly_credited_before_is_marked_however_its_credits_came(self):
        """They were dropped when they came as objects, and later taken for new ones: the shop was never told of the
        label."""
        self.simulator.shop("shop1")
        self.simulator.add("shop1", generate=3, kind="partly_credited")
        integration = self.connect("shop1")
        self.simulator.fault("wrong_types", "shop:shop1", variant="items", method="GET", path_contains="/v1/orders")
        self.poll()
        self.simulator.clear_faults()
        self.poll_again(integration)
        self.label_all()
        self.mark()
        self.assertEqual((self.marked(), self.jobs()), (3, []))

    def test_an_order_whose_numbers_came_as_objects_is_not_withdrawn(self):
        integration = self.connect_with_orders(generate=3)
        self.db.run("UPDATE koppeling.imported_order SET missing_since = now() - interval '1 hour'")
        self.simulator.fault("wrong_types", "shop:shop1", method="GET", path_contains="/v1/orders/", times=3)
        self.tick()
        self.work()
        self.assertEqual(len(self.history("confirm_order")), 3)
        self.assertEqual(self.db.column("SELECT DISTINCT state FROM koppeling.imported_order WHERE integration_id = %s",
                                        integration),
                         ["open"])

    def test_an_order_whose_numbers_came_as_objects_is_read_again_and_marked(self):
        """`{"credited_order_number": {"value": 0}}` was once taken for a credit, and the shop was never told."""
        self.connect_with_orders(generate=12)
        self.label_all()
        self.simulator.fault("wrong_types", "shop:shop1", method="GET", path_contains="/v1/orders/", times=12)
        self.mark()
        self.assertEqual((self.marked(), self.jobs()), (12, []))
        self.assertEqual({error["class"] for job in self.history("mark_shipped") for error in job["errors"] or []},
                         {"unreadable"})
        self.assertEqual({order["status"] for order in self.simulator.orders("shop1").values()}, {2})


class PartitionTest(Case):
    def test_a_job_that_ends_while_its_partition_is_made_is_done(self):
        """It had found the net, which by then took no rows of that day any more, and its outcome was refused for
        good."""
        self.db.run("DO $$ BEGIN EXECUTE format('DROP TABLE IF EXISTS koppeling.job_history_%s',"
                    " to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')); END $$")
        self.start_worker()
        maker = self.session()
        maker.run("BEGIN; SELECT koppeling.maintain_history()")
        self.backend.value("SELECT koppeling.ping(5)")
        self.wait_until(lambda: self.db.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation IN"
                                              " ('koppeling.job_history'::regclass, "
                                              "'koppeling.job_history_default'::regclass)"),
                        "a worker waits for the partition")
        maker.run("COMMIT")
        self.wait_until(lambda: not any(job["state"] != "failed" for job in self.jobs("ping")), "the jobs are over")
        self.assertEqual((self.jobs("ping"), len(self.history("ping"))), ([], 5))
        self.assertEqual([job["errors"] for job in self.history("ping") if job["errors"]], [])
