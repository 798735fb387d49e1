"""Torture of the whole programs: a call of the running daemon fails, or is its last, and afterwards all is well."""
import collections
import errno
import re
import signal
import subprocess
import time

from driver import Driver
from harness.programs import BUILD, Program
from world import SHOPS, WORKER_FLAGS, World

FAULTS = BUILD / "torture" / "faults.so"
OUT_OF_MEMORY = 71
# What a program may end with: 0 or a code of sysexits; but for 70, by which it would call itself defective.
GOOD_ENDS = {0, *range(64, 79)} - {70}
# glibc has no other answer when there is no memory for the variables of a thread.
LIBC_GAVE_UP = (127, "cannot allocate memory for thread-local data")
# Which errors each call can have. All writes of ours are to event descriptors, which have none.
ERRORS = {
    "send": (errno.ECONNRESET, errno.EPIPE, errno.EINTR),
    "recv": (errno.ECONNRESET, errno.ETIMEDOUT, errno.ENOMEM, errno.EINTR),
    "read": (errno.EIO, errno.EINTR),
    "poll": (errno.ENOMEM, errno.EINTR),
    "epoll_wait": (errno.EINTR,),
    "epoll_ctl": (errno.ENOMEM, errno.ENOSPC),
    "socket": (errno.EMFILE, errno.ENOBUFS),
    "connect": (errno.ECONNREFUSED, errno.ENETUNREACH, errno.EAGAIN),
    "open": (errno.EMFILE, errno.EACCES),
    "eventfd": (errno.EMFILE,),
    "pthread_create": (errno.EAGAIN,),
}
KILLED_AT = ("send", "recv", "epoll_wait", "write")
KEYS = re.compile(r"public: \S{44}\nsecret: \S{44}\n")
SECONDS = 90  # in which a program ends, whatever fails


