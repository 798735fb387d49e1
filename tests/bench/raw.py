"""The raw ceiling: pgbench runs the daemons' own statements, prepared, with the settings of their connections."""
import os
import pathlib
import re
import subprocess
import tempfile

from lab import BENCH

PGBENCH = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/pgbench"))[-1]
FIRST_WORKER = 1000
KINDS = (
    "{confirm_order,create_shipment,fetch_label,mark_shipped,ping,poll,push_order,quote,remove_order,verify,"
    "verify_account,watch_order}")
# The claim's own SELECT with one row per job becomes one row with arrays: pgbench variables cannot hold more.
GATHER = """
SELECT coalesce(array_agg(c.id), '{}')::text AS ids, coalesce(array_agg($2::bigint), '{}')::text AS tokens,
       replace($10::text, 'HERE', coalesce(max(c.run_at)::text, '-infinity')) AS run_ats,
       replace($11::text, 'HERE', coalesce(max(c.id), 0)::text) AS after_ids
FROM claimed_jobs c"""


def strip(query):
    """Without comments and the closing semicolon."""
    lines = (re.sub(r"\s*--.*$", "", line) for line in query.splitlines())
    return "\n".join(line for line in lines if line.strip()).strip().rstrip(";")


def bind(query, names):
    """$1.. become pgbench variables."""
    return re.sub(r"\$(\d+)", lambda match: ":" + names[int(match.group(1)) - 1], query)


def session_options(tune):
    """The statements of connection_tune.sql as PGOPTIONS, and what of connection_settings.sql costs time."""
    found = re.findall(r"^SET (\w+) = (.+);$", tune, re.MULTILINE)
    assert found
    return " ".join(f"-c {name}={value.replace(', ', ',')}" for name, value in [*found, ("jit", "off")])


class Pgbench:
    def __init__(self, database):
        self.database = database
        queries = database.lab.queries
        self.environment = {**os.environ, "PGHOST": database.lab.socket, "PGUSER": "postgres",
                            "PGDATABASE": database.name, "PGOPTIONS": session_options(queries["connection_tune"])}
        lanes = database.db.rows(strip(queries["queue_lanes"]).replace("$1", f"'{KINDS}'"))
        self.variables = {
            "kinds": "{" + ",".join(lane["kind"] for lane in lanes) + "}",
            "apis": "{" + ",".join(str(lane["api_id"]) for lane in lanes) + "}",
            "priorities": "{" + ",".join(str(lane["priority"]) for lane in lanes) + "}",
            "run_ats": "{" + ",".join(["-infinity"] * len(lanes)) + "}",
            "after_ids": "{" + ",".join(["0"] * len(lanes)) + "}",
            "rooms": "{" + ",".join(["1000000"] * len(lanes)) + "}",
            "run_at_pattern": "{" + ",".join("HERE" if self._is_ping(lane) else "-infinity" for lane in lanes) + "}",
            "after_id_pattern": "{" + ",".join("HERE" if self._is_ping(lane) else "0" for lane in lanes) + "}"}
        for worker in range(4):
            database.db.run(
                """INSERT INTO koppeling.worker (id, host, host_key, pid, pid_started, thread, version, lease_until)
                               OVERRIDING SYSTEM VALUE
                               VALUES (%s, 'bench', 'bench', 1, 1, 0, 'bench', now() + interval '1 day')
                               ON CONFLICT DO NOTHING""", FIRST_WORKER + worker)

    @staticmethod
    def _is_ping(lane):
        return lane["kind"] == "ping" and lane["priority"] == 1

    def claim(self, gathers):
        query = strip(self.database.lab.queries["queue_claim"])
        names = ["worker", "token", "batch", "kinds", "apis", "priorities", "run_ats", "after_ids", "rooms",
                 "run_at_pattern", "after_id_pattern"]
        if gathers:
            head, found, tail = query.rpartition("\nSELECT c.id, c.kind")
            assert found, "queue_claim.sql has another shape now"
            query = f"{head}, claimed_jobs AS MATERIALIZED (SELECT c.id, c.kind{tail}){GATHER}"
        return bind(query, names)

    def finish(self):
        names = ["ids", "tokens", "nulls", "nulls", "nulls", "nulls", "falses"]
        return bind(strip(self.database.lab.queries["queue_finish"]), names)

    def run(self, script, clients, *options, **variables):
        """Runs a script and returns what pgbench says."""
        with tempfile.NamedTemporaryFile("w", suffix=".sql", dir=BENCH, delete=False) as file:
            file.write(script)
        values = {**self.variables, **variables}
        try:
            done = subprocess.run(
                [PGBENCH, "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)), "-f", file.name,
                 *options,
                 *(f"-D{name}={value}" for name, value in values.items())],
                env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        finally:
            os.unlink(file.name)
        assert done.returncode == 0 and "aborted" not in done.stderr, (done.stdout + done.stderr)[-3000:]
        return done.stdout

    def drain(self, jobs, batch, clients):
        """Claims and finishes `jobs` queued pings in batches, each statement its own transaction. Returns jobs/s."""
        script = (f"\\set worker {FIRST_WORKER} + :client_id\n\\set token random(1, 9000000000000000000)\n"
                  f"{self.claim(True)} \\gset\n{self.finish()};\n")
        out = self.run(script, clients, "-t", str(jobs // batch // clients), batch=batch,
                       nulls="{" + ",".join(["NULL"] * batch) + "}", falses="{" + ",".join(["f"] * batch) + "}")
        return batch * float(re.search(r"tps = ([\d.]+)", out).group(1))

    def claim_ms(self, batch, times):
        """What one claim takes when the transaction is then rolled back, in ms."""
        script = (f"\\set worker {FIRST_WORKER}\n\\set token random(1, 9000000000000000000)\nBEGIN;\n"
                  f"{self.claim(False)};\nROLLBACK;\n")
        out = self.run(script, 1, "-r", "-t", str(times), batch=batch)
        found = re.findall(r"^\s+([\d.]+)\s+\d+\s+WITH me", out, re.MULTILINE)
        assert found, out[-2000:]
        return float(found[0])
