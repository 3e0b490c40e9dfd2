"""A browser without a screen: keeps cookies, and sends forms with the token of the page they stand on."""

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories import PASSWORD

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class PageClient:
    """Opens pages and sends forms of one application as one person."""

    def __init__(self, app: Flask, *, language: str = "zh-CN") -> None:
        self.client: FlaskClient = app.test_client()
        self.headers = {"Accept-Language": language}

    def get(self, path: str, **options: Any) -> TestResponse:
        """Opens a page."""
        return self.client.get(path, headers=self.headers, **options)

    def post(
        self, path: str, data: dict[str, Any] | None = None, *, on: str = "/sign-in", **options: Any
    ) -> TestResponse:
        """Sends `data` to `path` with the token of the page `on`."""
        page = self.client.get(on, headers=self.headers, follow_redirects=True)
        found = _TOKEN.search(page.text)
        assert found, f"{on} has no form (status {page.status_code})"
        return self.client.post(path, data={"csrf_token": found[1], **(data or {})}, headers=self.headers, **options)

    def sign_in(self, login: str, password: str = PASSWORD, **more: str) -> TestResponse:
        """Sends the sign-in form."""
        return self.post("/sign-in", {"login": login, "password": password, **more})
