"""What a worker keeps in memory, and where."""
import base64
import os
import re
import subprocess
import unittest

from harness.booking import BookingCase
from harness.programs import BUILD, SANITIZERS, UNDER

TOKEN = "geheugenkanarie-4f19c7e2"
WATCHED = "under a sanitizer or valgrind memory is laid out otherwise, and locking it does nothing"


class Memory:
    """The memory of a process as root can read it: [(where it starts, flags, bytes)]."""

    def __init__(self, pid):
        self.parts = []
        with open(f"/proc/{pid}/smaps") as file, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for part in re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", file.read())[1:]:
                head, flags = part.splitlines()[0], re.search(r"VmFlags: (.*)", part).group(1).split()
                start, end = (int(number, 16) for number in head.split()[0].split("-"))
                try:
                    memory.seek(start)
                    self.parts.append((start, flags, memory.read(end - start)))
                except (OSError, ValueError, OverflowError):
                    pass  # guard pages, and what the kernel keeps for itself

    def find(self, wanted):
        """The flags of each part that holds these bytes, once for each place."""
        return [flags for _, flags, content in self.parts for _ in re.finditer(re.escape(wanted), content)]


@unittest.skipIf(SANITIZERS or UNDER, WATCHED)
@unittest.skipUnless(os.geteuid() == 0, "needs root, to read the memory of a process that may not be dumped")
class MemoryTest(BookingCase):
    def setUp(self):
        super().setUp()
        self.simulator.shop("shop1", token=TOKEN)
        self.key = base64.b64decode(self.surroundings.secret_key)

    def look(self, worker):
        return Memory(worker.pid)

    def test_the_key_is_in_locked_memory_once_and_its_text_nowhere(self):
        worker = self.start_worker()
        memory = self.look(worker)
        self.assertEqual(len(memory.find(self.key)), 1)
        flags, = memory.find(self.key)
        self.assertIn("lo", flags, "locked")
        self.assertIn("dd", flags, "not in a core file")
        self.assertNotIn("wr", flags, "read-only")
        self.assertEqual(memory.find(self.surroundings.secret_key.encode()), [])
        self.assertNotIn("cannot be locked", worker.log)

    def test_two_keys_are_kept_so_too(self):
        other = self.program("koppeling-worker", "keygen", environment={}).out.split()[3]
        memory = self.look(self.start_worker(KOPPELING_SECRET_KEY=other,
                                             KOPPELING_PREVIOUS_SECRET_KEY=self.surroundings.secret_key))
        for key in (other, self.surroundings.secret_key):
            self.assertEqual(len(memory.find(base64.b64decode(key))), 1)
            self.assertEqual(memory.find(key.encode()), [])

    def test_of_a_shop_token_only_the_cache_has_a_copy_when_the_work_is_done(self):
        """A copy that a library forgot about stays until its memory is used again; those must not pile up."""
        worker = self.start_worker("--threads=1")
        integration = self.request_connection(token=TOKEN)
        self.wait_until(lambda: self.shop(integration)["state"] == "active", "it is connected")
        self.wait_until(lambda: not self.jobs(), "all is done")
        few = self.look(worker).find(TOKEN.encode())
        self.assertGreater(len(few), 0, "the search would find them")
        for _ in range(20):
            self.backend.value("SELECT koppeling.poll_now(%s)", integration)
            self.wait_until(lambda: not self.jobs(), "it is polled")
        many = self.look(worker).find(TOKEN.encode())
        self.assertLessEqual(len(many), 6)


@unittest.skipIf(SANITIZERS or UNDER, WATCHED)
class LockedMemoryTest(BookingCase):
    def test_a_worker_says_when_the_key_cannot_be_locked(self):
        limited = ["prlimit", "--memlock=0", "setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock"]
        if os.geteuid() != 0:
            limited = limited[:2]
        done = subprocess.run([*limited, BUILD / "koppeling-worker", "run", "--until-idle"],
                              env=self.worker_environment(),
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=90)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("the secret key cannot be locked in memory"), 1, done.stderr)
        self.assertNotIn("cannot be locked", self.work().log)
