"""Where parcels are: asked for accounts that want it, until they have arrived; a person hears of those in trouble."""
from harness.booking import BookingCase


class TrackTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.integration = self.connect_with_numbers(70001, 70002)
        self.backend.run("UPDATE koppeling.account SET track_labels = true")

    def ask(self):
        """Some time passes; then all that is tracked is asked for."""
        self.db.run("UPDATE koppeling.label SET track_at = now() WHERE track_at IS NOT NULL")
        self.tick()
        self.work("--threads=1")

    def move(self, number, status, **what):
        for label in self.labels(number):
            self.simulator.move_parcel(label["external_id"], status, **what)

    def questions(self):
        return self.simulator.requests(method="GET", path_contains="/track-and-trace/")

    def concerns(self):
        return {row["order_number"]: row["reason_code"]
                for row in self.ops.rows("SELECT * FROM koppeling.order_to_look_at")}

    def states(self, number):
        return [label["tracking_state"] for label in self.labels(number)]

    def test_a_parcel_is_followed_until_it_was_delivered(self):
        self.book(70001)
        self.ask()
        label, = self.labels(70001)
        self.assertEqual((label["tracking_state"], label["tracking_text"]), ("created", "Label aangemaakt"))
        self.move(70001, "in_transit", description="Onderweg")
        self.ask()
        self.ask()
        self.assertEqual(self.states(70001), ["in_transit"])
        self.move(70001, "delivered", description="Bezorgd")
        self.ask()
        label, = self.labels(70001)
        self.assertEqual((label["tracking_state"], label["tracking_text"], label["track_at"]),
                         ("delivered", "Bezorgd", None))
        self.assertTrue(self.db.value("SELECT now() - tracking_at BETWEEN '0' AND '1 minute' FROM koppeling.label"),
                        "in the time zone of the service")
        asked = len(self.questions())
        self.ask()
        self.assertEqual((len(self.questions()), asked, self.jobs("track_label")), (4, 4, []))
        self.assertEqual(self.concerns(), {})
        self.assertEqual([job["result"]["news"] for job in self.history("track_label")], [1, 1, 1],
                         "a question that told nothing new left no row")

    def test_an_account_that_does_not_want_it_is_never_asked_for(self):
        self.backend.run("UPDATE koppeling.account SET track_labels = false")
        self.book(70001)
        self.ask()
        self.assertEqual((self.questions(), self.states(70001)), ([], [None]))
        self.backend.run("UPDATE koppeling.account SET track_labels = true")
        self.ask()
        self.assertEqual(self.states(70001), ["created"], "what has a label already is tracked when it is switched on")

    def test_it_is_switched_off_while_a_question_waits(self):
        self.book(70001)
        self.db.run("UPDATE koppeling.label SET track_at = now()")
        self.tick()
        self.backend.run("UPDATE koppeling.account SET track_labels = false")
        self.work()
        self.assertEqual((self.questions(), self.jobs("track_label")), ([], []))
        self.assertEqual(self.history("track_label")[0]["result"]["how"], "not_tracked")

    def test_staging_labels_are_never_asked_for(self):
        self.book(70001, environment="staging")
        self.ask()
        self.assertEqual(self.questions(), [])

    def test_each_label_of_an_order_is_asked_for_by_one_job(self):
        self.book(70001, label_count=3)
        self.ask()
        self.assertEqual((self.states(70001), len(self.history("track_label"))), (["created"] * 3, 1))
        self.simulator.move_parcel(self.labels(70001)[1]["external_id"], "delivered")
        self.ask()
        self.assertEqual(self.states(70001), ["created", "delivered", "created"])
        before = len(self.questions())
        self.ask()
        self.assertEqual(len(self.questions()) - before, 2, "the one that arrived is asked for no more")

    def test_parcels_in_trouble_are_for_a_person_to_look_at(self):
        for number, status, code in ((70001, "missing", "parcel_missing"), (70002, "rejected", "parcel_rejected")):
            self.book(number)
            self.move(number, status, description="Neem contact op")
            self.ask()
            self.assertEqual(self.concerns()[str(number)], code)
        self.assertIn("Neem contact op", self.backend.value(
            "SELECT detail FROM koppeling.order_to_look_at WHERE order_number = '70001'"))
        self.move(70001, "in_transit")
        self.move(70002, "return_delivered")
        self.ask()
        self.assertEqual(self.concerns(), {"70002": "parcel_returned"})
        self.backend.run("SELECT koppeling.order_was_looked_at(%s)", self.order(70002)["id"])
        self.assertEqual(self.concerns(), {})

    def test_a_label_that_was_cancelled_is_noticed(self):
        shipment = self.book(70001)
        self.simulator.cancel_labels(shipment["external_id"])
        self.ask()
        label, = self.labels(70001)
        self.assertEqual((label["tracking_state"], label["track_at"]), ("canceled", None))
        self.assertIsNotNone(label["cancelled_at"])
        self.assertEqual(self.concerns(), {"70001": "label_cancelled"})

    def test_a_label_that_they_do_not_know_is_asked_for_more_rarely(self):
        self.label(self.order(70001)["id"], "label-4711")
        self.ask()
        label, = self.labels(70001)
        self.assertIsNone(label["tracking_state"])
        self.assertIsNotNone(label["tracked_at"])
        self.assertTrue(self.db.value("SELECT track_at - now() > interval '11 hours' FROM koppeling.label"))
        self.assertEqual(self.jobs("track_label"), [])

    def test_a_state_that_nobody_knows_is_kept(self):
        self.book(70001)
        self.move(70001, "Op de maan")
        self.ask()
        label, = self.labels(70001)
        self.assertEqual(label["tracking_state"], "op de maan")
        self.assertIsNotNone(label["track_at"])

    def test_trouble_on_the_way_loses_nothing(self):
        self.db.run("UPDATE koppeling.retry_rule SET backoff_base = '10 milliseconds', backoff_cap = '20 milliseconds'")
        self.book(70001, label_count=2)
        faults = ({"fault": "status", "status": 429, "retry_after": "0"}, {"fault": "status", "status": 401},
                  {"fault": "malformed"}, {"fault": "reset"}, {"fault": "status", "status": 503}, {"fault": "html"},
                  {"fault": "wrong_types"})
        for place, fault in enumerate(faults):
            with self.subTest(fault=fault):
                self.move(70001, f"step_{place}")
                self.simulator.fault(scope="boekuwzending", method="GET", path_contains="/track-and-trace/", times=1,
                                     **fault)
                self.ask()
                self.hasten()
                self.work()
                self.assertEqual(self.states(70001), [f"step_{place}"] * 2)
        self.assertEqual(self.shop(self.integration)["state"], "active", "it is not the shop that refused")

    def test_refused_credentials_are_said_once_and_questions_wait(self):
        self.book(70001)
        self.simulator.control("POST", "/accounts", {"client_id": "client", "client_secret": "another"})
        self.simulator.fault("status", "boekuwzending", status=401, path_contains="/track-and-trace/")
        self.ask()
        self.assertEqual(self.db.value("SELECT state FROM koppeling.account_credentials"
                                       " WHERE account_id = 1 AND environment = 'production'"), "rejected")
        job, = self.jobs("track_label")
        self.assertEqual((job["state"], self.db.value("SELECT run_at = 'infinity' FROM koppeling.job"
                                                      " WHERE kind = 'track_label'")), ("queued", True))

    def test_an_order_that_is_erased_leaves_no_words(self):
        self.book(70001)
        self.move(70001, "delivered", description="Afgegeven bij Fenna Testveld")
        self.ask()
        self.assertEqual(self.labels(70001)[0]["tracking_text"], "Afgegeven bij Fenna Testveld")
        self.assertNotIn("Fenna", str(self.history("track_label")))
        self.backend.value("SELECT koppeling.erase_order(%s)", self.order(70001)["id"])
        self.assertIsNone(self.labels(70001)[0]["tracking_text"])