class Whole(World):
    """The world of the chaos test, in which one program at a time runs, and that with a fault."""

    def __init__(self):
        super().__init__("torture")
        self.driver = Driver(self, 7)
        self.counts = collections.defaultdict(collections.Counter)  # calls of an undisturbed run, by program
        self.ends = collections.Counter()
        self.done = collections.Counter()  # faults that happened
        self.findings = []

    def connect_shops(self):
        self.start_missing()
        deadline = time.monotonic() + 60
        while self.sql("SELECT FROM koppeling.integration WHERE state <> 'active'") != []:
            assert time.monotonic() < deadline, "the shops are not connected"
            time.sleep(0.1)
        self.findings += self.stop_programs()
        self.simulator.settings(latency_ms=2, jitter_ms=2)

    def make_work(self, rng):
        """Something for each kind of job to do."""
        shop = rng.choice(SHOPS)
        for number in self.simulator.add(shop, generate=2):
            self.ledger["kinds"][f"{shop}/{number}"] = "normal"
        waiting = self.sql("SELECT id FROM koppeling.imported_order WHERE state = 'open'"
                           " AND NOT EXISTS (SELECT FROM koppeling.shipment s WHERE s.order_id = imported_order.id)"
                           " ORDER BY id LIMIT 2")
        for row, ask in zip(waiting, (self._dispatch, self._label)):
            self.sql("SELECT koppeling.request_quote(%s)", row["id"], user="chaos_backend")
            ask(row["id"])
        self.driver.make_label_in_panel()
        self.driver.request_label_pdf()
        self.sql("UPDATE koppeling.imported_order SET watch_at = now() WHERE watch_at IS NOT NULL")
        self.sql("SELECT koppeling.check_account(2)", user="chaos_backend")
        self.sql("UPDATE koppeling.label SET track_at = now() WHERE track_at IS NOT NULL")
        self.sql("SELECT koppeling.poll_now(id) FROM koppeling.integration WHERE shop_host = %s",
                 f"{shop}.myonline.store")

    def _dispatch(self, order_id):
        done = self.sql("SELECT koppeling.dispatch_order(%s, 'postnl-pakket') AS shipment_id", order_id,
                        user="chaos_backend")
        self.ledger["dispatches"].append(
            {"order_id": order_id, "environment": "production", "shipment_id": done[0]["shipment_id"]})

    def _label(self, order_id):
        label = {"order_id": order_id, "environment": "production", "external_id": f"eigen-{order_id}"}
        self.sql("SELECT koppeling.record_label(%s, %s, %s, '3SPROEF', NULL)", *label.values(), user="chaos_backend")
        self.ledger["labels"].append(label)

    # A program with a fault.

    def _command(self, name):
        """The program, its arguments and its environment."""
        if name == "worker":
            environment = {**self._worker_environment(self.simulator.url), "KOPPELING_METRICS_ADDRESS": "127.0.0.1:0"}
            return "koppeling-worker", ["run", "--until-idle", *WORKER_FLAGS], environment
        if name == "scheduler":
            return "koppeling-scheduler", ["run", "--once"], self._environment("chaos_scheduler")
        if name == "migrate":
            return "koppeling-scheduler", ["migrate"], self._environment("postgres")
        return "koppeling-worker", ["keygen"], {}

    def run(self, name, fault=None):
        """Runs a program to its end; returns how it ended, and the words of its notes.

        Without HOME, libpq asks glibc for it, in which an assertion fails when there is no memory.
        """
        log = self._log_path(f"{name}-tortured")
        notes = log.with_suffix(".notes")
        program, arguments, environment = self._command(name)
        environment.update({"LD_PRELOAD": str(FAULTS), "TORTURE_NOTES": str(notes), "HOME": "/nonexistent"},
                           **({"TORTURE": fault} if fault else {}))
        program = Program(program, arguments, environment, log)
        try:
            ended = program.wait(SECONDS)
        except subprocess.TimeoutExpired:
            ended = program.kill()
            ended.status = None
        words = notes.read_text().split() if notes.exists() else []
        return ended, words

    def measure(self, name, rng):
        """How many calls of each kind an undisturbed run makes."""
        self._prepare(name, rng)
        ended, words = self.run(name)
        assert ended.status == 0, ended.log
        for call, count in zip(words[::2], words[1::2]):
            self.counts[name][call] = max(self.counts[name][call], int(count))

    def _prepare(self, name, rng):
        if name in ("worker", "scheduler"):
            self.make_work(rng)
        if name == "worker":
            self.run("scheduler")

    def strike(self, name, fault, rng):
        self._prepare(name, rng)
        ended, words = self.run(name, fault)
        if "hit" in words:
            self.done[" ".join(fault.split(":")[:2])] += 1
        self.ends[self._judge(name, fault, ended, "hit" in words)] += 1

    def _judge(self, name, fault, ended, was_hit):
        """How it ended, in a word; what was wrong with that goes to the findings."""
        if ended.status == -signal.SIGKILL and ":kill:" in fault and was_hit:
            return "killed"
        if ended.status == OUT_OF_MEMORY and ended.log.endswith("out of memory\n"):
            return "out of memory"
        if ended.status == LIBC_GAVE_UP[0] and LIBC_GAVE_UP[1] in ended.log:
            return "libc gave up"
        if ended.status is None:
            self.findings.append(f"{name} did not end within {SECONDS} s after {fault}")
            return "hung"
        if ended.status not in GOOD_ENDS or (ended.status != 0 and not ended.log.strip()):
            self.findings.append(f"{name} ended with status {ended.status} after {fault}: {ended.log[-600:]}")
            return "bad"
        if ended.status == 0 and name == "keygen" and KEYS.fullmatch(ended.out) is None:
            self.findings.append(f"keygen ended well after {fault}, but printed {len(ended.out)} bytes")
        return "status 0" if ended.status == 0 else f"status {ended.status}"


def plan(counts, rng, per_call):
    """Faults for a program: (HOW MANY by call) indices each, over the whole range of an undisturbed run."""
    faults = []
    for call, how_many in per_call.items():
        most = counts[call.split("/")[0]]
        if most == 0:
            continue
        for number in range(how_many):
            at = rng.randint(1, most)
            if call == "allocate":
                faults.append(f"allocate:{'on' if number % 2 else 'once'}:{at}")
            elif call.endswith("/kill"):
                faults.append(f"{call[:-5]}:kill:{at}")
            else:
                faults.append(f"{call}:{'burst' if number % 3 == 2 else 'once'}:{at}:{rng.choice(ERRORS[call])}")
    rng.shuffle(faults)
    return faults


def amounts(scale):
    """How many faults of each kind: for the worker, and for the scheduler."""
    worker = {"allocate": 36 * scale, **{call: scale for call in ERRORS},
              **{f"{call}/kill": 4 * scale for call in KILLED_AT}}
    scheduler = {"allocate": 12 * scale, "send": scale, "recv": scale, "poll": scale, "send/kill": scale}
    return {"worker": worker, "scheduler": scheduler, "migrate": {"allocate": 6 * scale, "recv": scale},
            "keygen": {"allocate": 6 * scale, "open": scale, "read": scale}}
