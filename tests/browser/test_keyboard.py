"""The main path by the keyboard alone; tab_to() also asks that what is in focus can be seen."""
from selenium.webdriver.common.keys import Keys

from case import BrowserCase


class KeyboardTest(BrowserCase):
    def test_from_signing_in_to_a_label_without_a_mouse(self):
        self.connect_with_people(70001, 70002)
        self.db.run("UPDATE koppeling.integration SET default_service = 'postnl-pakket'")
        person = self.person
        person.open("/sign-in")
        person.tab_to("Gebruikersnaam").send_keys("anna")
        person.tab_to("Wachtwoord").send_keys("een goed wachtwoord")
        person.enter()
        person.tab_to("Bestellingen")
        person.enter()
        self.assertTrue(person.path.startswith("/orders"), person.path)
        person.tab_to("Kies 70001")
        person.press(Keys.SPACE)
        person.tab_to("Label aanmaken")
        person.enter()
        self.assertTrue(person.path.startswith("/orders/label"), person.path)
        person.tab_to("Label aanmaken")
        person.enter()
        self.assertRegex(person.path, r"^/batches/\d+$")
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.shipment"), 1)
        self.check_no_complaints()
