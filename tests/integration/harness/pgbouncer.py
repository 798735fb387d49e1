"""PgBouncer before the private PostgreSQL, in transaction mode."""
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

from harness.programs import wait_until

CONFIGURATION = """
[databases]
* = host={server} user=postgres
[pgbouncer]
listen_addr =
unix_socket_dir = {home}
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 200
server_login_retry = 1
logfile = {home}/log
pidfile = {home}/pid
"""


def find():
    """The program, or None when it is not installed."""
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


class Pooler:
    def __init__(self, server_directory):
        self._folder = tempfile.TemporaryDirectory()
        self.directory = self._folder.name
        home = pathlib.Path(self.directory)
        (home / "ini").write_text(CONFIGURATION.format(server=server_directory, home=home))
        arguments = [find(), "--quiet", str(home / "ini")]
        if os.getuid() == 0:  # it refuses to run as root
            os.chown(home, pwd.getpwnam("postgres").pw_uid, -1)
            arguments[1:1] = ["--user", "postgres"]
        self._process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        wait_until(lambda: (home / ".s.PGSQL.6432").exists() or self._process.poll() is not None, "pgbouncer listens")
        assert self._process.poll() is None, (home / "log").read_text() if (home / "log").exists() else "no log"

    def url(self, database):
        return f"host={self.directory} port=6432 user=postgres dbname={database}"

    def close(self):
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()
