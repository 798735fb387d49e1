"""Makes work, brings the primary down in several ways, and waits until everybody works again."""
import collections
import signal
import threading
import time

from driver import Driver
from failover_rig import TROUBLE
from failover_world import THREADS
from world import WORKERS

WAIT = 120  # seconds until something counts as stuck
SAY_SECONDS = 0.05
KINDS = ("node", "node", "freeze", "node", "postmaster", "node", "switchover", "node", "agent", "node")
IN_WORDS = {"node": "host killed", "freeze": "host frozen, later thawed", "agent": "only Patroni frozen",
            "postmaster": "postmaster killed", "switchover": "switchover"}


class Stuck(Exception):
    """Something did not go on within WAIT seconds."""


class Writer(threading.Thread):
    """A back end that never stops writing, and remembers what it was told and when."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world = world
        self.acknowledged = []  # (note, when), by the wall clock
        self.troubles = collections.Counter()
        self._is_over = threading.Event()
        self.start()

    def run(self):
        session, note = None, 0
        while not self._is_over.wait(SAY_SECONDS):
            note += 1
            try:
                if session is None:
                    session = self.world.backend_session()
                session.warnings.clear()
                session.rows("INSERT INTO chaos.written VALUES (%s); SELECT koppeling.ping(1)", note)
                if session.warnings:  # such as: not replicated. Then it is unknown.
                    raise ConnectionError(session.warnings[0].get("M"))
                self.acknowledged.append((note, time.time()))
            except TROUBLE as error:
                self.troubles[str(error)[:60]] += 1
                if session is not None:
                    session.close()
                session = None

    def end(self):
        self._is_over.set()
        self.join()

    def is_heard_since(self, moment):
        return bool(self.acknowledged) and self.acknowledged[-1][1] > moment

    def longest_gap(self, since):
        return longest_gap([when for _, when in self.acknowledged], since)


def longest_gap(moments, since):
    """(start, end) of the longest time without any, of those that end after `since`."""
    pairs = [(a, b) for a, b in zip(moments, moments[1:]) if b > since]
    return max(pairs, key=lambda pair: pair[1] - pair[0])


class FailoverDriver(Driver):
    def __init__(self, world, seed, kills, kinds=None):
        super().__init__(world, seed)
        self.rig = world.server
        self.plan = [(kinds or KINDS)[number % len(kinds or KINDS)] for number in range(kills)]
        self.rng.shuffle(self.plan)
        self.writer = None
        self.done = []  # a dictionary of measures for each kill

    def start(self):
        super().start()
        self.writer = Writer(self.world)

    def end(self):
        self.writer.end()
        self.world.ledger["notes"] = [note for note, _ in self.writer.acknowledged]
        self.world.ledger["pings"] += len(self.writer.acknowledged)

    def work_until(self, condition, what):
        """Goes on making work until the condition holds; returns when that was."""
        deadline = time.monotonic() + WAIT
        next_work = 0
        while not condition():
            if self.world.not_running():
                raise Stuck(f"these programs ended by themselves: {self.world.not_running()}")
            if time.monotonic() > deadline:
                raise Stuck(f"waited {WAIT} s in vain until {what}")
            if time.monotonic() > next_work:
                self.make_work()
                next_work = time.monotonic() + self.rng.uniform(0.2, 0.6)
            time.sleep(0.05)
        return time.time()

    def round(self, number):
        """One kill, from a whole cluster to a whole cluster."""
        calm_until = time.monotonic() + self.rng.uniform(2, 4)
        self.work_until(lambda: time.monotonic() > calm_until and self.rig.is_whole(), "the cluster is whole")
        kind, old = self.plan[number], self.rig.last_leader
        before = old.postmaster
        killed = time.time()
        getattr(self, "kill_by_" + kind)(old)
        self.kills[kind] += 1
        self.work_until(lambda: self.is_replaced(old, before, kind), "there is another primary")
        found = time.time()
        measures = {"kind": kind, "old": old.name, "new": self.rig.last_leader.name, "killed": killed}
        self.await_all(found, killed, measures)
        old.thaw() if kind in ("freeze", "agent") else old.start()
        measures["whole"] = self.work_until(self.rig.is_whole, f"{old.name} streams again") - killed
        self.work_until(lambda: self.strangers() == 0, "nobody works on a standby")
        self.done.append(measures)
        return measures

    def is_replaced(self, old, postmaster, kind):
        leader = self.rig.leader()
        if kind == "postmaster" and leader is old:
            return old.postmaster not in (None, postmaster)
        return leader not in (None, old)

    # What brings it down.

    def kill_by_node(self, node):
        node.kill()

    def kill_by_freeze(self, node):
        node.freeze()

    def kill_by_agent(self, node):
        """Its lock runs out, another node is promoted, and PostgreSQL here still believes that it is the primary."""
        node.patroni.signal(signal.SIGSTOP)

    def kill_by_postmaster(self, node):
        node.kill_postmaster()

    def kill_by_switchover(self, node):
        configuration = str(node.configuration / "patroni.yml")
        self.rig.daemon("patronictl", ["patronictl", "-c", configuration, "switchover", "--force"])

    # Whether all are back.

    def await_all(self, found, killed, measures):
        self.work_until(lambda: self.writer.is_heard_since(found), "the back end can write")
        measures["at work"] = self.work_until(lambda: self.working(found) == WORKERS * THREADS,
                                              "all threads finish jobs") - killed
        measures["listening"] = self.work_until(lambda: self.listening() == WORKERS, "all listeners listen") - killed
        measures["polled"] = self.work_until(lambda: self.is_polled_since(found), "all shops are polled again") - killed
        self.work_until(lambda: self.strangers() == 0, "nobody works on a standby")
        self.work_until(lambda: not self.world.not_ready(), "all programs are ready")
        start, end = self.writer.longest_gap(killed)
        measures["write gap"] = end - start
        start, end = longest_gap(self.finishes(killed), killed)
        measures["resume"] = end - killed

    def count(self, query, *values):
        rows = self.world.sql(query, *values)
        return rows[0]["n"] if rows else None

    def working(self, since):
        """How many threads of the workers have finished a job since."""
        return self.count("SELECT count(DISTINCT (w.pid, w.thread)) AS n FROM koppeling.job_history h"
                          " JOIN koppeling.worker w ON w.id = h.worker_id WHERE h.finished_at > to_timestamp(%s)",
                          since)

    def listening(self):
        """Listeners whose last word was LISTEN, or a question whether the primary is still there."""
        return self.count("SELECT count(*) AS n FROM pg_stat_activity "
                          "WHERE application_name = 'koppeling-worker/listener'"
                          " AND (query LIKE '%LISTEN%' OR query LIKE '%emit_message%')")

    def is_polled_since(self, since):
        return self.count("SELECT count(*) AS n FROM koppeling.integration WHERE last_polled_at < to_timestamp(%s)",
                          since) == 0

    def strangers(self):
        """Connections of our programs to nodes that cannot write (and that answer)."""
        leader = self.rig.leader()
        answers = [node.rows("SELECT count(*) AS n FROM pg_stat_activity WHERE usename LIKE 'chaos_%'")
                   for node in self.rig.nodes if node is not leader and node.is_role("replica")]
        return sum(rows[0]["n"] for rows in answers if rows)

    def finishes(self, since):
        """When jobs were finished, from a little before that moment on."""
        rows = self.world.sql("SELECT extract(epoch FROM finished_at)::float8 AS at FROM koppeling.job_history"
                              " WHERE finished_at > to_timestamp(%s) - interval '2 seconds' ORDER BY finished_at",
                              since)
        if not rows:
            raise Stuck("the history cannot be read")
        return [row["at"] for row in rows]
