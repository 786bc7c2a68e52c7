"""A simple scripted browser: no JavaScript, nothing but links, forms, cookies and redirects.

What it can do, any test tool of an app's developer can do: it finds things by their id or name (the provider's reference,
§8.1). It visits this machine only. When a page sends it elsewhere it stops there, and ``url`` tells where it would have gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

_VOID = {"input", "img", "br", "hr", "meta", "link"}
_TYPED = {"input", "textarea", "select"}
_HERE = {"localhost", "127.0.0.1", "::1"}


@dataclass
class Element:
    """One element of a page: its attributes, its text, and the form that it stands in."""

    tag: str
    attrs: dict[str, str]
    form: Element | None = None
    text: str = ""

    @property
    def value(self) -> str:
        """What a form would send for it."""
        return self.text if self.tag == "textarea" else self.attrs.get("value", "")

    @property
    def is_sent(self) -> bool:
        """Whether a form sends it, whichever button was pressed."""
        is_ticked = self.attrs.get("type") not in ("checkbox", "radio") or "checked" in self.attrs
        return self.tag in _TYPED and "name" in self.attrs and "disabled" not in self.attrs and is_ticked


class Page(HTMLParser):
    """What a page holds, in the order of its source."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self._forms: list[Element] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(
            tag, {name: value or "" for name, value in attrs}, self._forms[-1] if self._forms else None
        )
        self.elements.append(element)
        if tag == "form":
            self._forms.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._forms:
            self._forms.pop()
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def find(self, name: str) -> Element | None:
        """The first element with this id, else the first with this name."""
        by_id = (e for e in self.elements if e.attrs.get("id") == name)
        by_name = (e for e in self.elements if e.attrs.get("name") == name)
        return next(by_id, None) or next(by_name, None)

    def fields(self, form: Element) -> dict[str, str | list[str]]:
        """What the form sends by itself. A name with several boxes has a list: those that are ticked."""
        boxes = [e for e in self.elements if e.form is form and e.attrs.get("type") == "checkbox"]
        sent = [e for e in self.elements if e.form is form and e.is_sent]
        found: dict[str, str | list[str]] = {e.attrs["name"]: e.value for e in sent if e not in boxes}
        for name in {e.attrs["name"] for e in boxes if e.is_sent}:
            found[name] = [e.value for e in boxes if e.is_sent and e.attrs["name"] == name]
        return found


@dataclass
class ScriptedBrowser:
    """Opens pages, fills fields, presses buttons. ``url`` is where it is, ``sent`` what the last form carried there."""

    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=20))
    url: str = ""
    status: int = 0
    page: Page = field(default_factory=lambda: Page(""))
    body: str = ""
    sent: dict[str, str | list[str]] = field(default_factory=dict)

    def open(self, url: str) -> ScriptedBrowser:
        """Go to an address; one without a host is on the site where we are."""
        return self._go("GET", urljoin(self.url, url))

    def fill(self, name: str, value: str) -> ScriptedBrowser:
        """Write into a field."""
        element = self._get(name)
        if element.tag == "textarea":
            element.text = value
        else:
            element.attrs["value"] = value
        return self

    def tick(self, name: str, is_ticked: bool = True) -> ScriptedBrowser:
        """Tick a box, or untick it."""
        attrs = self._get(name).attrs
        attrs.pop("checked", None)
        attrs |= {"checked": ""} if is_ticked else {}
        return self

    def click(self, name: str) -> ScriptedBrowser:
        """Press a button or follow a link."""
        element = self._get(name)
        if element.tag == "a":
            return self.open(element.attrs["href"])
        form = self.page.find(element.attrs["form"]) if "form" in element.attrs else element.form
        assert element.tag in ("button", "input"), f"{name} is a {element.tag}"
        assert form is not None, f"{name} stands in no form"
        fields = self.page.fields(form)
        if "name" in element.attrs:
            fields[element.attrs["name"]] = element.value
        action = urljoin(self.url, form.attrs.get("action") or self.url)
        if form.attrs.get("method", "get").lower() == "post":
            return self._go("POST", action, fields)
        return self._go("GET", str(httpx.URL(action, params=fields)))

    def has(self, name: str) -> bool:
        """Whether there is an element with this id or name."""
        return self.page.find(name) is not None

    def text(self, name: str) -> str:
        """An element's text; for a field, what stands in it."""
        element = self._get(name)
        return element.value if element.tag == "input" else element.text.strip()

    @property
    def shown(self) -> str:
        """Which page of ours this is: ``<main data-page>``."""
        mains = [e for e in self.page.elements if e.tag == "main"]
        assert len(mains) == 1, self.body
        return mains[0].attrs["data-page"]

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address, behind ``?`` or ``#``."""
        parts = urlsplit(self.url)
        return dict(parse_qsl(parts.query or parts.fragment, keep_blank_values=True))

    def sign_in(self, key: int = 0) -> ScriptedBrowser:
        """Through the sign-in page, by one of the ten test keys of a developer's server."""
        assert self.shown == "login", self.body
        return self.fill("test_key", str(key)).click("test-sign-in")

    def agree(self) -> ScriptedBrowser:
        """Through the consent page with all that is asked, what the page leaves unticked too."""
        assert self.shown == "consent", self.body
        if self.has("scope-offline_access"):
            self.tick("scope-offline_access")
        return self.click("consent-authorize")

    def _get(self, name: str) -> Element:
        element = self.page.find(name)
        assert element is not None, f"no {name} on {self.url}: {self.body}"
        return element

    def _go(self, method: str, url: str, fields: dict[str, str | list[str]] | None = None) -> ScriptedBrowser:
        for _ in range(10):
            self.url, self.status, self.page, self.body, self.sent = url, 0, Page(""), "", fields or {}
            if urlsplit(url).hostname not in _HERE:
                return self
            answer = self.http.request(method, url, data=fields)
            if not answer.is_redirect:
                self.status, self.body, self.page = answer.status_code, answer.text, Page(answer.text)
                return self
            assert method == "GET" or answer.status_code == 303, f"{answer.status_code} after a POST to {url}"
            method, url, fields = "GET", urljoin(url, answer.headers["location"]), None
        raise AssertionError(f"redirected for ever: {url}")
