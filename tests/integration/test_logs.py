"""What a log is like: for machines, in the journal, on a terminal, and when a service is down for many shops."""
import collections
import json
import os
import pty
import re
import subprocess

from harness.case import Case
from harness.programs import BUILD

LINE = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ "]+)(?: |$)')


def fields(line):
    """Keys and values of a logfmt line, all of it."""
    found = LINE.findall(line)
    assert " ".join(f"{key}={value}" for key, value in found) == line, line
    return found


class LogsTest(Case):
    def arguments(self, *flags):
        return [str(BUILD / "koppeling-worker"), "run", "--until-idle", *flags]

    def run_into(self, stream, *flags, **settings):
        environment = self.worker_environment(**settings)
        return subprocess.run(self.arguments(*flags), env=environment, stderr=stream, timeout=60, check=False)

    def make_trouble(self, count=3):
        """Shops that are down, and a poll of each that fails."""
        integrations = []
        for number in range(count):
            self.simulator.shop(f"shop{number}")
            integrations.append(self.connect(f"shop{number}"))
            self.simulator.fault("status", f"shop:shop{number}", status=503)
        for integration in integrations:
            self.backend.value("SELECT koppeling.poll_now(%s)", integration)

    def test_every_line_parses_and_no_key_comes_twice(self):
        self.make_trouble()
        lines = self.work("--log-level=debug").log.splitlines()
        self.assertGreater(len(lines), 5)
        for line in lines:
            keys = [key for key, _ in fields(line)]
            self.assertEqual(keys[:2], ["time", "level"], line)
            self.assertEqual(len(set(keys)), len(keys), line)

    def test_a_failed_attempt_names_the_shop_and_the_api(self):
        self.make_trouble(1)
        failed = [dict(fields(line)) for line in self.work().log.splitlines() if '"attempt failed"' in line]
        self.assertEqual([(line["kind"], line["shop"], line["api"], line["status"]) for line in failed[:1]],
                         [("poll", "shop0.myonline.store", "mijnwebwinkel", "503")])

    def test_every_line_parses_as_json_too(self):
        self.make_trouble()
        lines = self.work("--log-format=json", "--log-level=debug").log.splitlines()
        self.assertGreater(len(lines), 5)
        for line in lines:
            keys = json.loads(line, object_pairs_hook=list)
            self.assertEqual([key for key, _ in keys[:2]], ["time", "level"], line)
            self.assertEqual(len(dict(keys)), len(keys), line)

    def test_the_id_of_a_call_is_in_the_log_with_the_attempt_and_at_the_service(self):
        self.make_trouble(1)
        lines = [dict(fields(line)) for line in self.work().log.splitlines() if '"attempt failed"' in line]
        asked = [request["request_id"] for request in self.simulator.requests("shop0", "GET", "/v1/orders")
                 if request["status"] == 503]
        kept = self.db.value("SELECT errors FROM koppeling.job WHERE kind = 'poll'")
        self.assertEqual([error["call"] for error in kept], asked[-len(kept):])
        self.assertEqual([line["call"] for line in lines], asked[:len(lines)])
        self.assertEqual(asked[0], f"koppeling-{lines[0]['job']}-1-1")
        self.assertEqual(len(set(asked)), len(asked), "each has its own")

    def test_in_the_journal_the_priority_stands_before_each_line(self):
        self.make_trouble()
        path = self.log_directory / "journal"
        for form, start in (("logfmt", "time="), ("json", "{")):
            with self.subTest(form=form), open(path, "w") as stream:
                status = os.fstat(stream.fileno())
                self.run_into(stream, f"--log-format={form}", KOPPELING_THREDS="1",
                              JOURNAL_STREAM=f"{status.st_dev}:{status.st_ino}")
                lines = path.read_text().splitlines()
                self.assertTrue(all(re.match(rf"<[346]>{start}", line) for line in lines), lines)
                for line in lines:
                    self.assertEqual("warning" in line.split("thread")[0], line.startswith("<4>"), line)

    def test_a_terminal_gets_the_time_of_the_day_and_colour_unless_it_wants_none(self):
        for unwanted, level in ((None, "\x1b[33mwarning\x1b[0m"), ("1", "warning")):
            with self.subTest(unwanted=unwanted):
                leader, follower = pty.openpty()
                self.run_into(follower, KOPPELING_THREDS="1", NO_COLOR=unwanted)
                os.close(follower)
                text = os.read(leader, 65536).decode()
                os.close(leader)
                self.assertRegex(text, r"^\d\d:\d\d:\d\d\.\d{3} " + re.escape(level) + " no program reads this ")

    def test_the_last_word_is_json_where_the_log_is(self):
        for flags, settings in ((("--log-format=json",), {"KOPPELING_DATABASE_URL": "host=/nonexistent"}),
                                (("--threads=0",), {"KOPPELING_LOG_FORMAT": "json"})):
            with self.subTest(flags=flags):
                done = self.program("koppeling-worker", "run", *flags, environment=self.worker_environment(**settings))
                last = json.loads(done.log.splitlines()[-1])
                self.assertEqual((last["level"], last["event"], last["program"]),
                                 ("error", "failed", "koppeling-worker"))

    def test_when_many_shops_are_down_a_few_lines_tell_it_and_count_the_rest(self):
        self.db.run("UPDATE koppeling.retry_rule SET max_attempts = 1000, backoff_base = '0.2 seconds',"
                    " backoff_cap = '0.2 seconds'; UPDATE koppeling.job_kind SET max_attempts = 1000")
        self.db.run("UPDATE koppeling.api SET breaker_limit = 1000000")
        self.make_trouble(50)
        worker = self.start_worker()

        def lines_of_seconds():
            return collections.Counter(re.findall(r"^time=(\S+)\.\d+Z", worker.log, re.MULTILINE))

        self.wait_until(lambda: " left_out=" in worker.log and len(lines_of_seconds()) >= 7, "the rest is counted", 60)
        # Begun with some twenty lines at once; then a few each second, though hundreds of attempts fail in it.
        self.assertLessEqual(max(list(lines_of_seconds().values())[2:-1]), 6)
        worker.stop()
        failed = [dict(fields(line)) for line in worker.log.splitlines() if '"attempt failed"' in line]
        left_out = sum(int(line.get("left_out", "0")) for line in failed)
        self.assertGreater(left_out, len(failed))
