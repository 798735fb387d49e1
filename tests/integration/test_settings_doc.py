"""What is written of the settings is what the programs say of them: manual pages, README, the file to start from."""
import re
import subprocess
import unittest

from harness.programs import BUILD, ROOT

PROGRAMS = ("scheduler", "worker", "panel")
PAGES = ("koppeling-settings.5", *(f"koppeling-{program}.1" for program in PROGRAMS))
README = (ROOT / "README.md").read_text()


def say(program, command):
    return subprocess.run([BUILD / f"koppeling-{program}", command], env={}, stdout=subprocess.PIPE, check=True,
                          text=True).stdout


class SettingsDocTest(unittest.TestCase):
    """Needs no database and no simulator."""

    maxDiff = None

    @staticmethod
    def troubles():
        return ""

    def setUp(self):
        # Of each setting: who has it, and its default, None where there are only words.
        self.programs, self.defaults = {}, {}
        for program in PROGRAMS:
            for name, value, place in re.findall(r"^(\w+)=(.*?) +# (.*)$", say(program, "config"), re.MULTILINE):
                self.programs.setdefault(name, set()).add(program)
                self.defaults[name] = value if place == "default" else None
        self.assertGreater(len(self.programs), 25)

    def test_the_manual_pages_are_what_make_manual_makes_of_the_help(self):
        for page in PAGES:
            with self.subTest(page=page):
                path = ROOT / "docs" / "man" / page
                made = subprocess.run(["awk", "-v", f"build={BUILD}", "-f", ROOT / "docs/man/settings.awk", path],
                                      stdout=subprocess.PIPE, check=True, text=True).stdout
                self.assertEqual(made, path.read_text())

    def test_the_page_of_settings_has_each_of_them_once_and_the_programs_in_theirs(self):
        page = (ROOT / "docs" / "man" / "koppeling-settings.5").read_text()
        self.assertEqual(sorted(re.findall(r"^\.BI (KOPPELING_\w+(?<!_FILE))= ", page, re.MULTILINE)
                                + ["KOPPELING_CA_FILE", "KOPPELING_SETTINGS_FILE"]), sorted(self.programs))
        for program in PROGRAMS:
            page = (ROOT / "docs" / "man" / f"koppeling-{program}.1").read_text()
            for name, whose in self.programs.items():
                self.assertEqual(f".BI {name}= " in page, program in whose, (program, name))

    def rows(self):
        """The rows of README's table: names, default and meaning."""
        table = README.split("| variable | default | meaning |", 1)[1].split("\n\n", 1)[0]
        return [(re.findall(r"KOPPELING_\w+", names), default, meaning)
                for names, default, meaning in re.findall(r"^\| (.*?) \| (.*?) \| (.*) \|$", table, re.MULTILINE)
                if "KOPPELING_" in names]

    def test_the_table_in_readme_has_each_of_them_with_its_default(self):
        rows = self.rows()
        self.assertEqual(sorted(name for names, _, _ in rows for name in names), sorted(self.programs))
        for names, default, meaning in rows:
            with self.subTest(names=names):
                known = [self.defaults[name] for name in names]
                told = [text.strip("` ") for text in default.split("`, `" if len(names) > 1 else "\n")]
                if known == [None] * len(names):
                    self.assertNotRegex(default, r"\d|https?:", "there is no value")
                else:
                    self.assertEqual(told, known)
                of_one = re.match(r"(scheduler|worker|panel)\b", meaning)
                whose = set.union(*(self.programs[name] for name in names))
                self.assertEqual(of_one and {of_one.group(1)}, whose if len(whose) == 1 else None)

    def test_the_file_to_start_from_names_settings_and_their_defaults(self):
        text = (ROOT / "deploy" / "env.example").read_text()
        found = dict(re.findall(r"^(?:# )?(KOPPELING_\w+)=(.*)$", text, re.MULTILINE))
        self.assertGreater(len(found), 20)
        for name, value in found.items():
            with self.subTest(name=name):
                known = name if name in self.programs else re.sub(r"_FILE$", "", name)
                self.assertIn(known, self.programs)
                if self.defaults[known] is not None:
                    self.assertEqual(value, self.defaults[known])
