"""Whoever is on call, at night: what failed is found and tried again in three clicks."""
from case import BrowserCase


class OperationsTest(BrowserCase):
    def test_a_failed_job_is_found_and_tried_again_in_three_clicks(self):
        self.connect_with_people(70001)
        self.label(self.order(70001)["id"])
        self.simulator.fault("status", "shop:shop1", status=422, method="PATCH")
        self.mark()
        job = self.db.value("SELECT id FROM koppeling.job WHERE state = 'failed'")
        self.simulator.clear_faults()
        self.start_daemons()
        self.add_person("olga", role="operations", account=None, language="nl")
        person = self.person
        person.sign_in("olga")
        self.assertEqual(person.path, "/ops", "that is where somebody of operations arrives")
        person.click("Mislukte taken: 1", "main")
        person.click(f"mark_shipped {job}", "main")
        person.click("Opnieuw proberen", "main")
        self.assertEqual(person.path, f"/ops/jobs/{job}")
        self.wait_until(lambda: self.order(70001)["state"] == "marked_shipped", "the shop is told")
        self.assertEqual(self.db.value("SELECT who FROM koppeling.audit WHERE action = 'retry_job'"), "olga")
        person.open("/ops")
        self.assertNotIn("Mislukte taken", person.words)
        self.check_no_complaints()
