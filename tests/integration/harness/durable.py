"""A PostgreSQL server that forgets nothing when it is killed, on a disk that can be filled."""
import errno
import os
import shutil
import subprocess
import time

from harness.cluster import Cluster
from harness.postgres import SqlError
from harness.programs import BUILD, ROOT

SETTINGS = ("fsync=on", "synchronous_commit=on", "full_page_writes=on", "min_wal_size=32MB", "max_wal_size=64MB",
            "log_lock_waits=on")
DISK_BYTES = 400_000_000


def _private_postgres(place, command):
    subprocess.run([ROOT / "deploy/private-postgres", command, place], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


class DurableCluster(Cluster):
    """PostgreSQL that forgets nothing when it is killed; on a disk that can be filled, where root allows it."""

    def __init__(self, name):
        self._place = BUILD / "test" / f"postgres-{name}"
        self._clear_away()
        self._filler = self._place / "filler"
        self.has_disk = self._mount()
        super().__init__(name)

    def _mount(self):
        if os.geteuid() != 0:
            return False
        self._place.mkdir(parents=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=755", "koppeling-test",
                               self._place],
                              stderr=subprocess.DEVNULL)
        if done.returncode != 0:
            self._place.rmdir()
        return done.returncode == 0

    def _control(self, command, *_):
        if command == "clean":  # already done; a mounted directory cannot be removed
            return ""
        return super()._control(command, *(SETTINGS if command in ("start", "restart") else ()))

    def _clear_away(self):
        if self._place.exists():
            socket_directory = os.path.realpath(self._place / "socket")
            _private_postgres(self._place, "stop")
            while os.path.ismount(self._place):
                subprocess.run(["umount", "-l", self._place], check=True)
            _private_postgres(self._place, "clean")
            if socket_directory.startswith("/tmp/koppeling-socket."):
                shutil.rmtree(socket_directory, ignore_errors=True)
        shutil.rmtree(self._place, ignore_errors=True)

    def remove(self):
        self._clear_away()

    @property
    def postmaster(self):
        try:
            return int((self._place / "data" / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def ensure_up(self):
        """Starts it if it is down, however often it takes; returns when it answers."""
        deadline = time.monotonic() + 60
        while True:
            try:
                self.session().close()
                return
            except (OSError, ConnectionError, SqlError):
                if time.monotonic() > deadline:
                    raise
            if self.postmaster is None or not os.path.exists(f"/proc/{self.postmaster}"):
                try:
                    self._control("restart")
                except subprocess.CalledProcessError:
                    pass
            time.sleep(0.1)

    def fill_disk(self):
        """Takes all the space that is left."""
        with open(self._filler, "wb", buffering=0) as file:
            try:
                while file.write(bytes(65536)):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free_disk(self):
        self._filler.unlink(missing_ok=True)
