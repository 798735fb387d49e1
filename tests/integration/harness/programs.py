"""Starting the real programs and ending them, by process id, whatever happens."""
import ctypes
import os
import pathlib
import re
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / os.environ.get("BUILD", "build")
PDEATHSIG = 1

# The scripts in tests/analysis set these: under a sanitizer or valgrind all takes longer, and a sanitizer's settings
# must reach the programs, which get nothing else of our environment.
PATIENCE = float(os.environ.get("TEST_PATIENCE", "1"))
UNDER = os.environ.get("TEST_UNDER", "").split()
SANITIZERS = {name: value for name, value in os.environ.items() if re.fullmatch("(A|L|T|UB)SAN_OPTIONS", name)}


def wait_until(condition, what, seconds=30, every=0.02):
    """Waits until condition() gives something true, and returns it."""
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain until {what}; last seen: {value!r}")
        time.sleep(every)


def _die_with_parent():
    ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGKILL)


class Finished:
    """A program that has ended."""

    def __init__(self, status, out, log):
        self.status, self.out, self.log = status, out, log


class Program:
    """A program that runs in the background, with its log in a file."""

    def __init__(self, name, arguments, environment, log_path):
        self.log_path = pathlib.Path(log_path)
        self._out_path = self.log_path.with_suffix(".out")
        with open(self._out_path, "wb") as out, open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [*UNDER, BUILD / name, *arguments], cwd=ROOT, env={**SANITIZERS, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out, stderr=log, preexec_fn=_die_with_parent)
        self.pid = self.process.pid

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    @property
    def is_running(self):
        return self.process.poll() is None

    def signal(self, number):
        if self.is_running:
            self.process.send_signal(number)

    def wait(self, seconds=60):
        status = self.process.wait(seconds * PATIENCE)
        return Finished(status, self._out_path.read_text(errors="replace"), self.log)

    def stop(self, seconds=30):
        """Asks it to end, and makes it end."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait()


def run_program(name, arguments, environment, log_path, seconds=90):
    """Runs a program to its end."""
    program = Program(name, arguments, environment, log_path)
    try:
        return program.wait(seconds)
    except subprocess.TimeoutExpired:
        ended = program.kill()
        raise AssertionError(
            f"{name} {' '.join(arguments)} did not end within {seconds} s:\n{ended.log[-3000:]}")
    finally:
        program.kill()
