"""Connecting a shop as a merchant does it: the fields, what may be wrong with each, and what comes after."""
from case import BrowserCase


class ConnectTest(BrowserCase):
    def setUp(self):
        super().setUp()
        self.simulator.shop("shop1")
        self.person.sign_in("anna")

    def send(self, url="shop1.myonline.store", token="token-shop1"):
        self.person.fill("Shop-URL", url)
        self.person.fill("API-token", token)
        self.person.click("Koppelen")

    def test_a_shop_is_connected_and_its_orders_come_by_themselves(self):
        self.start_daemons()
        self.simulator.add("shop1", generate=3)
        person = self.person
        person.click("Integratie starten")
        person.open_details("Waar vind ik het token?")
        for menu in ("Nieuw menu: Instellingen > Add-ons & Modules > API", "Oud menu: Instellingen > API"):
            self.assertIn(menu, person.words)
        self.send(url="https://shop1.myonline.store/")
        self.assertRegex(person.path, r"^/integrations/\d+$")
        self.assertIn("De gegevens worden gecontroleerd.", person.words)
        person.see(self.words_of("notice_no_mail"))
        for notice in ("notice_test_orders", "notice_staging"):
            self.assertIn(self.words_of(notice), person.words)
        self.assertNotIn("token-shop1", person.driver.page_source)
        self.wait_until(lambda: self.db.value("SELECT count(*) FROM koppeling.imported_order") == 3, "orders come")
        person.click("Bestellingen", "main")
        for number in self.db.column("SELECT order_number FROM koppeling.imported_order"):
            person.see(number)
        self.check_no_complaints()

    def words_of(self, code):
        return self.db.value("SELECT nl FROM koppeling.message WHERE code = %s", code)

    def test_what_is_wrong_stands_at_its_field_and_the_rest_is_kept(self):
        person = self.person
        person.open("/connect")
        self.send(url="https://www.example.org/winkel")
        self.assertIn(".myonline.store", person.error_of("Shop-URL"))
        self.assertEqual(person.field("Shop-URL").get_property("value"), "https://www.example.org/winkel")
        self.assertEqual(person.field("API-token").get_property("value"), "", "a token is not kept")
        self.assertEqual(person.field("Shop-URL").get_dom_attribute("aria-invalid"), "true")
        self.assertIsNone(person.field("API-token").get_dom_attribute("aria-invalid"))
        self.send(token=" ")
        self.assertTrue(person.error_of("API-token"))
        self.assertEqual(person.error_of("Shop-URL"), "")
        person.choose("Standaard afzender", "Een nieuw afzenderadres")
        self.send()
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.integration"), 0)
        wrong = [label.text for label in person.find_all("fieldset label")
                 if label.is_displayed() and person.error_of(label.text)]
        self.assertEqual(wrong, ["Naam", "Straat", "Nummer", "Postcode", "Plaats", "Land"])

    def test_the_browser_itself_asks_for_what_is_missing(self):
        person = self.person
        person.open("/connect")
        person.button("Koppelen").click()
        self.assertEqual(person.path, "/connect")
        self.assertIn("shop_url", person.driver.execute_script(
            "return [...document.querySelectorAll(':invalid')].map(e => e.name)"))

    def test_a_sender_is_typed_on_the_same_page(self):
        person = self.person
        person.open("/connect")
        person.choose("Standaard afzender", "Een nieuw afzenderadres")
        person.open_details("Een nieuw afzenderadres")
        for label, words in (("Bedrijf", "Theehuis Voorbeeld"), ("Straat", "Modelstraat"), ("Nummer", "12"),
                             ("Postcode", "1017AA"), ("Plaats", "Amsterdam"), ("Land", "nl")):
            person.fill(label, words)
        self.send()
        self.assertRegex(person.path, r"^/integrations/\d+$")
        person.see("Theehuis Voorbeeld, Modelstraat 12, 1017AA Amsterdam, NL")

    def test_a_token_that_the_shop_refuses_is_told_and_replaced(self):
        self.start_daemons()
        person = self.person
        person.open("/connect")
        self.send(token="een-verkeerd-token")
        self.wait_until(lambda: self.db.value("SELECT state FROM koppeling.integration") == "rejected", "it is refused")
        person.see(self.db.value("SELECT reason FROM koppeling.integration"))
        self.assertNotIn("een-verkeerd-token", person.driver.page_source)
        person.fill("API-token", "token-shop1")
        person.click("Token vervangen")
        person.see(self.words_of("notice_no_mail"))

    def test_a_shop_is_paused_resumed_polled_and_disconnected(self):
        self.start_daemons()
        person = self.person
        person.open("/connect")
        self.send()
        person.see(self.words_of("notice_no_mail"))
        person.click("Pauzeren")
        person.see("De winkel is gepauzeerd.")
        self.assertEqual(self.db.value("SELECT state FROM koppeling.integration"), "paused")
        person.click("Hervatten")
        person.see("De winkel gaat verder.")
        number = self.simulator.add("shop1", generate=1)[0]
        person.click("Nu ophalen")
        person.see("De bestellingen worden opgehaald.")
        self.wait_until(lambda: self.imported(1) == [str(number)], "the order comes")
        person.open_details("Ik wil deze winkel ontkoppelen")
        person.click("Ontkoppelen", "details")
        person.see("De winkel is ontkoppeld.")
        self.assertEqual(self.db.value("SELECT state FROM koppeling.integration"), "disconnected")
        person.see("anna · ontkoppeld")
        self.check_no_complaints()
