"""Typed readers of environment variables.

Each raises `ImproperlyConfigured`, naming the variable and the valid form. An empty variable counts as unset.
"""

import os
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = ("1", "true", "yes", "on")
FALSE = ("0", "false", "no", "off")


def text(name: str, default: str = "") -> str:
    """Return the variable, or `default`."""
    return os.environ.get(name, "").strip() or default


def required(name: str, form: str) -> str:
    """Return a variable that has no default; `form` says in the error what it should look like."""
    value = text(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. Set it to {form}.")
    return value


def flag(name: str, default: bool) -> bool:
    """Return a yes or no."""
    value = text(name).lower()
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    if value:
        raise ImproperlyConfigured(f"{name} is '{value}'. Valid: {', '.join(TRUE + FALSE)}.")
    return default


def integer(name: str, default: int, *, minimum: int = 0, maximum: int = 2**31 - 1) -> int:
    """Return a whole number within bounds."""
    value = text(name, str(default))
    valid = f"a whole number from {minimum} to {maximum}"
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is '{value}'. Valid: {valid}.") from None
    if not minimum <= number <= maximum:
        raise ImproperlyConfigured(f"{name} is {number}. Valid: {valid}.")
    return number


def items(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Return a list written with commas."""
    return [item for part in text(name).split(",") if (item := part.strip())] or list(default)


def url(name: str, schemes: tuple[str, ...], default: str = "") -> str:
    """Return a URL with a host and one of `schemes`, without its last slash."""
    value = text(name, default)
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - reading it raises when the port is no number
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a URL: {error}.") from None
    if parts.scheme not in schemes or not parts.hostname:
        found = f"scheme '{parts.scheme}' and host '{parts.hostname or ''}'"
        valid = ", ".join(f"{scheme}://host[:port]/..." for scheme in schemes)
        raise ImproperlyConfigured(f"{name} has {found}. Valid: {valid}.")
    return value.rstrip("/")
