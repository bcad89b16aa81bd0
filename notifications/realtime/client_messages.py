"""What an open page says to the server over the WebSocket: `resume`, `read`, `seen`, `ping`."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from notifications.exceptions import known

MAX_IDS = 100


@dataclass(frozen=True)
class Resume:
    """Send what came after `since`; None: all. `exact`: going on after a batch, without overlap."""

    since: UUID | None
    exact: bool = False


@dataclass(frozen=True)
class Read:
    """The person has read these."""

    ids: tuple[UUID, ...]


@dataclass(frozen=True)
class Seen:
    """These were shown to the person; None: all that stands in the inbox."""

    ids: tuple[UUID, ...] | None


@dataclass(frozen=True)
class Ping:
    """Is anybody there, and am I up to date?"""


ClientMessage = Resume | Read | Seen | Ping


class BadMessageError(ValueError):
    """A client's message is wrong. `code` is for programs, the text for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def parse(text: str) -> ClientMessage:
    """Read a client's message. Raises `BadMessageError`."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BadMessageError("bad_json", "The message is not JSON.") from None
    if not isinstance(data, dict):
        raise BadMessageError("bad_message", 'A message is a JSON object with a "type".')
    match data.get("type"):
        case "resume":
            return Resume(since=_since(data), exact=data.get("exact") is True)
        case "read":
            return Read(ids=_ids(data))
        case "seen":
            return Seen(ids=_ids(data) if "ids" in data else None)
        case "ping":
            return Ping()
        case other:
            names = known(["resume", "read", "seen", "ping"])
            raise BadMessageError("unknown_type", f"Unknown type {_short(other)}. {names}")


def _since(data: dict[str, Any]) -> UUID | None:
    given = data.get("since")
    if given is None:
        return None
    position = _uuid(given)
    if position is None or position.version != 7:
        detail = f'{_short(given)} is no cursor. Valid: one this server sent as "cursor" or "position", or null.'
        raise BadMessageError("bad_cursor", detail)
    return position


def _ids(data: dict[str, Any]) -> tuple[UUID, ...]:
    given = data.get("ids")
    if not isinstance(given, list) or len(given) > MAX_IDS:
        raise BadMessageError("bad_ids", f'"ids" is a list of at most {MAX_IDS} ids of notifications.')
    ids = tuple(_uuid(each) for each in given)
    if None in ids:
        raise BadMessageError("bad_ids", f"{_short(given[ids.index(None)])} is no id of a notification (a UUID).")
    return tuple(each for each in ids if each)


def _uuid(given: object) -> UUID | None:
    try:
        return UUID(given) if isinstance(given, str) else None
    except ValueError:
        return None


def _short(given: object) -> str:
    text = repr(given)
    return text if len(text) <= 60 else text[:57] + "…"
