"""Signing in and out, in a browser."""
from case import BrowserCase
from chromium import Chromium, start_driver


class SignInTest(BrowserCase):
    def test_a_wrong_password_is_told_and_the_right_one_leads_to_where_one_wanted(self):
        person = self.person
        person.open("/orders?state=all")
        self.assertTrue(person.path.startswith("/sign-in"), person.path)
        person.fill("Gebruikersnaam", "anna")
        person.fill("Wachtwoord", "een verkeerd wachtwoord")
        person.click("Aanmelden", "main")
        person.see("Gebruikersnaam of wachtwoord klopt niet.")
        self.assertEqual(person.field("Gebruikersnaam").get_property("value"), "anna", "what was typed is kept")
        self.assertEqual(person.field("Wachtwoord").get_property("value"), "")
        person.fill("Wachtwoord", "een goed wachtwoord")
        person.click("Aanmelden", "main")
        self.assertEqual(person.path, "/orders?state=all")
        person.see("Proefverzender BV")
        person.click("Afmelden")
        self.assertEqual(person.path, "/sign-in")
        person.driver.back()
        person.open("/orders")
        self.assertTrue(person.path.startswith("/sign-in"), "the way back is closed")
        self.check_no_complaints()

    def test_who_guesses_is_told_to_wait(self):
        for _ in range(6):
            self.person.sign_in("anna", "een verkeerd wachtwoord")
        self.assertRegex(self.person.words, r"Te veel pogingen\. Probeer het over \d+ seconden opnieuw\.")

    def test_the_language_is_changed_and_stays(self):
        person = self.person
        person.sign_in("anna")
        person.see("Integraties")
        person.click("Mijn account")
        person.choose("Taal", "English")
        person.click("Opslaan")
        person.see("Language")
        self.assertEqual(person.find("html").get_dom_attribute("lang"), "en")
        person.click("Orders", "nav")
        person.see("Imported orders")
        person.click("Sign out")
        person.sign_in("anna")
        self.assertEqual(person.find("html").get_dom_attribute("lang"), "en", "it is known who prefers it")

    def test_signing_out_everywhere_reaches_the_other_browser(self):
        person = self.person
        driver = start_driver(self.log_directory / "chromedriver.log")
        self.addCleanup(driver.quit)
        other = Chromium(driver, self.address)
        other.begin()
        for one in (other, person):
            one.sign_in("anna")
            self.assertEqual(one.path, "/")
        person.click("Mijn account")
        self.assertEqual(len([item for item in person.find_all("main li") if "127.0.0.1" in item.text]), 2)
        person.click("Overal afmelden")
        self.assertEqual(person.path, "/sign-in")
        other.reload()
        self.assertEqual(other.path, "/sign-in")
