"""The panel and labels for many orders at once: they are asked for together, and still each has a fate of its own."""
from harness.booking import BookingCase, SERVICE
from harness.browser import Browser


class ManyTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.add_person("anna")
        self.panel, self.address = self.start_panel()
        self.connect_with_numbers(*range(70001, 70007))
        self.ids = {number: self.order(number)["id"] for number in range(70001, 70007)}
        self.browser = Browser(self.address)
        self.browser.sign_in("anna")

    def ask(self, service=SERVICE):
        """Labels for all of them; returns the reasons by number of those that got none, and the page of the batch."""
        ids = [str(id) for id in self.ids.values()]
        self.browser.get("/orders/label?order=" + "&order=".join(ids))
        page = self.browser.submit("/orders/label", order=ids, service=service)
        self.assertEqual(page.status, 200, page.words)
        rows = self.db.rows("SELECT o.order_number, b.shipment_id, b.problem_en, b.problem_nl, b.place"
                            " FROM koppeling.panel_batch_order b"
                            " JOIN koppeling.imported_order o ON o.id = b.order_id ORDER BY b.place")
        self.assertEqual([row["order_number"] for row in rows], [str(number) for number in self.ids], "in their order")
        for row in rows:
            self.assertEqual(row["problem_en"] is None, row["problem_nl"] is None)
        jobs = self.db.value("SELECT count(*) FROM koppeling.job j JOIN koppeling.shipment s ON s.id = j.shipment_id"
                             " WHERE j.kind = 'create_shipment' AND s.order_id = j.order_id AND j.integration_id = 1")
        self.assertEqual(jobs, sum(row["shipment_id"] is not None for row in rows))
        return {int(row["order_number"]): row["problem_en"] for row in rows if row["shipment_id"] is None}, page

    def test_each_that_cannot_has_its_reason_and_the_others_go_on(self):
        self.db.run("UPDATE koppeling.imported_order SET ship_to_street = NULL, warnings = '{address_without_street}'"
                    " WHERE id = %s", self.ids[70001])
        self.db.run("UPDATE koppeling.imported_order SET state = 'withdrawn', withdrawn_at = now(),"
                    " withdrawn_reason = 'gone' WHERE id = %s", self.ids[70002])
        self.db.run("INSERT INTO koppeling.quote (order_id, environment, service, asked, job_id)"
                    " VALUES (%s, 'production', 'other', '[]', 1)", self.ids[70003])
        self.label(self.ids[70004])
        reasons, page = self.ask()
        self.assertEqual(sorted(reasons), [70001, 70002, 70003, 70004])
        self.assertIn("incomplete", reasons[70001])
        self.assertIn("withdrawn", reasons[70002])
        self.assertIn(SERVICE, reasons[70003])
        self.assertIn("label", reasons[70004])
        self.assertEqual(len(set(reasons.values())), 4)
        for reason in reasons.values():
            self.assertIn(reason, page.words)
        self.work()
        self.assertIn("2 of 6 done, 0 under way, 4 failed", self.browser.get(self.browser.address).words)
        self.assertEqual(len(self.booked()), 2)

    def test_without_a_service_that_of_each_shop_is_taken(self):
        self.db.run("UPDATE koppeling.integration SET default_service = %s", SERVICE)
        reasons, _ = self.ask(service="")
        self.assertEqual(reasons, {})
        self.assertEqual(self.db.column("SELECT DISTINCT service FROM koppeling.shipment"), [SERVICE])
        self.assertEqual(self.db.column("SELECT request_key FROM koppeling.shipment ORDER BY order_id"),
                         [f"panel-1/{id}" for id in sorted(self.ids.values())])

    def test_without_any_service_none_is_asked_for(self):
        ids = [str(id) for id in self.ids.values()]
        self.browser.get("/orders/label?order=" + "&order=".join(ids))
        page = self.browser.submit("/orders/label", order=ids, service="")
        self.assertEqual(page.status, 422, "a batch in which nothing is asked for helps nobody")
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.panel_batch"), 0)

    def test_one_that_somebody_holds_stops_no_other(self):
        holder = self.session()
        holder.run("BEGIN")
        holder.run("UPDATE koppeling.imported_order SET reference = 'x' WHERE id = %s", self.ids[70003])
        reasons, _ = self.ask()
        holder.run("ROLLBACK")
        self.assertEqual(list(reasons), [70003])
        self.assertIn("in use", reasons[70003])

    def test_one_that_is_being_erased_stops_no_other(self):
        self.db.run("UPDATE koppeling.imported_order SET state = 'withdrawn', withdrawn_reason = 'gone',"
                    " withdrawn_at = now() - interval '1 year', changed_at = now() - interval '1 year' WHERE id = %s",
                    self.ids[70003])
        holder = self.session()
        holder.run("BEGIN")
        self.assertEqual(holder.value("SELECT koppeling.erase_by_age()"), 1)
        reasons, _ = self.ask()
        holder.run("ROLLBACK")
        self.assertEqual(list(reasons), [70003])

    def test_one_that_the_database_refuses_stops_no_other(self):
        self.db.run("CREATE FUNCTION koppeling.refuse() RETURNS trigger LANGUAGE plpgsql AS"
                    " $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;"
                    f"CREATE TRIGGER refuse BEFORE INSERT ON koppeling.shipment FOR EACH ROW"
                    f" WHEN (NEW.order_id = {self.ids[70005]}) EXECUTE FUNCTION koppeling.refuse()")
        reasons, _ = self.ask()
        self.assertEqual(list(reasons), [70005])
        self.assertIn("not this one", reasons[70005])
        self.work()
        self.assertEqual(len(self.booked()), 5)
