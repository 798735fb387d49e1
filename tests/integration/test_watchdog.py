"""What the service manager hears: ready, alive, stopping; and nothing more of a worker of which a thread hangs."""
import ctypes
import os
import socket

from harness.case import Case
from harness.gate import DatabaseGate

WATCHDOG_S = 4

# ptrace(2)
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000


class StoppedThread:
    """One thread stands still, and all others go on."""

    def __init__(self, thread):
        self.thread = thread
        self.libc = ctypes.CDLL(None, use_errno=True)

    def _ask(self, request):
        if self.libc.ptrace(request, self.thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def __enter__(self):
        self._ask(PTRACE_SEIZE)
        self._ask(PTRACE_INTERRUPT)
        os.waitpid(self.thread, WALL)

    def __exit__(self, *_):
        self._ask(PTRACE_DETACH)


class WatchdogTest(Case):
    def setUp(self):
        super().setUp()
        self.path = f"/tmp/koppeling-notify-{os.getpid()}"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.addCleanup(os.unlink, self.path)
        self.addCleanup(self.socket.close)
        self.heard = []

    def listen(self):
        while True:
            try:
                self.heard += self.socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return self.heard

    def hears(self, word, times=1):
        self.wait_until(lambda: self.listen().count(word) >= times, f"{word} is heard {times} times")

    def settings(self):
        return {"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": str(WATCHDOG_S * 1000000)}

    def check_life(self, program):
        self.hears("READY=1")
        self.hears("WATCHDOG=1", 3)
        program.stop()
        self.hears("STOPPING=1")

    def test_a_worker_tells_that_it_is_alive(self):
        self.check_life(self.start_worker(**self.settings()))

    def test_a_scheduler_tells_that_it_is_alive_also_between_rare_ticks(self):
        self.check_life(self.start_scheduler("--tick-seconds=60", **self.settings()))

    def test_a_database_that_is_away_is_no_hang(self):
        gate = DatabaseGate(self.cluster.socket_directory)
        self.addCleanup(gate.close)
        url = self.cluster.url(self.database, "test_worker").replace(self.cluster.socket_directory, gate.directory)
        worker = self.start_worker(KOPPELING_DATABASE_URL=url, **self.settings())
        self.hears("READY=1")
        gate.hold()
        self.heard.clear()
        self.hears("WATCHDOG=1", 6)
        self.assertNotIn("a thread hangs", worker.log)

    def test_a_worker_of_which_a_thread_hangs_says_nothing_more(self):
        if os.geteuid() != 0:
            self.skipTest("only root may stop a single thread of a program that shows nobody its memory")
        worker = self.start_worker("--threads=2", **self.settings())
        self.hears("WATCHDOG=1")
        thread = next(task for task in os.listdir(f"/proc/{worker.pid}/task")
                      if open(f"/proc/{worker.pid}/task/{task}/comm").read() == "worker0\n")
        with StoppedThread(int(thread)):
            self.wait_until(lambda: "a thread hangs" in worker.log, "it is noticed", 30)
            self.listen()
            self.heard.clear()
            self.wait_until(lambda: worker.log.count("a thread hangs") >= 3, "it is said again", 30)
            self.assertNotIn("WATCHDOG=1", self.listen())
        self.hears("WATCHDOG=1")
