"""A PostgreSQL server that forgets nothing when it is killed, on a disk that can be filled."""
import errno
import os
import subprocess
import time

from harness.cluster import Cluster
from harness.postgres import SqlError

DISK = "400m"


class DurableCluster(Cluster):
    """PostgreSQL that forgets nothing when it is killed; on a disk that can be filled, where root allows it."""

    settings = (f"--disk={DISK}", "fsync=on", "synchronous_commit=on", "full_page_writes=on", "min_wal_size=32MB",
                "max_wal_size=64MB", "log_lock_waits=on")

    def __init__(self, name):
        super().__init__(name)
        self.has_disk = os.path.ismount(self.socket_directory)
        self._filler = self.directory / "filler"

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
