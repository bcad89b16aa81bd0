"""What the server says to an open page over the WebSocket: JSON objects with a "type".

`hello`, `notification`, `counts`, `replayed`, `pong`, `error`; what the page says is in `client_messages.py`.

A cursor is the position of a notification in the inbox (a UUIDv7: later is greater), or null for an inbox that was
empty. A page's cursor moves with `hello` and `replayed`, not with `notification`: a push before it may have been lost.
Clients ignore types and keys they do not know; what an old client would misread raises VERSION.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, Protocol, TypedDict
from uuid import UUID

VERSION = 1

Cursor = str | None


class Item(TypedDict):
    """A notification as the client sees it, here and in the REST API. Times are ISO 8601 in UTC."""

    id: str
    type: str
    category: str
    priority: int
    title: str
    body: str
    link: str
    position: Cursor
    created_at: str
    seen_at: str | None
    read_at: str | None


class Hello(TypedDict):
    """First message: where the inbox stands now. Whatever comes later is pushed."""

    type: Literal["hello"]
    version: int
    cursor: Cursor
    counts: dict[str, int]


class New(TypedDict):
    """A notification entered the inbox."""

    type: Literal["notification"]
    item: Item


class Counts(TypedDict):
    """Unread and unseen notifications, each at most 100: shown as "99+"."""

    type: Literal["counts"]
    counts: dict[str, int]


class Replayed(TypedDict):
    """Answer to `resume`, oldest first, partly known. If there is `more`: resume at `cursor`, `exact`."""

    type: Literal["replayed"]
    items: list[Item]
    more: bool
    cursor: Cursor


class Pong(TypedDict):
    """Answer to `ping`: where the inbox stands. A client whose cursor is earlier resumes."""

    type: Literal["pong"]
    cursor: Cursor


class Error(TypedDict):
    """A message was not understood; the connection stays."""

    type: Literal["error"]
    code: str
    detail: str


class Changed(TypedDict):
    """Between processes only: something in the inbox was read, seen or removed; the counts are due."""

    type: Literal["changed"]


ServerMessage = Hello | New | Counts | Replayed | Pong | Error


class Stored(Protocol):
    """What `item` reads of a notification."""

    id: UUID
    type: str
    category: str
    priority: int
    title: str
    body: str
    link: str
    position: UUID | None
    created_at: datetime
    seen_at: datetime | None
    read_at: datetime | None


def item(notification: Stored) -> Item:
    """The JSON shape of a notification."""
    return Item(
        id=str(notification.id),
        type=notification.type,
        category=notification.category,
        priority=int(notification.priority),
        title=notification.title,
        body=notification.body,
        link=notification.link,
        position=cursor(notification.position),
        created_at=_time(notification.created_at),
        seen_at=_time(notification.seen_at) if notification.seen_at else None,
        read_at=_time(notification.read_at) if notification.read_at else None,
    )


def cursor(position: UUID | None) -> Cursor:
    """A position as the client keeps it."""
    return str(position) if position else None


def hello(position: UUID | None, counts: dict[str, int]) -> Hello:
    """The first message of a connection."""
    return Hello(type="hello", version=VERSION, cursor=cursor(position), counts=counts)


def new(notification: Stored) -> New:
    """A notification that entered the inbox; for `broadcast.push`."""
    return New(type="notification", item=item(notification))


def changed() -> Changed:
    """The counts have changed; for `broadcast.push`: every open page of the person is sent fresh ones."""
    return Changed(type="changed")


def counts(counts: dict[str, int]) -> Counts:
    """Fresh counts."""
    return Counts(type="counts", counts=counts)


def replayed(items: Sequence[Stored], *, more: bool, since: UUID | None) -> Replayed:
    """One batch of an answer to `resume`. The last one never takes the cursor back."""
    last = items[-1].position if items else since
    if not more and since and last and last < since:
        last = since
    return Replayed(type="replayed", items=[item(each) for each in items], more=more, cursor=cursor(last))


def pong(position: UUID | None) -> Pong:
    """The answer to `ping`."""
    return Pong(type="pong", cursor=cursor(position))


def error(code: str, detail: str) -> Error:
    """What was wrong with a message, and what is valid."""
    return Error(type="error", code=code, detail=detail)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
