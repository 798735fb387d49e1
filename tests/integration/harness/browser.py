"""A browser without JavaScript: it keeps cookies, reads forms out of pages, and sends them as a person would."""
import html.parser
import http.client
import http.cookies
import json
import urllib.parse


class Page(html.parser.HTMLParser):
    """An answer: its status, headers and text, and the forms and links in it."""

    def __init__(self, status, headers, body):
        super().__init__()
        self.status, self.headers, self.body = status, headers, body
        self.text = body.decode("utf-8", errors="replace")
        self.forms, self.links, self.words = [], [], ""
        self._form = self._select = None
        if "text/html" in headers.get("content-type", ""):
            self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "a":
            self.links.append(given.get("href"))
        if tag == "form":
            self._form = {"action": given.get("action"), "method": given.get("method", "get"), "fields": [],
                          "buttons": []}
            self.forms.append(self._form)
        if self._form is None:
            return
        if tag == "input" and "name" in given:
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self._form["fields"].append((given["name"], given.get("value", "")))
        elif tag == "select":
            self._select = given.get("name")
        elif tag == "option" and self._select and "selected" in given:
            self._form["fields"].append((self._select, given.get("value", "")))
        elif tag == "button" and "name" in given:
            self._form["buttons"].append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        if tag == "select":
            self._select = None

    def handle_data(self, data):
        self.words += data

    def form(self, action):
        """The form that goes to this address, its query aside."""
        found = [form for form in self.forms if (form["action"] or "").split("?")[0] == action]
        assert found, f"no form for {action} among {[form['action'] for form in self.forms]}: {self.words}"
        return found[0]

    @property
    def json(self):
        return json.loads(self.text)


class Browser:
    def __init__(self, address, **headers):
        self.host, self.port = address.rsplit(":", 1)
        self.headers = headers
        self.cookies = {}
        self.page = None
        self.address = None

    def ask(self, method, target, body=None, follow=True, **headers):
        """Sends a request, and follows where the answer sends it."""
        connection = http.client.HTTPConnection(self.host, int(self.port), timeout=20)
        try:
            sent = {"Accept": "text/html", **self.headers, **headers}
            if self.cookies:
                sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            connection.request(method, target, body, sent)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie") or ():
            for name, morsel in http.cookies.SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        self.page = Page(response.status, {name.lower(): value for name, value in response.getheaders()}, content)
        self.address = target
        if follow and response.status == 303:
            return self.ask("GET", response.headers["Location"])
        return self.page

    def get(self, target, **more):
        return self.ask("GET", target, **more)

    def post(self, target, fields, **more):
        return self.ask("POST", target, urllib.parse.urlencode(fields),
                        **{"Content-Type": "application/x-www-form-urlencoded", **more})

    def submit(self, action, follow=True, **given):
        """Fills in the form of the page that goes to this address, and sends it; a list is a field for each item."""
        form = self.page.form(action)
        fields = [(name, value) for name, value in form["fields"] if name not in given]
        for name, value in given.items():
            fields += [(name, one) for one in (value if isinstance(value, list) else [value])]
        if form["method"].lower() == "get":
            return self.get(f"{action}?{urllib.parse.urlencode(fields)}", follow=follow)
        return self.post(form["action"], fields, follow=follow)

    def sign_in(self, login, password="een goed wachtwoord"):
        self.get("/sign-in")
        return self.submit("/sign-in", login=login, password=password)
