"""Twilio's SDK over bounded connections. This module imports twilio and requests: import it where a client is made."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

import requests
from twilio.http import HttpClient
from twilio.http.response import Response

from notifications.providers.transport.http import bound


class Refused(Exception):
    """Twilio answered with an error. The SDK's own exceptions leave out the headers, and with them the wait."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(f"{response.status_code}")
        self.response = response


class BoundedClient(HttpClient):  # type: ignore[misc]
    """Sends all requests to `api_url`, whatever host the SDK names. Its calls need an `attempt`.

    The SDK's own client keeps the last answer on itself and returns it from there: of several threads, one would be
    told another's message id.
    """

    def __init__(self, api_url: str, connections: int) -> None:
        super().__init__(logging.getLogger(__name__), False)
        self._api_url = api_url.rstrip("/")
        self.session = requests.Session()
        bound(self.session, api_url, connections)

    def request(
        self,
        method: str,
        url: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """The answer. Raises `Refused`, and what requests raises: `TooManyRedirects` for any redirect."""
        path = urlsplit(url).path
        response = self.session.request(
            method, self._api_url + path, params=params, data=data, headers=headers, auth=auth
        )
        if not response.ok:
            raise Refused(response)
        response.encoding = "utf-8"  # JSON's, instead of a guess
        return Response(response.status_code, response.text, response.headers)
