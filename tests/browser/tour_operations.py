"""Takes the pictures of the pages for whoever is on call: a night in which not everything went well."""
from album import Camera
from case import BrowserCase, orders
from chromium import PHONE

# How it went: every ten minutes so many jobs, with an hour in which the shops were slow to answer.
HISTORY = """
    INSERT INTO koppeling.job_history (id, kind, created_at, started_at, finished_at, integration_id, outcome, attempts,
                                       http_status, errors)
    SELECT nextval('koppeling.job_id_seq'), (ARRAY['poll', 'confirm_order', 'quote'])[1 + n % 3],
           t.at - wait.seconds * interval '1 second', t.at, t.at + interval '300 milliseconds', 1, 'done',
           1 + t.is_slow::integer, 200,
           CASE WHEN t.is_slow AND n % 4 = 0 THEN jsonb_build_array(jsonb_build_object(
               'attempt', 1, 'at', t.at, 'class', 'timeout', 'error', 'no answer within 30 s')) END
    FROM (SELECT now() - (minutes * interval '1 minute') AS at, minutes BETWEEN 60 AND 110 AS is_slow, minutes
          FROM generate_series(4, 176, 4) AS m (minutes)) t
    CROSS JOIN LATERAL generate_series(1, 14 + ((t.minutes * 7) % 23) - 8 * t.is_slow::integer) AS s (n)
    CROSS JOIN LATERAL (SELECT CASE WHEN t.is_slow THEN 9 + n % 7 ELSE 0.2 + (n % 5) * 0.1 END AS seconds) wait"""


class OperationsTour(BrowserCase):
    def setUp(self):
        super().setUp()
        self.add_person("olga", role="operations", account=None, language="nl")
        self.camera = Camera(self.person)

    def test_the_pages_of_operations(self):
        self.bring_trouble()
        self.start_daemons()
        self.person.sign_in("olga")
        self.look_at_the_queue()
        self.retry_in_three_clicks()
        self.look_around()

    def bring_trouble(self):
        """Two orders that the shop refuses to mark, one shipment on staging that is refused, two shops in trouble."""
        for shop in ("theehuis", "boekenkast", "speelgoed"):
            self.simulator.shop(shop)
        self.connect("theehuis", "boekenkast", "speelgoed")
        self.simulator.add("theehuis", orders=orders(1001, 1002, 1003, 1004, 1005, 1006))
        self.poll()
        for number in (1002, 1003):
            self.simulator.fault("status", "shop:theehuis", status=422, method="PATCH", path_contains=f"/{number}")
        self.simulator.fault("status", "boekuwzending-staging", status=422, method="POST", path_contains="/shipments",
                             body='{"title": "Postcode is onbekend"}', content_type="application/problem+json")
        for number in (1001, 1002, 1003):
            self.dispatch(number)
        self.dispatch(1004, environment="staging")
        for _ in range(3):
            self.tick()
            self.hasten()
            self.work()
        self.simulator.shop("boekenkast", token="een-ander-token")
        self.poll_again(2)
        self.simulator.fault("status", "shop:speelgoed", status=429, retry_after="1800")
        self.poll_again(3)
        self.db.run(HISTORY)
        # Workers and schedulers of the preparation are not what there is to see.
        self.db.run("DELETE FROM koppeling.worker")
        self.db.run("DELETE FROM koppeling.scheduler")
        self.refuse_an_account()

    def refuse_an_account(self):
        self.db.run("INSERT INTO koppeling.account (id, name) VALUES (2, 'Bloemen Voorbeeld')")
        sealed = self.seal("een verkeerd geheim")
        self.db.run("UPDATE koppeling.account SET client_id = 'onbekend', sealed_client_secret = decode(%s, 'base64')"
                    " WHERE id = 2", sealed)
        self.tick()
        self.work()

    def go(self, path, name, **look):
        self.person.open(path)
        self.camera.take(name, **look)

    def look_at_the_queue(self):
        person = self.person
        self.wait_until(lambda: person.find_all("svg.plot"), "the plots come by themselves")
        self.camera.take("ops")
        self.camera.take("ops-dark", is_dark=True)
        self.camera.take("ops-phone", PHONE)
        self.go("/ops/course?hours=6", "ops-course")

    def retry_in_three_clicks(self):
        person = self.person
        person.open("/ops")
        person.click("Mislukte taken: 3", "main")
        self.camera.take("ops-jobs")
        self.simulator.clear_faults()
        job = self.db.value("SELECT max(id) FROM koppeling.job WHERE state = 'failed' AND kind = 'mark_shipped'")
        person.click(f"mark_shipped {job}")
        self.camera.take("ops-job")
        person.click("Opnieuw proberen")
        ended = "SELECT count(*) FROM koppeling.job_history WHERE id = %s"
        self.wait_until(lambda: self.db.value(ended, job), "it ends")
        person.reload()
        self.camera.take("ops-job-retried")

    def look_around(self):
        person = self.person
        person.open("/ops/jobs")
        person.click("Alle mislukte van dit filter opnieuw…")
        self.camera.take("ops-redrive")
        self.go("/ops/shops", "ops-shops")
        self.go("/ops/accounts", "ops-accounts")
        self.go("/ops/processes", "ops-processes")
        person.open("/ops/apis")
        person.open_details("Stilzetten")
        self.camera.take("ops-apis")
