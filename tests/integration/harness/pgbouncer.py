"""PgBouncer before the private PostgreSQL, in transaction mode."""
import pathlib
import shutil
import tempfile

from harness.programs import Daemon, give, wait_until

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


class Pooler:
    def __init__(self, server_directory):
        self.directory = tempfile.mkdtemp(prefix="pooler.", dir=server_directory)
        home = pathlib.Path(self.directory)
        (home / "ini").write_text(CONFIGURATION.format(server=server_directory, home=home))
        for path in (home, home / "ini"):
            give(path)
        self._daemon = Daemon(["pgbouncer", "--quiet", str(home / "ini")], home / "out")
        wait_until(lambda: (home / ".s.PGSQL.6432").exists() or not self._daemon.is_running, "pgbouncer listens")
        assert self._daemon.is_running, (home / "out").read_text()

    def url(self, database):
        return f"host={self.directory} port=6432 user=postgres dbname={database}"

    def close(self):
        self._daemon.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
