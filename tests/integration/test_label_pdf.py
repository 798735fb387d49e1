"""Labels as PDF: fetched for whoever asks, once, kept for a while, and refused with words."""
import hashlib
import threading

from harness.booking import BookingCase


def octets(text):
    """What a bytea holds."""
    return bytes.fromhex(text.removeprefix("\\x"))


class LabelPdfTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.connect_with_numbers(70001, 70002, 70003)
        self.shipments = [self.dispatch(number) for number in (70001, 70002)]
        self.work()

    def request(self, *shipments):
        return self.backend.value("SELECT koppeling.request_label_pdf(%s::bigint[])", list(shipments))

    def document(self, document):
        return self.backend.row("SELECT * FROM koppeling.label_document WHERE id = %s", document)

    def status(self, document):
        return self.backend.row("SELECT * FROM koppeling.label_document_status WHERE id = %s", document)

    def downloads(self):
        return [request for request in self.simulator.requests(path_contains="/labels/download")]

    def waybills(self, content, *numbers):
        """Whether the waybills stand in it, in that order."""
        content = octets(content)
        places = [content.find(label["waybill"].encode()) for number in numbers for label in self.labels(number)]
        self.assertEqual((places, -1 in places), (sorted(places), False))

    def check_fails(self, words, state="failed"):
        document = self.request(self.shipments[0])
        self.work()
        status = self.status(document)
        self.assertEqual(status["state"], state, status)
        self.assertIn(words, status["reason"])
        self.assertIsNone(self.document(document)["content"])
        return document

    def check_comes(self, document):
        """Whoever asks again has it tried again."""
        self.simulator.clear_faults()
        self.assertEqual(self.request(self.shipments[0]), document)
        self.hasten()
        self.work()
        self.assertEqual(self.status(document)["state"], "ready")

    def test_the_label_of_one_shipment_is_fetched_for_whoever_asks_and_not_before(self):
        self.assertEqual(self.downloads(), [])
        document = self.request(self.shipments[0])
        self.assertEqual(self.status(document)["state"], "waiting")
        self.work()
        row = self.document(document)
        content = octets(row["content"])
        self.assertEqual((content[:5], row["media_type"], row["environment"]),
                         (b"%PDF-", "application/pdf", "production"))
        self.assertEqual(octets(row["sha256"]), hashlib.sha256(content).digest())
        self.assertEqual(self.status(document)["bytes"], len(content))
        self.waybills(row["content"], 70001)
        request, = self.downloads()
        self.assertTrue(request["path"].endswith("/labels/download"), request)

    def test_several_come_as_one_in_the_order_given_by_one_request(self):
        document = self.request(*reversed(self.shipments))
        self.work()
        self.waybills(self.document(document)["content"], 70002, 70001)
        self.assertEqual(len(self.downloads()), 1)

    def test_a_double_click_gives_the_same_document(self):
        first = self.request(self.shipments[0])
        self.assertEqual(self.request(self.shipments[0]), first)
        self.assertEqual(len(self.jobs("fetch_label")), 1)
        self.work()
        self.assertEqual(self.request(self.shipments[0]), first)
        self.work()
        self.assertEqual(len(self.downloads()), 1)

    def test_a_staging_label_is_stored_as_such(self):
        shipment = self.book(70003, environment="staging")["id"]
        document = self.request(shipment)
        self.work()
        self.assertEqual(self.document(document)["environment"], "staging")
        self.assertTrue(self.downloads()[0]["path"].startswith("/boekuwzending-staging/"))

    def test_what_has_expired_is_deleted(self):
        document = self.request(self.shipments[0])
        self.work()
        self.tick()
        self.assertIsNotNone(self.document(document))
        self.db.run("UPDATE koppeling.label_document SET expires_at = now() - interval '1 s'")
        self.db.run("UPDATE koppeling.chore SET done_at = NULL WHERE name = 'label_documents'")
        self.tick()
        self.assertEqual(self.db.rows("SELECT id FROM koppeling.label_document"), [])

    def test_it_goes_with_the_personal_data_and_what_waits_is_not_fetched(self):
        fetched = self.request(self.shipments[0])
        self.work()
        self.assertEqual(self.status(fetched)["state"], "ready")
        self.request(*self.shipments)
        self.backend.run("SELECT koppeling.erase_order(%s)", self.order(70001)["id"])
        self.assertEqual(self.db.rows("SELECT id FROM koppeling.label_document"), [])
        self.work()
        self.assertEqual((len(self.downloads()), self.jobs("fetch_label")), (1, []))

    def test_a_label_that_was_made_or_cancelled_since_makes_it_another_document(self):
        first = self.request(self.shipments[0])
        self.work()
        self.assertEqual(self.request(self.shipments[0]), first)
        order = self.order(70001)["id"]
        self.db.run("INSERT INTO koppeling.label (order_id, shipment_id, environment, external_id)"
                    " VALUES (%s, %s, 'production', 'made later')", order, self.shipments[0])
        second = self.request(self.shipments[0])
        self.assertNotEqual(second, first)
        self.work()
        self.backend.run("SELECT koppeling.record_label_cancelled('production', 'made later')")
        third = self.request(self.shipments[0])
        self.assertNotIn(third, (first, second))
        self.work()
        self.assertEqual((self.status(third)["state"], len(self.downloads())), ("ready", 3))

    def test_what_is_asked_for_while_its_order_is_erased_goes_with_it(self):
        order = self.order(70001)["id"]
        eraser = self.session("test_backend")
        erasing = threading.Thread(target=lambda: eraser.run("SELECT koppeling.erase_order(%s)", order))
        self.backend.run("BEGIN")
        self.request(self.shipments[0])
        erasing.start()
        self.wait_until(lambda: self.db.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                              " AND query LIKE '%%erase_order%%' AND datname = %s", self.database),
                        "the one who erases waits")
        self.backend.run("COMMIT")
        erasing.join()
        self.assertEqual(self.db.value("SELECT count(*) FROM koppeling.label_document"), 0)
        self.work()
        self.assertEqual(self.downloads(), [])

    def test_a_page_of_html_instead_is_told_and_tried_again(self):
        self.simulator.fault("status", path_contains="/labels/download", status=200, body="<html>Onderhoud</html>",
                             content_type="text/html")
        self.check_comes(self.check_fails("the answer is not a PDF"))

    def test_a_pdf_without_its_end_is_told_and_tried_again(self):
        self.simulator.fault("malformed", path_contains="/labels/download")
        self.check_comes(self.check_fails("the PDF has no end"))

    def test_one_that_breaks_off_is_tried_again(self):
        self.simulator.fault("truncated", path_contains="/labels/download")
        self.check_comes(self.check_fails("cannot fetch the labels"))

    def test_more_than_twenty_megabytes_are_not_taken(self):
        self.simulator.fault("huge", path_contains="/labels/download", bytes=21 << 20)
        document = self.check_fails("larger than 20 MiB")
        self.assertEqual(len(self.downloads()), 1, "it is fetched once")
        self.check_comes(document)

    def test_what_is_large_and_allowed_comes_whole(self):
        body = "%PDF-1.4\n" + "x" * 1000000 + "\n%%EOF\n"
        self.simulator.fault("status", path_contains="/labels/download", status=200, body=body,
                             content_type="application/pdf; charset=iso-8859-1")
        document = self.request(self.shipments[0])
        self.work()
        self.assertEqual(octets(self.document(document)["content"]), body.encode())

    def test_a_pause_that_they_ask_for_is_kept(self):
        self.simulator.fault("status", path_contains="/labels/download", status=429, retry_after=600)
        document = self.check_fails("cannot fetch the labels", "waiting")
        self.assertTrue(self.db.value("SELECT run_at > now() + interval '9 minutes' FROM koppeling.job"
                                      " WHERE kind = 'fetch_label'"))
        self.check_comes(document)

    def test_labels_that_are_gone_fail_at_once_and_asking_again_tries_again(self):
        self.simulator.fault("status", path_contains="/labels/download", status=404)
        document = self.check_fails("cannot fetch the labels")
        self.assertEqual(len(self.downloads()), 1)
        self.check_comes(document)
