"""Chromium, as a person uses it: what is seen is clicked, and what happens by itself is waited for."""
import json
import os
import re

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from harness.programs import BUILD, wait_until

AXE = BUILD / "browser/node_modules/axe-core/axe.min.js"
DESK = (1280, 900)
PHONE = (360, 740)
# Everything of WCAG that a program can see, and what is merely good.
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def start_driver(log_path):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--lang=nl",
                 "--hide-scrollbars", "--force-device-scale-factor=1", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-extensions"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"intl.accept_languages": "nl", "intl.selected_languages": "nl"})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = Service("/usr/bin/chromedriver", log_output=os.fspath(log_path))
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_page_load_timeout(30)
    return driver


class Chromium:
    """A person at a browser, with the few things that a person does."""

    def __init__(self, driver, address):
        self.driver = driver
        self.base = f"http://{address}"

    # How it is looked at.

    def begin(self, size=DESK, is_dark=False, scripts=True):
        """As if it were just opened: nothing is remembered."""
        self.driver.get("about:blank")
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.look(size, is_dark)
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        self.driver.get_log("browser")

    def look(self, size=DESK, is_dark=False, height=None):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": size[0], "height": height or size[1], "deviceScaleFactor": 1, "mobile": size == PHONE})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]})

    def open(self, path):
        self.driver.get(self.base + path)

    def reload(self):
        self.driver.refresh()

    @property
    def path(self):
        return self.driver.current_url.removeprefix(self.base)

    @property
    def words(self):
        """What can be read now."""
        try:
            return self.driver.find_element(By.TAG_NAME, "body").text
        except StaleElementReferenceException:
            return self.words

    def see(self, words, seconds=30):
        """Waits until the page says so, without touching it."""
        wait_until(lambda: words in self.words, f"the page {self.path} says '{words}':\n{self.words}", seconds)

    def complaints(self):
        """What the browser itself found wrong: scripts that fail, what the policy forbids, what is not there."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE" and not re.search(r"status of 4(22|09|03|04|29)", entry["message"])]

    # What a person does.

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def button(self, words, within=""):
        """The first button or link that can be seen and says so."""
        for element in self.find_all(f"{within} button, {within} a" if within else "button, a"):
            if element.is_displayed() and element.text.strip() == words:
                return element
        raise AssertionError(f"no button '{words}' on {self.path}:\n{self.words}")

    def click(self, words, within=""):
        """Clicks a button or link, and waits until its page is there."""
        page = self.driver.find_element(By.TAG_NAME, "html")
        self.button(words, within).click()
        wait_until(lambda: self.is_gone(page), f"'{words}' leads somewhere")

    @staticmethod
    def is_gone(element):
        try:
            element.is_enabled()
        except StaleElementReferenceException:
            return True
        return False

    def open_details(self, words):
        for element in self.find_all("summary"):
            if element.text.strip() == words:
                element.click()
                return
        raise AssertionError(f"nothing '{words}' to open on {self.path}:\n{self.words}")

    def fill(self, label, words):
        """Types into the field with this label."""
        field = self.field(label)
        field.clear()
        field.send_keys(words)

    def choose(self, label, words):
        Select(self.field(label)).select_by_visible_text(words)

    def field(self, label):
        """The field that a label names, as one who cannot see it finds it."""
        for element in self.find_all("label"):
            if element.is_displayed() and element.text.strip().split("\n")[0].startswith(label):
                owned = element.get_dom_attribute("for")
                return self.find(f"[id='{owned}']") if owned else element.find_element(
                    By.CSS_SELECTOR, "input, select, textarea")
        raise AssertionError(f"no field '{label}' on {self.path}:\n{self.words}")

    def error_of(self, label):
        """The words that belong to a field and say what is wrong."""
        field = self.field(label)
        ids = (field.get_dom_attribute("aria-describedby") or "").split()
        return " ".join(self.find(f"[id='{one}']").text for one in ids if one.endswith("_error"))

    def tick(self, order_number):
        box = self.find(f"input[type=checkbox][aria-label$=' {order_number}']")
        # Not behind the bar at the bottom, as a person would.
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
        box.click()

    def sign_in(self, login, password="een goed wachtwoord"):
        self.open("/sign-in")
        self.fill("Gebruikersnaam", login)
        self.fill("Wachtwoord", password)
        self.click("Aanmelden", "main")

    # The keyboard alone.

    def press(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def tab_to(self, name, most=80):
        """Presses Tab until that is in focus, which must be seen."""
        for _ in range(most):
            webdriver.ActionChains(self.driver).send_keys(Keys.TAB).perform()
            focused = self.driver.switch_to.active_element
            if focused.tag_name == "body":
                continue
            if (focused.accessible_name or "").strip().startswith(name):
                assert focused.value_of_css_property("outline-style") != "none", f"'{name}' shows no focus"
                return focused
        raise AssertionError(f"Tab does not reach '{name}' on {self.path}:\n{self.words}")

    def enter(self):
        """Presses Enter, and waits for the page that it leads to."""
        page = self.driver.find_element(By.TAG_NAME, "html")
        webdriver.ActionChains(self.driver).send_keys(Keys.ENTER).perform()
        wait_until(lambda: self.is_gone(page), "Enter leads somewhere")

    # How it is made.

    def violations(self):
        """What axe holds against the page, in a line each."""
        self.driver.execute_script(AXE.read_text())
        result = self.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            axe.run(document, {runOnly: arguments[0]}).then(done, error => done({violations: [
                {id: String(error), help: '', nodes: []}]}));""", AXE_TAGS)
        assert result.get("passes") or result["violations"], "axe looked at nothing"
        return [f"{one['id']}: {one['help']}: {node['html'][:200]} {json.dumps(node.get('failureSummary', ''))}"
                for one in result["violations"] for node in one["nodes"] or [{"html": ""}]]

    def overflow(self):
        """By how many pixels the page is wider than its window, and what sticks out."""
        return self.driver.execute_script("""
            // Not innerWidth: on a phone that grows with what is too wide.
            const own = document.documentElement.clientWidth;
            const wide = document.documentElement.scrollWidth - own;
            const out = [...document.querySelectorAll('main *, header *')].filter(e =>
                e.getBoundingClientRect().right > own + 1 && !e.closest('.hidden, .skip, thead'));
            return [wide, wide > 0 ? out.slice(0, 5).map(e => e.outerHTML.slice(0, 120)) : []];""")
