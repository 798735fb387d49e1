"""koppeling-scheduler top: once and plain into a file, live on a terminal, which it leaves as it was."""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios

from harness.case import Case
from harness.programs import BUILD


class Terminal:
    """The program on a terminal of its own; what it wrote so far."""

    def __init__(self, environment, rows=24, columns=80):
        self.leader, self.follower = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.follower)
        self.text = ""
        self.process = subprocess.Popen([BUILD / "koppeling-scheduler", "top"], stdin=self.follower,
                                        stdout=self.follower, stderr=self.follower, env=environment)

    def resize(self, rows, columns):
        fcntl.ioctl(self.follower, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        # Not select(), which knows no descriptor beyond 1023.
        ready = select.poll()
        ready.register(self.leader, select.POLLIN)
        while ready.poll(0):
            self.text += os.read(self.leader, 65536).decode()
        return self.text

    def last_screen(self):
        """The lines of the last whole screen."""
        screens = self.read().split("\x1b[H")[1:]
        whole = [screen for screen in screens if "\x1b[J" in screen]
        if not whole:
            return []
        return [line.rstrip("\r").removesuffix("\x1b[K") for line in whole[-1].split("\x1b[J")[0].split("\r\n")]

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.leader)
        os.close(self.follower)


class TopTest(Case):
    def setUp(self):
        super().setUp()
        self.simulator.shop("shop1")
        self.integration = self.connect("shop1")
        self.backend.value("SELECT koppeling.ping(3)")
        self.db.run("UPDATE koppeling.job SET state = 'failed' WHERE kind = 'ping'")
        self.db.run("UPDATE koppeling.integration SET state = 'needs_attention', reason_code = 'x', reason = 'x',"
                    " reason_en = E'no\\x1b[2Jway' WHERE id = %s", self.integration)
        self.db.run("UPDATE koppeling.api SET breaker_state = 'open', blocked_until = now() + interval '1 hour',"
                    " block_reason = 'breaker: HTTP 503' WHERE name = 'mijnwebwinkel'")

    def terminal(self, **size):
        terminal = Terminal({**self.environment("test_ops"), "TERM": "xterm"}, **size)
        self.addCleanup(terminal.close)
        self.wait_until(terminal.last_screen, "it is drawn")
        return terminal

    def test_into_a_file_it_is_printed_once(self):
        done = self.program("koppeling-scheduler", "top", environment=self.environment("test_ops"))
        self.assertEqual(done.status, 0, done.log)
        self.assertRegex(done.out, r"(?m)^  ping +0 +0 +3 +0\.0$")
        self.assertRegex(done.out, r"(?m)^  mijnwebwinkel production +open +0 +00:59:\d\d +breaker: HTTP 503$")
        self.assertRegex(done.out, r"(?m)^  shop1\.myonline\.store +needs_attention +0 +no\?\[2Jway$")
        self.assertRegex(done.out, r"(?m)^  \d\d:\d\d:\d\d +ping \d+ gave up ")
        self.assertNotIn("\x1b", done.out, "no word of the database drives a terminal")

    def test_a_login_that_may_not_see_all_sees_the_rest(self):
        done = self.program("koppeling-scheduler", "top", "--once", environment=self.environment("test_scheduler"))
        self.assertEqual(done.status, 0, done.log)
        self.assertIn("  ping ", done.out)
        self.assertIn("Shops that need attention\n  not to be seen by this login: it needs koppeling_ops\n", done.out)

    def test_without_a_database_it_says_so(self):
        done = self.program("koppeling-scheduler", "top", environment=self.environment(
            KOPPELING_DATABASE_URL="host=/nonexistent"))
        self.assertEqual((done.status, done.out), (69, ""))

    def test_on_a_terminal_it_fits_is_drawn_again_and_ends_with_q(self):
        terminal = self.terminal(rows=12, columns=40)
        screen = terminal.last_screen()
        self.assertLessEqual(len(screen), 12)
        self.assertLessEqual(max(map(len, screen)), 40)
        self.assertIn("\x1b[?1049h", terminal.text)
        terminal.resize(50, 150)
        terminal.process.send_signal(signal.SIGWINCH)
        self.wait_until(lambda: len(terminal.last_screen()) > 20, "it has more room")
        self.db.run("UPDATE koppeling.job SET state = 'queued', run_at = now() + interval '1 hour' WHERE kind = 'ping'")
        self.wait_until(lambda: any(line.split()[:4] == ["ping", "3", "0", "0"] for line in terminal.last_screen()),
                        "it is up to date")
        os.write(terminal.leader, b"q")
        self.assertEqual(terminal.process.wait(10), 0)
        self.assertTrue(terminal.read().endswith("\x1b[?25h\x1b[?1049l"))
        self.assertEqual(termios.tcgetattr(terminal.follower), terminal.before)

    def test_a_signal_leaves_the_terminal_as_it_was_too(self):
        terminal = self.terminal()
        terminal.process.send_signal(signal.SIGTERM)
        self.assertEqual(terminal.process.wait(10), 0)
        self.assertTrue(terminal.read().endswith("\x1b[?25h\x1b[?1049l"))
        self.assertEqual(termios.tcgetattr(terminal.follower), terminal.before)

    def test_a_database_that_goes_away_is_shown_and_comes_back(self):
        terminal = self.terminal(rows=40, columns=150)
        self.db.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'koppeling top'")
        drawn = terminal.read().count("\x1b[J")
        self.wait_until(lambda: terminal.read().count("\x1b[J") >= drawn + 2
                        and any("ping" in line for line in terminal.last_screen()), "it is there again")
        self.assertIsNone(terminal.process.poll())
