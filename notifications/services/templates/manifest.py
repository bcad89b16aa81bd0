"""The list of what an export wrote, `manifest.json`: which texts, of which versions, in which files."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from notifications.exceptions import ExchangeError

MANIFEST = "manifest.json"
FORMAT = "notifications/templates/1"


def digest(text: str) -> str:
    """What a manifest says of a file."""
    return sha256(text.encode()).hexdigest()


def manifest_of(texts: list[dict[str, Any]]) -> str:
    """The manifest that lists these texts, each with its `files`: path → digest."""
    texts = sorted(texts, key=lambda each: (each["type"], each["channel"], each["language"]))
    return json.dumps({"format": FORMAT, "texts": texts}, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def manifest_texts(manifest: str | bytes) -> list[dict[str, Any]]:
    """The texts that a manifest lists. Raises `ExchangeError` for a file that is none."""
    try:
        read = json.loads(manifest)
        texts: list[dict[str, Any]] = read["texts"]
        fits = read["format"] == FORMAT and all(
            isinstance(each[name], str) for each in texts for name in ("type", "channel", "language")
        )
        fits = fits and all(_is_listing(each["files"]) for each in texts)
    except (ValueError, TypeError, LookupError, RecursionError):
        fits = False
    if not fits:
        raise ExchangeError(f"Its {MANIFEST} is not that of an export of templates ({FORMAT}).")
    return texts


def _is_listing(files: Any) -> bool:
    return isinstance(files, dict) and all(isinstance(each, str) and is_safe(name) for name, each in files.items())


def is_safe(path: str) -> bool:
    """Whether a path in an archive or a manifest stays inside of what it is in, and can be shown."""
    segments = path.split("/")
    # What cannot be printed, NUL among it, would write to the terminal that refused paths are told on.
    return path.isprintable() and not any(each in ("", ".", "..") for each in segments) and not {*"\\:"} & {*path}
