"""A label is made once for an order, whatever a browser sends again, unless somebody says that it is to be another."""
import json
import re
import threading

from harness.booking import BookingCase, SERVICE
from harness.browser import Browser


class AgainTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.connect_with_numbers(70001, 70002, 70003)
        self.add_person("anna")
        self.panel, self.address = self.start_panel()
        self.browser = Browser(self.address)
        self.browser.sign_in("anna")

    def ids(self, *numbers):
        return [str(self.order(number)["id"]) for number in numbers]

    def choose(self, *numbers):
        """The page that Back leads to: asked for anew, it has a key of its own."""
        return self.browser.get("/orders/label?" + "&".join(f"order={id}" for id in self.ids(*numbers)))

    def make(self, **what):
        return self.browser.submit("/orders/label", service=SERVICE, **what)

    def shipments(self):
        return self.db.value("SELECT count(*) FROM koppeling.shipment")

    def again(self):
        """What the box of the page says when it is ticked."""
        return re.search(r'name="again" value="(\d+)"', self.browser.page.text).group(1)

    def test_back_and_send_again_makes_no_second_label(self):
        self.choose(70001, 70002)
        first = dict(self.browser.page.form("/orders/label")["fields"])["once"]
        self.make()
        self.assertRegex(self.browser.address, "^/batches/")
        self.work()
        page = self.choose(70001, 70002)
        self.assertNotEqual(dict(page.form("/orders/label")["fields"])["once"], first)
        self.assertIn("has a label already", page.words)
        page = self.make()
        self.assertEqual((page.status, self.shipments()), (409, 2), page.words)
        self.assertIn("Nothing was asked for", page.words)
        self.assertNotIn("checked", re.search(r'<input[^>]*name="again"[^>]*>', page.text).group(0))
        page = self.make()  # the form of that page
        self.assertEqual((page.status, self.shipments(), len(self.booked())), (409, 2, 2), page.words)

    def test_the_page_that_was_kept_is_no_way_either(self):
        page = self.choose(70001)
        self.make()
        self.work()
        self.browser.page = page  # with its old key: what it got before
        page = self.make()
        self.assertEqual((page.status, self.shipments()), (200, 1), page.words)
        self.assertRegex(self.browser.address, "^/batches/")

    def test_another_label_is_made_when_that_is_said_and_once(self):
        self.choose(70001)
        self.make()
        self.work()
        self.choose(70001)
        again = self.again()
        page = self.make(again=again)
        self.assertEqual((page.status, self.shipments()), (200, 2), page.words)
        self.choose(70001)
        page = self.make(again=again)  # Back, with the tick that the browser kept
        self.assertEqual((page.status, self.shipments()), (409, 2), page.words)
        self.assertGreater(int(self.again()), int(again))
        page = self.make(again=self.again())
        self.assertEqual((page.status, self.shipments()), (200, 3), page.words)

    def test_who_has_none_yet_gets_one_and_the_others_say_why_not(self):
        self.choose(70001)
        self.make()
        self.work()
        page = self.choose(70001, 70002)
        self.assertIn("1 of the chosen orders have a label already", page.words)
        page = self.make()
        self.assertEqual((page.status, self.shipments()), (200, 2), page.words)
        self.assertIn("A label was asked for or made for this order already.", page.words)
        self.work()
        self.assertEqual([len(self.labels(number)) for number in (70001, 70002)], [1, 1])

    def test_a_label_that_failed_or_was_made_elsewhere(self):
        self.label(self.order(70001)["id"], "label-1", waybill="3SPROEF1")
        self.choose(70001)
        self.assertEqual(self.make().status, 409, "a label of another program is one")
        self.assertEqual(self.make(again=self.again()).status, 200)
        self.choose(70002)
        self.make()
        self.db.run("UPDATE koppeling.job SET state = 'failed', last_error_class = 'client_error', last_error = 'x'"
                    " WHERE kind = 'create_shipment' AND order_id = %s", self.order(70002)["id"])
        page = self.choose(70002)
        self.assertNotIn("has a label already", page.words)
        self.assertEqual(self.make().status, 200, "of what failed there is no label")

    def test_two_people_at_the_same_moment_make_one(self):
        self.add_person("bert")
        browsers = [self.browser, Browser(self.address)]
        browsers[1].sign_in("bert")
        for browser in browsers:
            browser.get(f"/orders/label?order={self.ids(70001)[0]}")
        # Whoever comes first waits with the order in hand, until the other waits for it.
        self.db.run("CREATE FUNCTION koppeling.slowly() RETURNS trigger LANGUAGE plpgsql AS"
                    " 'BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END';"
                    "CREATE TRIGGER slowly AFTER INSERT ON koppeling.shipment FOR EACH ROW"
                    " EXECUTE FUNCTION koppeling.slowly()")
        threads = [threading.Thread(target=browser.submit, args=("/orders/label",), kwargs={"service": SERVICE})
                   for browser in browsers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.shipments(), 1)
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.panel_batch_order WHERE problem_en IS NOT NULL"),
                         self.db.value("SELECT count(*) - 1 FROM koppeling.panel_batch"))

    def test_a_program_says_it_with_a_field(self):
        self.browser.get("/me")
        page = self.browser.submit("/me/tokens", name="backend", role="merchant")
        token = re.search(r"kpl_[A-Za-z0-9_-]{43}", page.text).group(0)
        program = Browser(self.address, Authorization=f"Bearer {token}", Accept="application/json")

        def dispatch(key, **what):
            return program.ask("POST", "/orders/label", json.dumps({"order": self.ids(70001), "service": SERVICE,
                                                                    **what}),
                               **{"Content-Type": "application/json", "Idempotency-Key": key})
        for bad in ("x" * 250, "request-\xe9", ""):
            self.assertEqual(dispatch(bad).status, 400, "a key that is none protects nobody")
        self.assertEqual(self.shipments(), 0)
        first = dispatch("request-1")
        self.assertEqual(first.status, 200, first.text)
        self.assertEqual(dispatch("request-1").json, first.json)
        page = dispatch("request-2")
        self.assertEqual((page.status, page.headers["content-type"]), (409, "application/problem+json; charset=utf-8"))
        self.assertIn("Nothing was asked for", page.json["detail"])
        choice = program.get(f"/orders/label?order={self.ids(70001)[0]}").json
        self.assertEqual((choice["labelled"], choice["orders"][0]["has_label"]), (1, True))
        self.assertEqual(dispatch("request-3", again=choice["again"]).status, 200)
        self.assertEqual(self.shipments(), 2)
