"""The base of the browser tests: everything runs, as for a person, and a browser is open."""
import atexit

from harness.booking import BookingCase
from harness.browser import Browser
from harness.orders import address, order

from chromium import Chromium, start_driver


def orders(*numbers):
    """Orders of invented people, as many as there are numbers."""
    people = (("Fenna Testveld", "Voorbeeldlaan", "14-bis", "3511ZZ", "Utrecht"),
              ("Jesse Proefdam", "Dummystraat", "3", "9712AB", "Groningen"),
              ("Noor Fictief", "Verzonnenweg", "220", "5611CD", "Eindhoven"),
              ("Lotte Denkbeeld", "Schijnkade", "7", "2312EF", "Leiden"))
    made = []
    for place, number in enumerate(numbers):
        name, street, house, postcode, city = people[place % len(people)]
        where = address(name=name, street=street, number=house, zipcode=postcode, city=city)
        made.append(order(number=str(number), time=f"10:{place:02}:00", debtor={
            "email": f"klant{number}@example.org", "address": {"invoice": where, "delivery": where}}))
    return made


class BrowserCase(BookingCase):
    """The panel, a scheduler and a worker run; anna works for account 1, in Dutch."""

    _driver = None

    def setUp(self):
        super().setUp()
        self.add_person("anna", language="nl")
        self.panel, self.address = self.start_panel()
        if BrowserCase._driver is None:
            BrowserCase._driver = start_driver(self.surroundings.directory / "chromedriver.log")
            atexit.register(BrowserCase._driver.quit)
        self.person = Chromium(BrowserCase._driver, self.address)
        self.person.begin()

    def start_daemons(self):
        self.start_scheduler()
        self.start_worker()

    def connect_with_people(self, *numbers):
        """A connected shop with orders of different people."""
        return self.connect_with_orders(orders=orders(*numbers))

    def fetched(self, path):
        """What the browser would get: what it shows of a PDF cannot be looked into."""
        browser = Browser(self.address)
        browser.cookies = {one["name"]: one["value"] for one in self.person.driver.get_cookies()}
        return browser.get(path)

    def check_no_complaints(self):
        self.assertEqual(self.person.complaints(), [])
