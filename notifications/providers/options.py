"""System checks of options that many providers have."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error, Warning

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def options_of(alias: str) -> str:
    """How checks name the options of a provider."""
    return f"NOTIFICATIONS['PROVIDERS'][{alias!r}]['OPTIONS']"


def check_libraries(where: str, names: Iterable[str], extra: str, family: str) -> list[CheckMessage]:
    """E001 of a family of checks: a library that is not installed; notifications[extra] brings it."""
    missing = [name for name in names if find_spec(name) is None]
    if not missing:
        return []
    text = f"{where}: {', '.join(missing)} cannot be imported."
    return [Error(text, hint=f"Install notifications[{extra}].", id=f"{family}.E001")]


def check_url(option: str, url: str, family: str) -> list[CheckMessage]:
    """E002 and W001 of a family of checks: a base URL that is none, or shows credentials to whoever listens."""
    parts = urlsplit(url)
    if not url or (parts.scheme == "https" and parts.hostname):
        return []
    if parts.scheme != "http" or not parts.hostname:
        text = f"{option} is {url!r}, which is no URL."
        return [Error(text, hint="Give one such as https://api.example.com/.", id=f"{family}.E002")]
    if parts.hostname in LOOPBACK:
        return []
    text = f"{option} sends the credentials in the clear."
    return [Warning(text, hint="Use https, unless the server runs on this host.", id=f"{family}.W001")]
