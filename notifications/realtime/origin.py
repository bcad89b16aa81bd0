"""Refuse a WebSocket that a page of another site opens: the person's browser sends their cookies along."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils.http import is_same_domain

Application = Callable[[dict[str, Any], Any, Any], Awaitable[Any]]
LOCAL_HOSTS = [".localhost", "127.0.0.1", "[::1]"]  # what Django allows in development


class SameOriginValidator:
    """Passes connections whose `Origin` is this site's or in CSRF_TRUSTED_ORIGINS; refuses others with 403.

    "This site" is the `Host` that was asked, port included, if ALLOWED_HOSTS has it. The validator that comes
    with Django Channels lets every port of an allowed host pass, and with ALLOWED_HOSTS = ["*"] everything.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        application = self.application if _is_allowed(scope) else WebsocketDenier()
        return await application(scope, receive, send)


def _is_allowed(scope: dict[str, Any]) -> bool:
    origins = _values(scope, b"origin")
    if len(origins) != 1:
        return False
    try:
        origin = urlsplit(origins[0])
        host = _host(scope)
    except ValueError:
        return False
    if origin.scheme not in ("http", "https") or not origin.hostname:
        return False
    domain, _ = split_domain_port(host)
    allowed = settings.ALLOWED_HOSTS or (LOCAL_HOSTS if settings.DEBUG else [])
    if domain and validate_host(domain, allowed) and origin.netloc.lower() == host.lower():
        return True
    return any(_matches(origin.scheme, origin.netloc.lower(), each) for each in settings.CSRF_TRUSTED_ORIGINS)


def _host(scope: dict[str, Any]) -> str:
    names = [b"x-forwarded-host"] if settings.USE_X_FORWARDED_HOST else []
    return next((values[0] for name in [*names, b"host"] if (values := _values(scope, name))), "")


def _values(scope: dict[str, Any], name: bytes) -> list[str]:
    return [value.decode("latin-1") for header, value in scope.get("headers", []) if header == name]


def _matches(scheme: str, netloc: str, trusted: str) -> bool:
    pattern = urlsplit(trusted)
    return scheme == pattern.scheme and is_same_domain(netloc, pattern.netloc.lower().removeprefix("*"))
