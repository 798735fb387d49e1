"""Answers in other bytes than plain UTF-8: behind a mark, packed, in Latin-1."""
from harness.booking import SERVICE, BookingCase
from harness.orders import order


class OddBytesTest(BookingCase):
    """Everything from the connection of a shop to the mark of its order, with a service that sends nothing else."""

    def go_through(self, variant):
        self.simulator.fault("encoded", variant=variant)
        self.simulator.shop("shop1")
        # NFC, and within Latin-1.
        name, street = "Zoë Brontë-Müller", "Álvarezstraße"
        odd = order(number="70001")
        odd["debtor"]["address"]["delivery"].update(name=name, street=street)
        integration = self.connect("shop1")
        self.simulator.add("shop1", orders=[odd])
        self.poll()
        self.assertEqual(self.imported(integration), ["70001"])
        imported = self.order("70001")
        self.assertEqual((imported["ship_to_name"], imported["ship_to_street"]), (name, street))
        shipment = self.book("70001", service=SERVICE)
        self.assertEqual(shipment["state"], "labelled", shipment)
        self.mark()
        self.assertEqual(self.order("70001")["state"], "marked_shipped")
        for kind in ("verify", "poll", "create_shipment", "mark_shipped"):
            self.assertEqual([job["errors"] for job in self.history(kind)], [None] * len(self.history(kind)), kind)

    def test_a_byte_order_mark_is_understood_in_every_answer(self):
        self.go_through("mark")

    def test_gzip_is_understood(self):
        self.go_through("gzip")

    def test_deflate_is_understood(self):
        self.go_through("deflate")

    def test_latin_1_is_understood_when_its_sender_says_so(self):
        self.go_through("latin1")


class WordsTest(BookingCase):
    def refused(self, fault, **settings):
        """What is recorded of a poll that gets nothing else."""
        integration = self.connect_with_orders(generate=1)
        self.simulator.fault(fault, "shop:shop1", path_contains="/v1/orders", **settings)
        self.poll_again(integration)
        job, = self.jobs("poll")
        self.assertEqual(job["last_error_class"], "unreadable")
        return job["last_error"]

    def test_gzip_without_a_word_is_called_gzip(self):
        self.assertIn("got gzip", self.refused("encoded", variant="bare_gzip"))

    def test_what_is_called_gzip_and_is_not_is_told(self):
        self.assertIn("the answer is called gzip and cannot be unpacked", self.refused("encoded", variant="false_gzip"))

    def test_a_bomb_is_too_large(self):
        self.assertIn("the answer is larger than 16 MiB", self.refused("encoded", variant="bomb"))

    def test_html_is_called_html(self):
        self.assertIn("got an HTML page", self.refused("html", status=200))

    def test_nothing_is_called_nothing(self):
        self.assertIn("got an empty answer", self.refused("empty"))

    def test_html_in_place_of_an_order_is_called_html(self):
        self.connect_with_numbers("70001")
        self.label_all()
        self.simulator.fault("html", "shop:shop1", path_contains="/v1/orders/70001", status=200)
        self.mark()
        job, = self.jobs("mark_shipped")
        self.assertIn("it is an HTML page", job["last_error"])
