"""Personal data is removed when it is asked for or past its time; and the notices that a merchant must see."""
from harness.booking import BookingCase

# Everything that the database holds, as one text.
DUMP = """
    SELECT string_agg(query_to_xml(format('SELECT * FROM koppeling.%I', c.relname), true, true, '')::text, '')
    FROM pg_class c WHERE c.relnamespace = 'koppeling'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition"""
PERSONAL = ("Fenna Testveld", "Voorbeeldlaan", "3511ZZ", "fenna@example.org", "612345678", "track-en-trace")


class PrivacyTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_numbers(70001, 70002, 70003)

    def dump(self):
        return self.db.value(DUMP)

    def is_erased(self, number):
        row = self.order(number)
        self.assertEqual(row["erased_at"] is None, row["ship_to_name"] is not None, row)
        return row["erased_at"] is not None

    def audit(self):
        return [(row["who"], row["action"], row["subject"], row["details"]) for row in self.db.rows(
            "SELECT * FROM koppeling.audit WHERE action LIKE 'erase%' ORDER BY id")]

    def test_erase_order_removes_one_customer_and_keeps_the_order(self):
        self.book(70001)
        self.mark()
        for number in (70001, 70002, 70003):
            self.assertIn("Fenna", self.order(number)["ship_to_name"])
        order = self.order(70001)
        self.assertTrue(self.backend.value("SELECT koppeling.erase_order(%s)", order["id"]))
        self.assertFalse(self.ops.value("SELECT koppeling.erase_order(%s)", order["id"]), "there was none left")
        self.assertEqual([self.is_erased(number) for number in (70001, 70002, 70003)], [True, False, False])
        after = self.order(70001)
        for kept in ("order_number", "order_uuid", "state", "marked_at", "total", "content_hash"):
            self.assertEqual(after[kept], order[kept])
        self.assertIsNotNone(self.labels(70001)[0]["waybill"])
        self.assertEqual([(who, action, details["erased"]) for who, action, _, details in self.audit()],
                         [("test_backend", "erase_order", 1), ("test_ops", "erase_order", 0)])
        for number in (70002, 70003):
            self.ops.value("SELECT koppeling.erase_order(%s)", self.order(number)["id"])
        text = self.dump()
        for words in PERSONAL:
            self.assertNotIn(words, text)

    def test_an_erased_order_that_the_shop_still_lists_is_not_imported_again(self):
        self.backend.run("SELECT koppeling.erase_order(%s)", self.order(70001)["id"])
        self.poll_again(self.integration)
        self.assertTrue(self.is_erased(70001))
        self.assertEqual(len(self.order_ids()), 3)

    def test_erase_integration_disconnects_the_shop_and_removes_all_customers(self):
        self.book(70001)
        self.assertEqual(self.backend.value("SELECT koppeling.erase_integration(%s)", self.integration), 3)
        shop = self.shop(self.integration)
        self.assertEqual((shop["state"], shop["sealed_token"]), ("disconnected", None))
        self.assertEqual((self.jobs(), {self.is_erased(number) for number in (70001, 70002, 70003)}), ([], {True}))
        text = self.dump()
        for words in PERSONAL:
            self.assertNotIn(words, text)
        with self.assertRaisesRegex(Exception, "there is no integration 4711"):
            self.ops.run("SELECT koppeling.erase_integration(4711)")

    def age(self, number, changed_days, ended_days=None):
        """As if the order came so long ago, and was marked or withdrawn so long ago."""
        self.db.run("UPDATE koppeling.imported_order SET changed_at = now() - make_interval(days => %s),"
                    " marked_at = now() - make_interval(days => %s::integer) WHERE order_number = %s",
                    changed_days, ended_days, str(number))

    def test_orders_past_the_days_of_the_setting_are_erased_by_the_scheduler(self):
        for number in (70001, 70002):
            self.book(number)
        self.mark()
        self.age(70001, 100, 95)
        self.age(70002, 100, 10)  # waited long, was shipped lately
        self.age(70003, 100)  # still open
        self.tick()
        self.assertEqual([self.is_erased(number) for number in (70001, 70002, 70003)], [True, False, False])
        self.db.run("UPDATE koppeling.setting SET value = '5' WHERE name = 'personal_data_days'")
        self.tick()
        self.assertEqual([self.is_erased(number) for number in (70001, 70002, 70003)], [True, True, False])

    def test_a_setting_of_0_days_keeps_everything(self):
        self.book(70001)
        self.mark()
        self.age(70001, 4000, 4000)
        self.db.run("UPDATE koppeling.setting SET value = '0' WHERE name = 'personal_data_days'")
        self.tick()
        self.assertFalse(self.is_erased(70001))

    def test_the_notices_are_there_in_dutch_and_in_english(self):
        words = {"nl": {"notice_no_mail": "geen e-mail", "notice_test_orders": "T-", "notice_staging": "Let op"},
                 "en": {"notice_no_mail": "no e-mail", "notice_test_orders": "T-", "notice_staging": "Please note"}}
        for language, expected in words.items():
            for session in (self.backend, self.ops):
                rows = session.rows("SELECT * FROM koppeling.integration_notices(%s, %s)", self.integration, language)
                self.assertEqual({row["code"] for row in rows}, set(expected))
                for row in rows:
                    self.assertIn(expected[row["code"]], row["notice"])
        self.assertEqual(self.backend.rows("SELECT * FROM koppeling.integration_notices(%s)", self.integration),
                         self.backend.rows("SELECT * FROM koppeling.integration_notices(%s, 'nl_NL')",
                                           self.integration))
        self.assertEqual(self.backend.rows("SELECT * FROM koppeling.integration_notices(4711)"), [])
        self.backend.run("UPDATE koppeling.integration SET mark_on_staging = false")
        codes = self.backend.column("SELECT code FROM koppeling.integration_notices(%s)", self.integration)
        self.assertEqual(codes, ["notice_no_mail", "notice_staging_off", "notice_test_orders"])
