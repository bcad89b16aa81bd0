"""Access to Google's APIs: one token for all threads, fetched in time and without the library's own retries.

This module imports google.auth: import it where a client is made.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import google.auth
import requests
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport import DEFAULT_RETRYABLE_STATUS_CODES
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import service_account

from notifications.providers.transport import http

GOOGLE = "https://oauth2.googleapis.com/"


class SharedToken(Credentials):
    """The token of other credentials. The first thread that needs a new one fetches it, and the others wait for it.

    The credentials themselves would fetch one for each thread, wait and try again when that fails, and ask for regions
    in the background.
    """

    def __init__(self, source: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._source = source
        self._quota_project_id = getattr(source, "quota_project_id", None)
        self._fetching = threading.Lock()
        self._failed_at, self._failure = 0.0, ""

    def refresh(self, request: Any) -> None:
        begun = time.monotonic()
        with http.aside() as deadline:
            if not self._fetching.acquire(timeout=deadline.left()):
                raise RefreshError("another request for a token was not answered in time")
            try:
                if self._failed_at > begun:  # for the thread that this one waited for
                    raise RefreshError(self._failure)
                if not self.valid:
                    self._source.refresh(partial(_once, request))
                    self.token, self.expiry = self._source.token, self._source.expiry
            except (GoogleAuthError, TypeError, ValueError, AttributeError) as error:  # the latter of a strange answer
                self._failed_at, self._failure = time.monotonic(), f"{type(error).__name__}: {error}"
                raise RefreshError(self._failure) from error
            finally:
                self._fetching.release()

    def forget(self, authorization: str) -> None:
        """The token of this header was refused: the next request fetches another, unless one was fetched meanwhile."""
        if authorization == f"Bearer {self.token}":
            self.token = None


def load(account: dict[str, Any] | None, scopes: Sequence[str], seconds: float) -> tuple[SharedToken, str]:
    """The token of a service account, or of what this host has (Application Default Credentials), and its project.

    Raises `google.auth.exceptions.GoogleAuthError` or `ValueError`.
    """
    if account is not None:
        source = service_account.Credentials.from_service_account_info(account, scopes=scopes)
        return SharedToken(source), source.project_id or ""
    with http.attempt(seconds):
        source, project = google.auth.default(scopes=scopes, request=_requester())
    return SharedToken(source), project or ""


def session(token: SharedToken, url: str, connections: int) -> requests.Session:
    """A session of bounded connections that shows the token. What is refused is not sent again with another token."""
    made = AuthorizedSession(token, refresh_status_codes=(), max_refresh_attempts=0, auth_request=_requester())
    http.bound(made, url, connections)
    return made


def _requester() -> Request:
    own = requests.Session()
    http.bound(own, GOOGLE, 1)
    return Request(own)


def _once(request: Any, *, url: str, method: str = "GET", **values: Any) -> Any:
    """Ask once: a refusal that google.auth would try again, after a sleep, ends here."""
    response = request(url=url, method=method, **values)
    if response.status >= 400 and (method == "POST" or response.status in DEFAULT_RETRYABLE_STATUS_CODES):
        said = response.data.decode(errors="replace") if isinstance(response.data, bytes) else str(response.data)
        raise RefreshError(f"{url} answered {response.status}: {said}"[:300])
    return response
