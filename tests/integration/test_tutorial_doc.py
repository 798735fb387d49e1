"""docs/tutorial.md, from the top to the bottom: one shell runs its blocks, and each prints what stands below it."""
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness.case import Case, heavy
from harness.programs import BUILD, PATIENCE, PLACES, ROOT

PAGE = ROOT / "docs" / "tutorial.md"
NOT_RUN = re.compile(r"# not run by the test: (it installs packages|it asks a real shop|it needs systemd)\n")
# Whatever fails, nothing is left running.
SHELL = """set -euo pipefail
trap 'kill $(jobs -p) 2>/dev/null || true; wait; deploy/private-postgres clean "$PWD/build/tutorial/postgres"' EXIT
"""


def blocks(page):
    """[(the block, what stands below it or "")] of all that a reader types."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert {language for language, _ in found} == {"sh", ""}, "a block is typed into the shell, or printed by it"
    return [(text, found[place + 1][1] if found[place + 1:] and not found[place + 1][0] else "")
            for place, (language, text) in enumerate(found) if language]


class TutorialDocTest(Case):
    def setUp(self):
        super().setUp()
        self.blocks = blocks(PAGE.read_text())
        self.folder = Path(tempfile.mkdtemp(prefix="koppeling-tutorial-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "deploy").symlink_to(ROOT / "deploy")
        (self.folder / "build").mkdir()
        for program in BUILD.glob("koppeling-*"):
            (self.folder / "build" / program.name).symlink_to(program)

    @heavy
    def test_a_newcomer_who_follows_it_sees_what_it_says(self):
        run = [(text, printed) for text, printed in self.blocks if not NOT_RUN.match(text)]
        script = SHELL + "".join(f"{text}\necho '==end=='\n" for text, _ in run)
        done = subprocess.run(["bash", "-c", script], cwd=self.folder, capture_output=True, text=True,
                              env={"PATH": PLACES, "LC_ALL": "C.UTF-8"}, stdin=subprocess.DEVNULL,
                              timeout=120 * PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.split("==end==\n"), [printed for _, printed in run] + [""])

    def test_what_is_not_run_says_why_and_is_a_script(self):
        left = [text for text, _ in self.blocks if "not run" in text]
        self.assertEqual(len(left), 3)
        for text in left:
            self.assertRegex(text, NOT_RUN)
            subprocess.run(["bash", "-n", "-c", text], check=True)
