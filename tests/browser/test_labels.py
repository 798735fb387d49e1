"""From orders in a list to labels on paper."""
import re
import subprocess

from selenium.webdriver.common.by import By

from case import BrowserCase


class LabelsTest(BrowserCase):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_people(70001, 70002, 70003, 70004, 70005)
        self.person.sign_in("anna")

    def choose(self, *numbers):
        self.person.open("/orders")
        for number in numbers:
            self.person.tick(number)
        self.person.click("Label aanmaken", "main")

    def ask_prices(self):
        """The prices come by themselves; the cheapest is chosen."""
        self.person.click("Prijzen opvragen")
        self.wait_until(lambda: self.person.find_all("input[name=service]"), "prices come")

    def choose_service(self, service="PostNL standaard"):
        next(label for label in self.person.find_all("label") if label.text.startswith(service)).click()

    def shipments(self):
        return self.db.value("SELECT count(*) FROM koppeling.shipment")

    def test_chosen_orders_get_labels_and_come_out_on_paper(self):
        self.start_daemons()
        person = self.person
        self.choose(70001, 70002, 70003, 70004, 70005)
        self.ask_prices()
        self.choose_service()
        person.click("Label aanmaken", "main")
        self.assertRegex(person.path, r"^/batches/\d+$")
        person.see("5 van 5 klaar, 0 bezig, 0 niet gelukt.", seconds=60)
        batch = person.path
        self.assertEqual(self.shipments(), 5)
        person.choose("Papier", "A4, vier labels per vel")
        person.choose("Eerste plek op het A4-vel", "3 ↙")
        person.click("Printen wat klaar is")
        person.see("PDF openen")
        self.check_pdf(person.button("PDF openen").get_dom_attribute("href"), sheets=2)
        person.open("/labels/history")
        self.assertIn("anna", person.words)
        person.open(batch)
        person.click("70001")
        self.assertIn(self.labels(70001)[0]["waybill"], person.words)
        self.wait_until(lambda: self.order(70001)["state"] == "marked_shipped", "the shop is told")
        person.reload()
        person.see("In de winkel op verzonden gezet")
        self.check_no_complaints()

    def check_pdf(self, path, sheets):
        pdf = self.fetched(path)
        self.assertEqual((pdf.status, pdf.headers["content-type"], pdf.body[:4]), (200, "application/pdf", b"%PDF"))
        told = subprocess.run(["pdfinfo", "-"], input=pdf.body, stdout=subprocess.PIPE, check=True).stdout.decode()
        self.assertEqual(re.search(r"Pages:\s+(\d+)", told).group(1), str(sheets), told)
        self.assertIn("(A4)", told)

    def test_no_label_is_asked_for_before_a_service_is_chosen(self):
        person = self.person
        self.choose(70001, 70002)
        self.assertIn("Vraag eerst de prijzen op", person.words)
        with self.assertRaises(AssertionError):
            person.button("Label aanmaken", "main")
        self.ask_prices_now()
        person.button("Label aanmaken", "main").click()
        self.assertTrue(person.find_all("input[name=service]:invalid"), "the browser itself asks for one")
        # Without that, the page does.
        person.driver.execute_script("document.querySelector('form[action=\"/orders/label\"]').noValidate = true")
        person.click("Label aanmaken", "main")
        person.see("Kies een dienst")
        self.assertEqual((self.shipments(), self.db.value("SELECT count(*) FROM koppeling.panel_batch")), (0, 0))
        self.choose_service()
        person.click("Label aanmaken", "main")
        self.assertRegex(person.path, r"^/batches/\d+$")
        self.assertEqual(self.shipments(), 2)

    def test_all_orders_of_a_page_are_chosen_at_once(self):
        person = self.person
        person.open("/orders?sort=oldest")
        person.click("alles op deze pagina kiezen")
        self.assertEqual(len(person.find_all("tbody input:checked")), 5)
        self.assertIn("sort=oldest", person.path)

    def test_one_that_fails_says_why_and_stops_nobody(self):
        self.db.run("UPDATE koppeling.imported_order SET ship_to_street = NULL, warnings = '{address_without_street}'"
                    " WHERE order_number = '70002'")
        self.choose(70001, 70002, 70003)
        person = self.person
        row = next(item for item in person.find_all("main li") if "70002" in item.text)
        self.assertTrue(row.find_element(By.CSS_SELECTOR, ".error").text)
        self.start_daemons()
        self.ask_prices()
        self.choose_service()
        person.click("Label aanmaken", "main")
        person.see("2 van 3 klaar, 0 bezig, 1 niet gelukt.", seconds=60)
        row = next(item for item in person.find_all("main tr") if "70002" in item.text)
        self.assertIn("bestelling 70002 ", row.find_element(By.CSS_SELECTOR, ".error").text, "not its id")
        person.click("70002")
        person.open_details("Adres verbeteren")
        person.fill("Straat", "Dummystraat")
        person.click("Opslaan")
        person.see("Het adres is verbeterd.")
        person.see("Dummystraat 3")
        person.click("Label aanmaken", "main")
        self.assertIn("70002", person.words)

    def test_a_button_that_is_clicked_four_times_makes_one_label(self):
        self.choose(70001)
        person = self.person
        self.ask_prices_now()
        self.choose_service()
        person.driver.execute_script("""
            const form = document.querySelector('form[action="/orders/label"]');
            const sent = new URLSearchParams(new FormData(form));
            for (let i = 0; i < 3; i++) fetch(form.action, {method: 'POST', body: sent});
            form.querySelector('button.main').click();""")
        self.wait_until(lambda: person.path.startswith("/batches/"), "the batch is shown")
        self.assertEqual(self.shipments(), 1)
        self.work()
        self.assertEqual(self.shipments(), 1)
        self.assertEqual(len(self.booked()), 1)

    def test_back_and_the_button_again_make_no_second_label(self):
        self.choose(70001)
        person = self.person
        self.ask_prices_now()
        self.choose_service()
        person.click("Label aanmaken", "main")
        self.wait_until(lambda: person.path.startswith("/batches/"), "the batch is shown")
        self.work()
        person.driver.back()
        self.wait_until(lambda: person.path.startswith("/orders/label"), "the page before is shown")
        person.see("heeft al een label")
        self.choose_service()
        person.click("Label aanmaken", "main")
        person.see("Er is niets aangevraagd")
        self.assertEqual((self.shipments(), person.violations()), (1, []))
        self.choose_service()
        next(label for label in person.find_all("label") if label.text.startswith("Ja, nog een label")).click()
        person.click("Label aanmaken", "main")
        self.wait_until(lambda: person.path.startswith("/batches/"), "the batch is shown")
        self.assertEqual(self.shipments(), 2, "this time it was said")

    def ask_prices_now(self):
        self.person.click("Prijzen opvragen")
        self.work()
        self.wait_until(lambda: self.person.find_all("input[name=service]"), "prices come")

    def test_filters_live_in_the_address_and_survive_an_action(self):
        person = self.person
        person.open("/orders")
        person.fill("Zoeken", "Fictief")
        person.choose("Volgorde", "oudste eerst")
        person.click("Tonen")
        self.assertIn("q=Fictief", person.path)
        self.assertIn("sort=oldest", person.path)
        shared = person.path
        self.assertEqual([link.text for link in person.find_all("tbody a")], ["70003"])
        person.open("/")
        person.open(shared)
        self.assertEqual(person.field("Zoeken").get_property("value"), "Fictief")
        person.tick(70003)
        person.click("Label aanmaken", "main")
        person.click("← Bestellingen")
        self.assertEqual(person.field("Zoeken").get_property("value"), "Fictief")
        self.assertIn("q=Fictief", person.path)

    def test_an_order_that_is_missing_is_found_with_its_reason(self):
        kinds = {"credit": "creditorder", "virtual": "niets dat verzonden", "no_address": "geen afleveradres"}
        reasons = {self.simulator.add("shop1", generate=1, kind=kind, status=3)[0]: words
                   for kind, words in kinds.items()}
        self.poll_again(self.integration)
        person = self.person
        person.open("/orders?q=bestaatniet")
        person.click("Niet geïmporteerd", "main")
        for number, reason in reasons.items():
            row = next(item for item in person.find_all("main tr") if str(number) in item.text)
            self.assertIn(reason, row.text)

    def test_what_needs_a_person_is_on_one_page_until_it_is_settled(self):
        self.label(self.order(70001)["id"])
        self.db.run("UPDATE koppeling.label SET cancelled_at = now()")
        self.simulator.change("shop1", 70001, status=5)
        self.poll_again(self.integration)
        self.tick()
        person = self.person
        person.click("Aandacht", "nav")
        person.see("70001")
        person.click("70001")
        person.click("Gezien, van de lijst halen")
        person.see("Van de lijst gehaald.")
        person.open("/orders/attention")
        person.see("Er is niets dat uw aandacht nodig heeft.")

    def test_a_label_of_the_test_environment_is_seen_as_one_everywhere(self):
        self.start_daemons()
        person = self.person
        self.choose(70001)
        person.choose("Omgeving", self.db.value(
            "SELECT nl FROM koppeling.message WHERE code = 'panel_environment_staging'"))
        self.ask_prices()
        self.choose_service()
        person.click("Label aanmaken", "main")
        person.see("1 van 1 klaar, 0 bezig, 0 niet gelukt.", seconds=60)
        batch = person.path
        order = f"/orders/{self.order(70001)['id']}"
        person.click("Printen wat klaar is")
        person.see("PDF openen")
        for path in (batch, person.path, order, "/orders?state=all", "/labels/history"):
            person.open(path)
            with self.subTest(path):
                marks = [mark for mark in person.find_all(".staging-note, .state-staging, tr.staging")
                         if mark.is_displayed()]
                self.assertTrue(marks)
