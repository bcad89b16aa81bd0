"""How firebase-admin sends: over our session, to our address, and never again by itself.

It has no public way to say so: this is the one place that knows it from inside. This module imports firebase_admin:
import it where a client is made.
"""

from __future__ import annotations

from typing import Any

import firebase_admin
from firebase_admin import _http_client, messaging

from notifications.exceptions import ConfigurationError
from notifications.providers.transport import http


class _Client(_http_client.JsonHttpClient):  # type: ignore[misc]
    """Its requests end in time, also those that the SDK makes in threads of its own, as for topics."""

    def request(self, method: str, url: str, **values: Any) -> Any:
        with http.current_attempt(self.timeout):
            return super().request(method, url, **values)


def lead(app: Any, session: Any, api_url: str, seconds: float) -> None:
    """Have the SDK's app send over that session, to that address. Raises `ConfigurationError` if it is made otherwise.

    Its own session waits and tries again within a call: after a 500 or 503, for as long as Retry-After says four times
    over, and after each 401, which FCM also says of an iOS key that is wrong.
    """
    service = messaging._get_messaging_service(app)
    if not all(hasattr(service, each) for each in ("_fcm_url", "_fcm_topic_url", "_client")):
        raise ConfigurationError(f"firebase-admin {firebase_admin.__version__} is not made as this provider knows it.")
    project = f"{api_url.rstrip('/')}/v1/projects/{app.project_id}"
    service._fcm_url, service._fcm_topic_url = f"{project}/messages:send", f"{project}/registrations"
    service._client = _Client(session=session, retries=False, timeout=seconds)
