"""Takes the pictures of a merchant's pages: from signing in to labels on paper, with invented people."""
from album import Camera
from case import BrowserCase
from chromium import PHONE
from harness.orders import address, order, today

# Name, street, house, postcode, city, country, what was ordered, weight, total, days ago.
PEOPLE = (
    ("Fenna Testveld", "Voorbeeldlaan", "14-bis", "3511ZZ", "Utrecht", "NL", "Theepot Wit", "0.85", "39.95", 6),
    ("Jesse Proefdam", "Dummystraat", "3", "9712AB", "Groningen", "NL", "Oolong 100 g", "0.15", "12.50", 6),
    ("Noor Fictief", "Verzonnenweg", "220", "5611CD", "Eindhoven", "NL", "Proefpakket groen", "0.60", "27.00", 5),
    ("Lotte Denkbeeld", "Schijnkade", "7", "2312EF", "Leiden", "NL", "Theepot Blauw", "0.85", "42.00", 5),
    ("Bram Schetsman", "Modelplein", "18", "6211GH", "Maastricht", "NL", "Theelicht", "0.40", "9.95", 4),
    ("Sanne Voorbeelds", "Ruwe Dreef", "55", "8011JK", "Zwolle", "NL", "Earl Grey 250 g", "0.30", "18.40", 3),
    ("Pieter Verzin", "Fictielaan", "101", "1017LM", "Amsterdam", "NL", "Theekopjes, 4 stuks", "1.20", "31.80", 3),
    ("Elise Bedacht", "Denkstraat", "9", "2000", "Antwerpen", "BE", "Darjeeling 100 g", "0.15", "14.25", 2),
    ("Hugo Zonderhuis", "", "", "3011NP", "Rotterdam", "NL", "Matcha 80 g", "0.20", "24.90", 2),
    ("Mila Musterfrau", "Beispielweg", "12", "50667", "Köln", "DE", "Proefpakket zwart", "0.60", "27.00", 1),
    ("Daan Plannink", "Schetsweg", "31", "3811QR", "Amersfoort", "NL", "Theepot Wit", "0.85", "39.95", 1),
    ("Yara Ontwerp", "Kladsingel", "2", "6811ST", "Arnhem", "NL", "Honing 350 g", "0.45", "8.50", 0),
)
LABELLED, STAGING, CHOSEN = (1001, 1002, 1003), 1004, (1006, 1007, 1008, 1009, 1010)


def orders():
    made = []
    for number, person in enumerate(PEOPLE, 1001):
        name, street, house, postcode, city, country, goods, weight, total, days_ago = person
        where = address(name=name, street=street, number=house, zipcode=postcode, city=city, country_code=country)
        made.append(order(
            number=str(number), date=today(days_ago), time=f"1{number % 10}:24:00", weight=weight,
            debtor={"email": f"klant{number}@example.org", "address": {"invoice": where, "delivery": where}},
            price={"tax": [], "total": total},
            orderlines=[{"id": f"line-{number}", "type": "article", "quantity": 1, "weight": weight,
                         "description": goods, "price": {"rate": "21.00", "amount_including_tax": total},
                         "articles": [{"id": 88120, "sku": f"TH-{number % 7:02}", "description": goods}]}]))
    return made


