"""What a person wants to hear of is a line in the log of a scheduler: breakers, jobs that gave up, shops, accounts."""
import re

from harness.booking import BookingCase
from harness.case import Case, free_address

LINE = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ "]+)(?: |$)')


def told(log, words):
    """The lines of an event, as dictionaries."""
    lines = [dict((key, value.strip('"')) for key, value in LINE.findall(line)) for line in log.splitlines()]
    return [line for line in lines if words in line.get("event", "")]


class EventsTest(Case):
    def test_a_breaker_that_opens_is_tried_and_closes_is_told_once_each(self):
        names = [f"shop{number}" for number in range(1, 5)]
        for name in names:
            self.simulator.shop(name)
        self.connect(*names)
        self.db.run("UPDATE koppeling.api SET breaker_limit = 4, breaker_pause = '1 second'")
        self.simulator.fault("status", "mijnwebwinkel", status=500)
        schedulers = [self.start_scheduler(), self.start_scheduler()]
        self.start_worker()

        def lines(words):
            return [line for scheduler in schedulers for line in told(scheduler.log, words)]

        self.wait_until(lambda: self.db.value("SELECT max(breaker_trips) >= 3 FROM koppeling.api"), "probes fail", 60)
        self.simulator.clear_faults()
        self.wait_until(lambda: lines("its breaker closed"), "it closes", 60)
        opened, = lines("its breaker opened")
        self.assertEqual((opened["level"], opened["api"]), ("warning", "mijnwebwinkel_production"))
        self.assertIn("HTTP 500", opened["reason"])
        self.assertEqual([line["level"] for line in lines("half open")], ["info"])
        closed, = lines("its breaker closed")
        self.assertEqual(closed["level"], "info")
        self.assertGreater(float(closed["lasted"]), 1)

    def test_a_job_that_gives_up_names_shop_order_reason_and_call(self):
        self.connect_with_orders(generate=1)
        order = self.db.value("SELECT id FROM koppeling.imported_order")
        self.label(order)
        self.simulator.fault("status", "shop:shop1", status=422)
        address = free_address()
        scheduler = self.start_scheduler(f"--metrics-address={address}")
        self.start_worker()
        self.wait_until(lambda: told(scheduler.log, "a job gave up"), "it is told")
        lines = {line["kind"]: line for line in told(scheduler.log, "a job gave up")}
        job = self.db.value("SELECT id FROM koppeling.job WHERE kind = 'mark_shipped'")
        self.assertEqual({key: lines["mark_shipped"][key] for key in ("level", "shop", "order", "job")},
                         {"level": "error", "shop": "shop1.myonline.store", "order": str(order), "job": str(job)})
        self.assertIn("client_error", lines["mark_shipped"]["reason"])
        called = [request["request_id"] for request in self.simulator.requests("shop1")]
        self.assertIn(lines["mark_shipped"]["call"], called)
        page = self.fetch(address, "/metrics")[1]
        self.assertIn('\nkoppeling_jobs_given_up_total{kind="mark_shipped"} 1\n', page)
        self.assertIn('\nkoppeling_jobs_given_up_total{kind="ping"} 0\n', page)
        self.assertEqual(self.ops.value("SELECT shop FROM koppeling.event_log WHERE job_id = %s", job),
                         "shop1.myonline.store")

    def test_a_shop_that_refuses_its_token_and_takes_another(self):
        integration = self.connect_with_orders(generate=1)
        self.simulator.shop("shop1", token_is_active=False)
        self.poll_again(integration)
        attention, = told(self.tick().log, "a shop needs attention")
        self.assertEqual((attention["level"], attention["shop"]), ("warning", "shop1.myonline.store"))
        self.assertTrue(attention["reason"])
        self.assertEqual(told(self.tick().log, "a shop needs attention"), [], "once")
        self.simulator.shop("shop1", token_is_active=True)
        self.backend.value("SELECT koppeling.replace_token(%s, decode(%s, 'base64'))", integration,
                           self.seal("token-shop1", "shop1.myonline.store"))
        self.work()
        well, = told(self.tick().log, "a shop is well again")
        self.assertEqual((well["level"], well["shop"]), ("info", "shop1.myonline.store"))

    def test_what_was_told_to_nobody_waits_for_a_scheduler(self):
        self.backend.value("SELECT koppeling.ping()")
        self.db.run("UPDATE koppeling.job SET state = 'failed'")
        self.assertEqual(len(told(self.tick().log, "a job gave up")), 1)
        self.assertEqual(told(self.tick().log, "a job gave up"), [])


class AccountEventsTest(BookingCase):
    def test_credentials_that_are_refused_and_accepted_again(self):
        self.db.run("UPDATE koppeling.account_credentials SET state = 'rejected', reason_code = 'x', reason = 'nee',"
                    " reason_en = 'no', checked_at = now() WHERE environment = 'production'")
        refused, = told(self.tick().log, "the credentials of an account are refused")
        self.assertEqual((refused["level"], refused["account"], refused["environment"], refused["reason"]),
                         ("warning", "1", "production", "no"))
        self.db.run("UPDATE koppeling.account_credentials SET state = 'unchecked', reason_code = NULL, reason = NULL,"
                    " reason_en = NULL")
        self.tick()
        self.work()
        accepted, = told(self.tick().log, "accepted again")
        self.assertEqual((accepted["level"], accepted["environment"]), ("info", "production"))
