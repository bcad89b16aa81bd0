"""A strict Content Security Policy for the project's own pages: everything from this site, nothing inline."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponseBase

STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def content_policy(policy: str = STRICT) -> Callable[[View], View]:
    """Decorate a view: its responses carry the policy."""

    def decorate(view: View) -> View:
        @wraps(view)
        def with_policy(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response = view(request, *args, **kwargs)
            response.headers["Content-Security-Policy"] = policy
            return response

        return with_policy  # type: ignore[return-value]

    return decorate
