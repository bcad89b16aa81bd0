"""The site in a browser: signed in, with its static files, which its server leaves to others."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.contrib.staticfiles import finders
from django.test import Client
from playwright.async_api import BrowserContext, Route

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


async def serve_static(context: BrowserContext) -> None:
    """Answer for /static/, with the files themselves."""

    async def static(route: Route) -> None:
        found = finders.find(urlsplit(route.request.url).path.removeprefix("/static/"))
        if isinstance(found, str):
            content_type = mimetypes.guess_type(found)[0] or "text/plain"
            await route.fulfill(body=Path(found).read_bytes(), content_type=content_type)
        else:
            await route.fulfill(status=404)

    await context.route("**/static/**", static)


async def sign_in(context: BrowserContext, user: Any, origin: str) -> None:
    """As that person, in place of whoever was."""
    client = Client()
    await sync_to_async(client.force_login)(user)
    await context.clear_cookies()
    await context.add_cookies(
        [{"name": name, "value": cookie.value, "url": origin} for name, cookie in client.cookies.items()]
    )
