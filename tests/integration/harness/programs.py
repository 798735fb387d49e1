"""Starting the real programs and ending them, by process id, whatever happens."""
import ctypes
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / os.environ.get("BUILD", "build")
PDEATHSIG = 1
PLACES = "/usr/sbin:/usr/bin:/sbin:/bin"

# What the caller has set is for another server and another worker: PGPORT alone would mislead all that uses libpq.
for _name in [name for name in os.environ if name.startswith(("PG", "KOPPELING_"))]:
    del os.environ[_name]

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


def account():
    """Who runs what refuses to run as root, as PostgreSQL and PgBouncer do; None when we are not root."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


def give(path):
    """What the account uses is its own."""
    user = account()
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


class Guard:
    """Clears away: runs a command when it is released, or when this process is gone, even if it was killed."""

    def __init__(self, *command):
        # cat ends when nobody holds the other end any more; a session of its own, so that no Ctrl-C gets there.
        self._process = subprocess.Popen(
            ["sh", "-c", 'cat >/dev/null; exec "$@"', "guard", *map(str, command)], cwd=ROOT, start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def release(self):
        """Returns when all is cleared away; more than once does no harm."""
        self._process.stdin.close()
        self._process.wait()


class Process:
    """A process that does not outlive us."""

    def __init__(self, arguments, environment, directory, out, log, user=None):
        def in_child():
            ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGKILL)  # after the change of user, which clears it

        as_user = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid,
                                           "extra_groups": os.getgrouplist(user.pw_name, user.pw_gid)}
        self.process = subprocess.Popen(arguments, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                        stderr=log, preexec_fn=in_child, **as_user)
        self.pid = self.process.pid

    @property
    def is_running(self):
        return self.process.poll() is None

    def signal(self, number):
        if self.is_running:
            self.process.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()


class Daemon(Process):
    """A program of a package, under the account, with its output in a log."""

    def __init__(self, arguments, log_path, environment=()):
        program = shutil.which(arguments[0], path=PLACES)
        with open(log_path, "ab") as log:
            super().__init__([program, *arguments[1:]], {"PATH": PLACES, **dict(environment)}, "/", log, log, account())


class Finished:
    """A program that has ended."""

    def __init__(self, status, out, log):
        self.status, self.out, self.log = status, out, log


class Program(Process):
    """One of our programs in the background, with its log in a file."""

    def __init__(self, name, arguments, environment, log_path):
        self.log_path = pathlib.Path(log_path)
        self._out_path = self.log_path.with_suffix(".out")
        with open(self._out_path, "wb") as out, open(self.log_path, "wb") as log:
            super().__init__([*UNDER, BUILD / name, *arguments], {**SANITIZERS, **environment}, ROOT, out, log)

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

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
