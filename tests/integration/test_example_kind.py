"""The kind that CONTRIBUTING adds, tests/example_kind: built into a worker, it does its job."""
import fcntl
import subprocess

from harness.case import Case
from harness.programs import BUILD, PLACES, ROOT, run_program

WORKER = "example_kind/koppeling-worker"


class ExampleKindTest(Case):
    def setUp(self):
        super().setUp()
        # One process of tests makes it; the other finds it made, and does not link what is running.
        with open(BUILD / "example_kind.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            subprocess.run(["make", "--no-print-directory", f"BUILD={BUILD}", BUILD / WORKER], cwd=ROOT, check=True,
                           env={"PATH": PLACES}, capture_output=True)
        self.db.run((ROOT / "tests" / "example_kind" / "greet.sql").read_text())

    def greet(self, args):
        job = self.db.value("""INSERT INTO koppeling.job (kind, api_id, priority, max_attempts, args)
            SELECT k.name, a.id, k.priority, k.max_attempts, %s::jsonb FROM koppeling.job_kind k
            JOIN koppeling.api a ON a.name = k.api WHERE k.name = 'greet' RETURNING id""", args)
        done = run_program(WORKER, ["run", "--until-idle"], self.worker_environment(), self._log_path("worker"), 60)
        self.assertEqual(done.status, 0, done.log[-3000:])
        return job

    def test_it_does_its_job(self):
        job = self.greet('{"name": "Fenna"}')
        self.assertEqual(self.db.value("SELECT result ->> 'greeted' FROM koppeling.job_history WHERE id = %s", job),
                         "Fenna")

    def test_what_it_cannot_do_waits_for_a_person(self):
        job = self.greet("{}")
        self.assertEqual(self.db.value("SELECT last_error FROM koppeling.failed_job WHERE id = %s", job),
                         "args have no name")
