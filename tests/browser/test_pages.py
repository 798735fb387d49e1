"""Each page, whoever looks at it: by axe, light and dark, on a phone, and without scripts."""
from case import BrowserCase
from chromium import PHONE


class PagesTest(BrowserCase):
    def fill(self):
        """An account with one of everything; returns the pages of it."""
        self.connect_with_people(70001, 70002, 70003)
        self.simulator.add("shop1", generate=2, kind="credit", status=3)
        self.poll_again(1)
        self.db.run("UPDATE koppeling.imported_order SET ship_to_street = NULL, warnings = '{address_without_street}'"
                    " WHERE order_number = '70002'")
        person = self.person
        person.sign_in("anna")
        person.open("/orders")
        for number in (70001, 70002, 70003):
            person.tick(number)
        person.click("Label aanmaken", "main")
        label = person.path
        person.click("Prijzen opvragen")
        self.work()
        person.open(label)
        person.find("input[name=service]").click()
        person.click("Label aanmaken", "main")
        self.work()
        batch = person.path
        person.open(batch)
        person.click("Printen wat klaar is")
        self.work()
        return ["/", "/connect", "/integrations/1", "/orders?state=all", "/orders/1", "/orders/2", label, batch,
                person.path, "/labels/history", "/batches",
                "/orders/not-imported", "/orders/attention", "/me", "/nowhere"]

    def check(self, paths):
        person = self.person
        for path in paths:
            with self.subTest(path):
                for is_dark in (False, True):
                    person.look(is_dark=is_dark)
                    person.open(path)
                    self.assertEqual(person.violations(), [])
                person.look(PHONE)
                person.open(path)
                self.assertEqual(person.overflow(), [0, []])
                self.check_no_complaints()
        person.look()

    def test_pages_of_merchants_suit_everybody(self):
        self.check(["/sign-in"])
        self.check(self.fill())

    def test_pages_of_operations_suit_everybody(self):
        self.fill()
        self.add_person("opa", role="operations", account=None, language="nl")
        self.person.begin()
        self.person.sign_in("opa")
        self.check(["/", "/ops", "/ops/jobs", "/ops/course", "/ops/jobs/redrive", "/ops/shops", "/ops/accounts",
                    "/ops/processes", "/ops/apis", "/me"])

    def test_labels_are_made_without_scripts(self):
        self.person.begin(scripts=False)
        pages = self.fill()
        self.assertEqual(self.person.driver.execute_script("return typeof htmx"), "undefined")
        self.assertEqual(len(self.labels(70001)), 1)
        self.person.open(pages[8])
        self.person.button("PDF openen")

    def test_a_page_that_is_none_keeps_the_menu(self):
        person = self.person
        person.open("/nowhere")
        self.assertEqual(person.find_all("nav"), [])
        person.sign_in("anna")
        for path in ("/nowhere", "/orders/999999", "/orders/oud"):
            person.open(path)
            self.assertIn("Deze pagina is er niet", person.words)
            person.click("Bestellingen", "nav")
            self.assertEqual([link.text for link in person.find_all("nav [aria-current]")], ["Bestellingen"])

    def test_the_tests_of_pages_can_fail(self):
        person = self.person
        person.look(PHONE)
        person.open("/sign-in")
        person.driver.execute_script("""
            document.querySelector('main').insertAdjacentHTML('beforeend',
                '<input name=nameless><p id=wide>wide</p>');
            document.getElementById('wide').style.width = '900px';""")
        self.assertTrue(any(line.startswith("label:") for line in person.violations()))
        self.assertGreater(person.overflow()[0], 500)
