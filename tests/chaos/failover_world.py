"""The programs before a cluster of three: a World whose server is the rig, reached over one of two paths."""
import http.client
import os

from failover_rig import TROUBLE, Rig, free_ports
from world import ROLES, SCHEDULERS, SECRETS, WORKERS, World

PATHS = {
    "hosts": "all know the three hosts (multi-host URL), but for one worker that goes through PgBouncer",
    "haproxy": "all go through HAProxy; one worker, one scheduler and the back end through PgBouncer before it",
}
THREADS = 2
POOLED_WORKER, POOLED_SCHEDULER = WORKERS - 1, SCHEDULERS - 1


class FailoverWorld(World):
    """Here the programs run on while servers come and go, with the lease and the patience that they have in
    production."""

    worker_flags = (f"--threads={THREADS}", "--in-flight=50", "--request-timeout-seconds=5", "--grace-seconds=5")

    def __init__(self, path, times=None):
        self.path, self._times = path, times
        programs = [("chaos_worker", slot) for slot in range(WORKERS)]
        programs += [("chaos_scheduler", slot) for slot in range(SCHEDULERS)]
        self.metrics_ports = dict(zip(programs, free_ports(len(programs))))
        super().__init__("failover-" + path)

    def _make_server(self, name):
        self.server = Rig(name, self.directory, SECRETS["the password"], self._times)

    def _make_database(self):
        super()._make_database()
        self.server.start_pooler(f"chaos_{role}" for role in ROLES)

    def _environment(self, user, slot=0):
        through_haproxy = self.path == "haproxy" and user != "postgres"
        url = self.server.url_of_haproxy(user) if through_haproxy else self.server.url_of_all(user)
        made = {"PATH": os.environ["PATH"], "KOPPELING_DATABASE_URL": url}
        if (user, slot) in self.metrics_ports:
            made["KOPPELING_METRICS_ADDRESS"] = f"127.0.0.1:{self.metrics_ports[user, slot]}"
        if (user, slot) == ("chaos_worker", POOLED_WORKER):
            made.update(KOPPELING_LISTEN_URL=url, KOPPELING_DATABASE_URL=self.server.url_of_pooler(user))
        if (user, slot) == ("chaos_scheduler", POOLED_SCHEDULER) and through_haproxy:
            made["KOPPELING_DATABASE_URL"] = self.server.url_of_pooler(user)
        return made

    def backend_session(self):
        """A session as the back end has one."""
        if self.path == "haproxy":
            return self.server.pooled_session("chaos_backend")
        return self.server.session(user="chaos_backend")

    def sql(self, query, *values, user="postgres"):
        if user != "chaos_backend":
            return super().sql(query, *values, user=user)
        try:
            session = self.backend_session()
        except TROUBLE:
            return None
        try:
            return session.rows(query, *values)
        except TROUBLE:
            return None
        finally:
            session.close()

    # Healing: nobody has to do anything, or there is something wrong.

    def heal(self):
        self.server.ensure_up()

    def do_what_people_do(self):
        """Nothing: no service failed, so nothing waits for a person."""

    # How the programs are.

    def not_running(self):
        """Programs that ended although nobody asked."""
        return [program.log_path.name for program in self.workers + self.schedulers if not program.is_running]

    def not_ready(self):
        """What the programs that are not ready say about it."""
        reasons = []
        for program, port in self.metrics_ports.items():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                connection.request("GET", "/ready")
                answer = connection.getresponse()
                if answer.status != 200:
                    reasons.append(f"{program}: {answer.read().decode().strip()}")
            except TROUBLE as error:
                reasons.append(f"{program}: {error}")
            finally:
                connection.close()
        return reasons
