"""The panel from connecting a shop to labels on paper, as a person without JavaScript does it."""
import re
import subprocess

from harness.booking import BookingCase, SERVICE
from harness.browser import Browser
from harness.orders import order


class FlowTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.add_person("anna")
        self.panel, self.address = self.start_panel()
        self.browser = Browser(self.address)
        self.browser.sign_in("anna")

    def choose_labels(self, *numbers, **what):
        """From the list to the batch."""
        ids = [str(self.order(number)["id"]) for number in numbers]
        self.browser.get("/orders")
        self.browser.submit("/orders/label", order=ids)
        return self.browser.submit("/orders/label", order=ids, service=SERVICE, **what)

    def pages_of(self, pdf):
        return len(re.findall(rb"/Type\s*/Page\b", pdf))

    def test_a_shop_is_connected_and_its_orders_get_labels_on_paper(self):
        browser = self.browser
        self.simulator.shop("shop1")
        self.assertIn("/connect", browser.page.links)
        browser.get("/connect")
        page = browser.submit("/connect", shop_url="https://shop1.myonline.store/", token="token-shop1",
                              from_address_id="1")
        self.assertEqual(page.status, 200, page.words)
        shop = int(browser.address.rsplit("/", 1)[1])
        self.assertEqual(browser.address, f"/integrations/{shop}")
        self.assertIn('hx-trigger="every 2s"', page.text, "it follows by itself")
        self.assertIn("The details are being checked.", page.words)
        self.work()
        page = browser.get(f"/integrations/{shop}")
        self.assertIn("connected", page.words)
        self.assertNotIn("The details are being checked.", page.words, "a notice is said once")
        self.simulator.add("shop1", orders=[order(number=str(number)) for number in (70001, 70002, 70003)])
        self.poll_again(shop)
        page = browser.get("/orders")
        for number in ("70001", "70002", "70003"):
            self.assertIn(number, page.words)
        page = self.choose_labels(70001, 70002, 70003)
        self.assertRegex(browser.address, "^/batches/")
        self.assertIn("0 of 3 done, 3 under way", page.words)
        self.work()
        batch = browser.address
        page = browser.get(batch)
        self.assertIn("3 of 3 done, 0 under way", page.words)
        for layout, position, sheets in (("a6", "1", 3), ("a4", "1", 1), ("a4", "3", 2)):
            with self.subTest(layout=layout, position=position):
                browser.get(batch)
                page = browser.submit("/labels/print", layout=layout, position=position)
                where = browser.address
                self.work()
                page = browser.get(where)
                pdf = browser.get(f"{where}/pdf")
                self.assertEqual((pdf.status, pdf.headers["content-type"]), (200, "application/pdf"), page.words)
                self.assertEqual(self.pages_of(pdf.body), sheets)
                text = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf.body, stdout=subprocess.PIPE,
                                      check=True).stdout.decode().replace(" ", "")
                places = [text.find(self.labels(number)[0]["waybill"]) for number in (70001, 70002, 70003)]
                self.assertEqual((places, -1 in places), (sorted(places), False), "in the order of the list")
        page = browser.get("/labels/history")
        self.assertEqual(page.words.count("anna"), 4, "who printed, three times, and who is signed in")
        self.mark()
        page = browser.get(f"/orders/{self.order(70001)['id']}")
        self.assertIn(self.labels(70001)[0]["waybill"], page.words)
        self.assertIn("shipped", page.words)

    def test_what_is_wrong_with_a_connection_stands_at_the_field_and_the_token_is_gone(self):
        self.browser.get("/connect")
        page = self.browser.submit("/connect", shop_url="example.org", token="geheim-token", from_address_id="1")
        self.assertEqual(page.status, 422)
        self.assertIn("example.org", dict(page.form("/connect")["fields"])["shop_url"])
        self.assertIn(".myonline.store", page.words)
        self.assertNotIn("geheim-token", page.text)
        page = self.browser.submit("/connect", shop_url="shop1.myonline.store", token="", from_address_id="1")
        self.assertEqual(page.status, 422)
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.integration"), 0)
        self.assertNotIn("geheim-token", self.logs())

    def test_the_token_is_sealed_for_its_shop(self):
        self.browser.get("/connect")
        self.browser.submit("/connect", shop_url="shop1.myonline.store", token=" token-shop1\n", from_address_id="1")
        self.simulator.shop("shop1")
        self.simulator.shop("shop2")
        # On the row of another shop it is of no use.
        self.db.run("UPDATE koppeling.integration SET shop_host = 'shop2.myonline.store'")
        self.work()
        self.assertEqual(self.db.value("SELECT reason_code FROM koppeling.integration"), "token_unreadable")
        self.db.run("UPDATE koppeling.integration SET shop_host = 'shop1.myonline.store'")
        shop = self.db.value("SELECT id FROM koppeling.integration")
        self.browser.get(f"/integrations/{shop}")
        self.browser.submit(f"/integrations/{shop}/token", token="token-shop1")
        self.work()
        self.assertEqual(self.shop(shop)["state"], "active", self.shop(shop))

    def test_a_double_click_makes_no_second_label(self):
        self.connect_with_numbers(70001)
        ids = [str(self.order(70001)["id"])]
        self.browser.get("/orders")
        self.browser.submit("/orders/label", order=ids)
        form = self.browser.page.form("/orders/label")
        fields = [(name, value) for name, value in form["fields"] if name != "service"] + [("service", SERVICE)]
        first = self.browser.post("/orders/label", fields, follow=False).headers["location"]
        again = self.browser.post("/orders/label", fields, follow=False).headers["location"]
        self.assertEqual(first, again)
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.shipment"), 1)

    def test_one_that_fails_does_not_stop_the_others(self):
        self.connect_with_numbers(70001, 70002)
        self.db.run("UPDATE koppeling.imported_order SET ship_to_street = NULL, warnings = '{address_without_street}'"
                    " WHERE order_number = '70001'")
        page = self.choose_labels(70001, 70002)
        self.work()
        page = self.browser.get(self.browser.address)
        self.assertIn("1 of 2 done, 0 under way, 1 failed", page.words)
        self.assertEqual(len(self.labels(70002)), 1)

    def test_hundreds_at_once_take_longer_than_a_page_may(self):
        self.connect_with_numbers(*range(70001, 70301))
        ids = [str(id) for id in self.db.column("SELECT id FROM koppeling.imported_order ORDER BY id")]
        self.browser.get("/orders")
        self.browser.submit("/orders/label", order=ids[:1])
        # As if each statement of it took its time: more than a page may, less than this.
        self.db.run("CREATE FUNCTION koppeling.slowly() RETURNS trigger LANGUAGE plpgsql AS"
                    " 'BEGIN PERFORM pg_sleep(0.01); RETURN NULL; END';"
                    "CREATE TRIGGER slowly AFTER INSERT ON koppeling.panel_batch_order FOR EACH ROW"
                    " EXECUTE FUNCTION koppeling.slowly()")
        page = self.browser.submit("/orders/label", order=ids, service=SERVICE)
        self.assertEqual(page.status, 200, page.words)
        self.assertIn("of 300 done", page.words)
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.shipment"), 300)
        self.assertIn(self.browser.address, self.browser.get("/batches").links, "and it is found again")

    def test_a_test_label_is_never_mistaken(self):
        self.connect_with_numbers(70001)
        self.choose_labels(70001, environment="staging")
        self.work()
        for path in (self.browser.address, f"/orders/{self.order(70001)['id']}", "/orders?state=all"):
            page = self.browser.get(path)
            self.assertRegex(page.text, r'class="(staging|staging-note)"', path)

    def test_an_address_is_corrected_before_the_label(self):
        self.connect_with_numbers(70001)
        path = f"/orders/{self.order(70001)['id']}"
        self.browser.get(path)
        page = self.browser.submit(f"{path}/address", street="", name="<b>Anna</b>", city="Delft")
        self.assertEqual(page.status, 422)
        self.assertIn("&lt;b&gt;Anna&lt;/b&gt;", page.text)
        page = self.browser.submit(f"{path}/address", street="Nieuwstraat", number="7", name="Anna", city="Delft")
        self.assertEqual((page.status, self.order(70001)["ship_to_street"]), (200, "Nieuwstraat"), page.words)

    def test_prices_are_those_of_the_parcel_that_is_asked_for(self):
        self.connect_with_numbers(70001)  # 0.85 kg, which no floating point number is
        ids = [str(self.order(70001)["id"])]
        self.browser.get("/orders")
        self.browser.submit("/orders/label", order=ids)
        form = dict(self.browser.page.form("/orders/label")["fields"])
        page = self.browser.post("/orders/label/quote", form)
        here = re.search(r'hx-get="([^"]+)"', page.text).group(1).replace("&amp;", "&")
        self.work()
        page = self.browser.get(here)
        self.assertEqual(page.status, 200, "what follows by itself is an address of this page")
        self.assertIn("PostNL standaard", page.words)
        page = self.browser.get(here + "&weight_kg=3")
        self.assertNotIn("PostNL standaard", page.words, "prices of another parcel are not shown")

    def test_the_first_page_keeps_the_filter(self):
        self.connect_with_numbers(70001)
        page = self.browser.get("/orders?q=70001&state=all")
        first = next(link for link in page.links if link.startswith("/orders?") and "q=" in link)
        page = self.browser.get(first.replace("&amp;", "&"))
        self.assertEqual(page.status, 200)
        self.assertIn('value="70001"', page.text)
