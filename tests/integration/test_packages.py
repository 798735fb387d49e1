"""What packages and shells need to know of the programs is what the programs say of themselves."""
import re
import shutil
import subprocess
import unittest

from harness.programs import BUILD, ROOT

PROGRAMS = ("koppeling-scheduler", "koppeling-worker", "koppeling-panel", "koppeling-simulator")

# What bash would do when TAB is pressed behind these words.
COMPLETE = """
source deploy/completion/koppeling
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_koppeling "$1"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def help_of(program):
    return subprocess.run([BUILD / program, "--help"], stdout=subprocess.PIPE, check=True, text=True).stdout


def complete(program, *words):
    done = subprocess.run(["bash", "-c", COMPLETE, "bash", BUILD.resolve() / program, *words], cwd=ROOT,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True, text=True)
    return done.stdout.split()


class Plain(unittest.TestCase):
    """Needs no database and no simulator."""

    @staticmethod
    def troubles():
        return ""


class Completion(Plain):
    def test_every_flag_and_command_of_the_help_is_offered_and_nothing_else(self):
        for program in PROGRAMS:
            with self.subTest(program=program):
                text = help_of(program)
                flags = set(re.findall(r"--[a-z][a-z-]*", text))
                offered = complete(program, "run", "--")
                self.assertEqual({word.rstrip("=") for word in offered}, flags)
                commands = set(re.findall(rf"^(?:usage:| {{6}}) {program} ([a-z][a-z-]*)", text, re.MULTILINE))
                self.assertEqual({word for word in complete(program, "") if not word.startswith("-")}, commands)

    def test_a_word_that_was_begun_is_finished(self):
        self.assertEqual(complete("koppeling-scheduler", "mig"), ["migrate"])
        self.assertEqual(complete("koppeling-worker", "rekey", "--dry"), ["--dry-run"])
        self.assertEqual(complete("koppeling-simulator", "--orders"), ["--orders"])

    def test_the_values_of_a_choice_are_offered_as_bash_splits_them(self):
        for words in (("run", "--log-format", "=", "j"), ("run", "--log-format=j"), ("run", "--log-format", "j")):
            with self.subTest(words=words):
                self.assertEqual(complete("koppeling-worker", *words), ["json"])
        self.assertEqual(complete("koppeling-worker", "run", "--log-level", "="),
                         ["debug", "info", "warning", "error"])

    def test_a_number_is_left_to_the_person(self):
        self.assertEqual(complete("koppeling-worker", "run", "--threads", "="), [])


class Documents(Plain):
    def test_no_link_of_an_installed_document_is_dead(self):
        place = BUILD / "test" / "installed"
        shutil.rmtree(place, ignore_errors=True)
        self.addCleanup(shutil.rmtree, place, True)
        subprocess.run(["make", "-s", "install", f"BUILD={BUILD}", f"DESTDIR={place.resolve()}", "PREFIX=/usr"],
                       cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        root = place / "usr" / "share" / "doc" / "koppeling"
        links = [(page, link) for page in root.rglob("*.md")
                 for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()) if ":" not in link]
        self.assertGreater(len(links), 100)
        self.assertEqual([(str(page.relative_to(root)), link) for page, link in links
                          if not (page.parent / link).exists() and page.parent.name != "tests"
                          and page.parent.parent.name != "tests"], [], "but of those about the sources")


class Package(Plain):
    def test_it_has_the_version_of_the_programs(self):
        made = re.search(r"^VERSION +:= (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE).group(1)
        packaged = re.match(r"koppeling \((.*?)\)", (ROOT / "debian/changelog").read_text()).group(1)
        self.assertEqual(packaged, made)

    def test_every_setting_that_it_ships_is_one(self):
        for name in ("scheduler", "worker", "panel"):
            text = (ROOT / f"debian/etc/{name}.env").read_text()
            settings = re.findall(r"^#? ?(KOPPELING_[A-Z_]+)=", text, re.MULTILINE)
            self.assertNotEqual(settings, [])
            for setting in settings:
                self.assertIn(f"  {setting}=", help_of(f"koppeling-{name}"))

    def test_a_program_has_its_package_and_its_manual_page(self):
        control = (ROOT / "debian/control").read_text()
        for program in PROGRAMS:
            self.assertIn(f"Package: {program}\n", control)
            self.assertIn(f"man1/{program}.1", (ROOT / f"debian/{program}.install").read_text())
            self.assertTrue((ROOT / f"docs/man/{program}.1").exists())
