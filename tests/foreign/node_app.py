"""Somebody at the app that is made of npm packages (``node/relying_party.mjs``)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.support.scripted_browser import ScriptedBrowser

Answer = dict[str, Any]


@dataclass
class Visit:
    """Somebody at the app, by a browser of their own."""

    app: str
    issuer: str
    browser: ScriptedBrowser

    def ask(self, path: str, **query: str) -> Answer:
        """What the app answers at a path of its own."""
        answer: Answer = json.loads(self.browser.open(f"{self.app}{path}?{urlencode(query)}").body)
        return answer

    def do(self, path: str, **query: str) -> Answer:
        """The same, and it went well."""
        answer = self.ask(path, **query)
        assert self.browser.status == 200, answer
        return answer

    def refusal(self, path: str, **query: str) -> Answer:
        """Why the app could not do it: what openid-client understood of our error."""
        answer = self.ask(path, **query)
        assert self.browser.status == 400, answer
        failed: Answer = answer["failed"]
        return failed

    def begin(self, kind: str, **more: str) -> ScriptedBrowser:
        """From the app's button to our page."""
        query = urlencode({"issuer": self.issuer, "kind": kind} | more)
        return self.browser.open(f"{self.app}/begin?{query}")

    def silently(self, kind: str) -> Answer:
        """The app asks with ``prompt=none``: what it got, or the refusal."""
        answer: Answer = json.loads(self.begin(kind, prompt="none").body)
        return answer

    def sign_in(self, kind: str, key: int = 0, **more: str) -> Answer:
        """From the app's button through our pages, those that are shown, back to the app: the tokens that it got."""
        self.begin(kind, **more)
        if 'data-page="login"' in self.browser.body:
            self.browser.sign_in(key)
        if 'data-page="consent"' in self.browser.body:
            self.browser.agree()
        answer: Answer = json.loads(self.browser.body)
        assert self.browser.status == 200, answer
        return answer