class MerchantTour(BrowserCase):
    def setUp(self):
        super().setUp()
        self.camera = Camera(self.person)
        for shop in ("theehuis", "boekenkast", "speelgoed"):
            self.simulator.shop(shop)

    def test_the_pages_of_a_merchant(self):
        self.sign_in()
        self.connect_a_shop()
        self.fill_the_list()
        self.make_labels()
        self.look_at_the_list()
        self.look_at_orders()
        self.get_into_trouble()
        self.look_around()

    def go(self, path, name, **look):
        self.person.open(path)
        self.camera.take(name, **look)

    def sign_in(self):
        self.go("/sign-in", "sign-in")
        self.person.sign_in("anna")
        self.camera.take("integrations-empty")

    def connect_a_shop(self):
        person = self.person
        person.click("Integratie starten")
        person.open_details("Waar vind ik het token?")
        person.fill("Shop-URL", "https://theehuis.myonline.store")
        self.camera.take("connect")
        person.fill("Shop-URL", "https://www.theehuis.example")
        person.fill("API-token", "token-theehuis")
        person.click("Koppelen")
        self.camera.take("connect-refused")
        person.fill("Shop-URL", "https://theehuis.myonline.store")
        person.fill("API-token", "token-theehuis")
        person.click("Koppelen")
        self.camera.take("connect-checking")
        self.work()
        self.simulator.add("theehuis", orders=orders())
        for kind in ("test", "credit", "virtual", "no_address", "old"):
            self.simulator.add("theehuis", generate=1, kind=kind, status=1)
        self.poll()
        person.reload()
        self.camera.take("connected")

    def fill_the_list(self):
        """Three labels, one of the test environment, and an order that was cancelled in the shop."""
        for numbers, environment in ((LABELLED, "production"), ((STAGING,), "staging")):
            for number in numbers:
                self.dispatch(number, environment=environment)
        self.simulator.change("theehuis", 1005, status=5)
        self.poll_again(1)
        for _ in range(3):
            self.tick()
            self.work()

    def choose(self, *numbers):
        self.person.open("/orders")
        for number in numbers:
            self.person.tick(number)

    def ask_prices(self):
        path = self.person.path
        self.person.click("Prijzen opvragen")
        self.work()
        self.person.open(path)

    def choose_service(self, service):
        next(label for label in self.person.find_all("label") if label.text.startswith(service)).click()

    def make_labels(self):
        person = self.person
        self.choose(*CHOSEN)
        person.click("Label aanmaken", "main")
        self.ask_prices()
        self.choose_service("PostNL standaard")
        self.camera.take("label")
        self.camera.take("label-phone", PHONE)
        person.click("Label aanmaken", "main")
        # The last two wait for their turn.
        self.db.run("UPDATE koppeling.job SET run_at = now() + interval '1 hour' WHERE id IN (SELECT id FROM"
                    " koppeling.job WHERE kind = 'create_shipment' ORDER BY id DESC LIMIT 2)")
        self.work()
        person.reload()
        self.camera.take("batch")
        self.hasten()
        self.work()
        person.reload()
        person.choose("Papier", "A4, vier labels per vel")
        person.choose("Eerste plek op het A4-vel", "3 ↙")
        person.click("Printen wat klaar is")
        self.work()
        person.reload()
        self.camera.take("print")
        self.go("/batches", "batches")
        self.make_a_staging_label()

    def make_a_staging_label(self):
        person = self.person
        self.choose(1011)
        person.click("Label aanmaken", "main")
        person.choose("Omgeving", self.db.value(
            "SELECT nl FROM koppeling.message WHERE code = 'panel_environment_staging'"))
        person.click("Prijzen opvragen")
        self.work()
        person.open(person.path)
        self.choose_service("PostNL standaard")
        self.camera.take("label-staging")
        person.click("Label aanmaken", "main")
        self.work()
        person.reload()
        self.camera.take("batch-staging")
        person.click("Printen wat klaar is")
        self.work()
        self.go("/labels/history", "printed")

    def look_at_the_list(self):
        self.simulator.fault("status", "shop:theehuis", status=422, method="PATCH", path_contains="/orders/1007")
        self.tick()
        self.work()
        self.choose_all_states()
        self.camera.take("orders")
        self.camera.take("orders-dark", is_dark=True)
        self.camera.take("orders-phone", PHONE)
        self.go("/orders?q=zonder&country=NL&sort=oldest&warning=any", "orders-filtered")
        self.go("/orders/not-imported", "not-imported")

    def choose_all_states(self):
        self.person.open("/orders?state=all")
        for number in (1009, 1012):
            self.person.tick(number)

    def look_at_orders(self):
        person = self.person
        order_id = self.order(1006)["id"]
        self.go(f"/orders/{order_id}", "order")
        self.camera.take("order-phone", PHONE)
        person.open(f"/orders/{self.order(1009)['id']}")
        person.open_details("Adres verbeteren")
        self.camera.take("order-address")
        label = self.booked("production")[1]
        self.simulator.cancel_labels(label["id"])

    def get_into_trouble(self):
        """Another shop loses its token, and a third was never connected."""
        self.go("/", "integrations")
        self.request_connection("boekenkast")
        self.request_connection("speelgoed", token="een-verkeerd-token")
        self.work()
        self.simulator.shop("boekenkast", token="een-ander-token")
        self.poll_again(self.db.value("SELECT id FROM koppeling.integration WHERE shop_host LIKE 'boekenkast%'"))
        self.go("/", "integrations-trouble")
        self.go("/integrations/2", "integration-trouble")

    def look_around(self):
        person = self.person
        self.go("/orders/attention", "attention")
        self.go("/me", "me")
        self.go("/orders/oud", "nowhere")
        person.open("/me")
        person.choose("Taal", "English")
        person.click("Opslaan")
        self.go("/orders?state=all", "orders-english")
