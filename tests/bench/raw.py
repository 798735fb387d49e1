"""The raw ceiling: pgbench runs the daemons' own statements, prepared, with the settings of their connections."""
import os
import pathlib
import re
import subprocess
import tempfile

from lab import BENCH, tree_cpu_seconds

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


POLLS_AT_ONCE, RAW_CLIENTS = 25, 2


def raw_orders(database, polled):
    """The ceiling of polls that find all new: the orders and lines of shops 1..polled, which were imported, are put in
    anew by INSERT ... SELECT from copies, those of 25 shops in each transaction of two connections. Returns polls/s,
    and PostgreSQL's CPU in s per 1,000. Whatever else was imported is gone then."""
    db = database.db
    columns = {table: ", ".join(db.column(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attgenerated = '' ORDER BY attnum", f"koppeling.{table}")) for table in ("imported_order", "order_line")}
    _copy_orders(db, columns, polled)
    wanted = db.row("SELECT (SELECT count(*) FROM raw_order) AS orders, (SELECT count(*) FROM raw_line) AS lines")
    db.run("TRUNCATE koppeling.imported_order CASCADE")
    db.run("CREATE SEQUENCE raw_batch MINVALUE 0")
    db.run("VACUUM (ANALYZE) raw_order, raw_line")
    db.run("CHECKPOINT")
    script = "SELECT nextval('raw_batch') AS batch \\gset\nBEGIN;\n" + "".join(
        f"INSERT INTO koppeling.{table} ({columns[table]}) SELECT {columns[table]} FROM {copy}"
        " WHERE batch = :batch ORDER BY place;\n"
        for table, copy in (("imported_order", "raw_order"), ("order_line", "raw_line"))) + "COMMIT;\n"
    turns = -(-polled // POLLS_AT_ONCE // RAW_CLIENTS)
    before = tree_cpu_seconds(database.lab.postmaster)
    out = Pgbench(database).run(script, RAW_CLIENTS, "-t", str(turns))
    used = tree_cpu_seconds(database.lab.postmaster) - before
    found = db.row("SELECT (SELECT count(*) FROM koppeling.imported_order) AS orders,"
                   " (SELECT count(*) FROM koppeling.order_line) AS lines")
    assert found == wanted, f"{found} of {wanted}"
    seconds = turns * RAW_CLIENTS / float(re.search(r"tps = ([\d.]+)", out).group(1))
    return {"raw_per_s": polled / seconds, "raw_cpu": used * 1000 / polled}


def _copy_orders(db, columns, polled):
    """Into tables that are not logged; payloads as they came, so that they are compressed again."""
    db.run("CREATE UNLOGGED TABLE raw_order (LIKE koppeling.imported_order, batch integer, place bigserial)")
    db.run("ALTER TABLE raw_order ALTER payload SET STORAGE PLAIN")
    as_it_came = columns["imported_order"].replace("payload,", "payload::text::json,")
    db.run(f"INSERT INTO raw_order ({columns['imported_order']}, batch)"
           f" SELECT {as_it_came}, (integration_id - 1) / {POLLS_AT_ONCE} FROM koppeling.imported_order"
           " WHERE integration_id <= %s ORDER BY id", polled)
    db.run("CREATE UNLOGGED TABLE raw_line AS SELECT l.*, o.batch, row_number() OVER (ORDER BY l.order_id, l.position)"
           " AS place FROM koppeling.order_line l JOIN raw_order o ON o.id = l.order_id")
    db.run("CREATE INDEX ON raw_order (batch)")
    db.run("CREATE INDEX ON raw_line (batch)")
