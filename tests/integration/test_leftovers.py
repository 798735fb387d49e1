"""What the tests themselves leave behind when they are killed: nothing."""
import os
import signal
import subprocess
import sys
import unittest

from harness.programs import BUILD, Guard, wait_until

# A cluster on a disk of its own, as the chaos test has it, and a word when it stands.
RUN = """
import sys, time
from harness.durable import DurableCluster
print(DurableCluster(sys.argv[1]).socket_directory, flush=True)
time.sleep(600)"""


def is_running(pid):
    """Not one that has ended and that nobody has asked about yet."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class LeftoversTest(unittest.TestCase):
    def troubles(self):
        return ""

    def test_a_run_that_is_killed_leaves_no_server_no_disk_and_no_folder(self):
        name = f"killed-{os.getpid()}"
        with subprocess.Popen([sys.executable, "-B", "-c", RUN, name], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as run:
            place = run.stdout.readline().strip()
            postmaster = int((BUILD / "test" / f"postgres-{name}" / "data" / "postmaster.pid").read_text().split()[0])
            self.assertEqual(os.path.ismount(place), os.geteuid() == 0)
            os.kill(postmaster, signal.SIGSTOP)  # as chaos may have left it
            run.kill()
        wait_until(lambda: not os.path.exists(place), "the folder is gone")
        wait_until(lambda: not is_running(postmaster), "PostgreSQL has ended")
        self.assertNotIn(place, open("/proc/self/mounts").read())
        wait_until(lambda: not os.path.lexists(BUILD / "test" / f"postgres-{name}"), "the link is gone, too")

    def test_a_guard_that_is_released_has_done_its_work(self):
        file = BUILD / "test" / f"guarded-{os.getpid()}"
        file.touch()
        guard = Guard("rm", file)
        self.assertTrue(file.exists())
        guard.release()
        self.assertFalse(file.exists())
