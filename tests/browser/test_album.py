"""The pictures of docs/panel: each page has one, each is shown and described, and all together they are small."""
import pathlib
import re
import unittest

from harness.programs import ROOT

from album import NO_PAGES, PICTURES, fits, routes

DIRECTORY = ROOT / "docs/panel"
TOUR = ROOT / "docs/panel.md"
KILOBYTES_EACH, KILOBYTES_IN_ALL = 120, 3000


class AlbumTest(unittest.TestCase):
    def test_every_page_of_the_table_of_routes_has_a_picture(self):
        pages = routes()
        self.assertGreater(len(pages), 25, "the table is read")
        without = [page for page in pages if page not in PICTURES.values() and page not in NO_PAGES]
        self.assertEqual(without, [], "pages that no picture shows")
        shown = {page for page in PICTURES.values() if page} | set(NO_PAGES)
        self.assertEqual(shown - set(pages), set(), "pictures of pages that are none")

    def test_a_page_without_a_picture_would_be_noticed(self):
        self.assertNotIn("/ops/jobs/{id}/retry", routes())
        self.assertTrue(fits("/ops/jobs/{id}", "/ops/jobs/17?x=1"))
        self.assertFalse(fits("/ops/jobs/{id}", "/ops/jobs/redrive"))

    def test_the_tour_shows_and_describes_each_picture(self):
        taken = {path.stem for path in DIRECTORY.glob("*.png")}
        self.assertEqual(taken, set(PICTURES))
        images = re.findall(r"!\[([^\]]*)\]\(panel/([a-z-]+)\.png\)", TOUR.read_text())
        self.assertEqual({name for _, name in images}, set(PICTURES))
        self.assertEqual([name for words, name in images if len(words) < 15], [], "who cannot see it is told")

    def test_they_are_small(self):
        sizes = {path.name: path.stat().st_size / 1000 for path in pathlib.Path(DIRECTORY).glob("*.png")}
        self.assertEqual([name for name, size in sizes.items() if size > KILOBYTES_EACH], [])
        self.assertLess(sum(sizes.values()), KILOBYTES_IN_ALL)
