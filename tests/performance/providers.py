"""Providers that are measured against: one that does nothing, one over HTTP, one that notes the time."""

from __future__ import annotations

import os
import struct
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import requests
from requests.adapters import HTTPAdapter

from notifications.exceptions import TemporaryError
from notifications.messages import Message, Receipt
from notifications.models import Delivery
from notifications.providers.base import Provider

NOTE = struct.Struct("16sdd")
"""a delivery's id, the monotonic clock and the host's clock"""


@dataclass(kw_only=True)
class NullProvider(Provider):
    """Takes everything at once."""

    channels: ClassVar[tuple[str, ...]] = ("null",)
    local: ClassVar[bool] = True

    def send(self, message: Message) -> Receipt:
        return Receipt(delivery_id=message.delivery_id, provider=self.alias)


def session(connections: int) -> requests.Session:
    """A `requests` session that keeps so many connections open."""
    pooled = requests.Session()
    pooled.trust_env = False  # no proxy on the loopback, and no look at the environment at every request
    pooled.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=connections))
    return pooled


def post(pooled: requests.Session, url: str, delivery_id: UUID) -> str:
    """Hand one message to the loopback provider; its id there."""
    answer = pooled.post(url, json={"id": str(delivery_id), "text": "…"}, timeout=30)
    answer.raise_for_status()
    return str(answer.json()["id"])


@dataclass(kw_only=True)
class HttpProvider(Provider):
    """Posts to `url`."""

    channels: ClassVar[tuple[str, ...]] = ("http",)

    url: str
    connections: int = 32
    pooled: requests.Session = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.pooled = session(self.connections)

    def send(self, message: Message) -> Receipt:
        provider_id = post(self.pooled, self.url, message.delivery_id)
        return Receipt(delivery_id=message.delivery_id, provider=self.alias, provider_id=provider_id)


@dataclass(kw_only=True)
class ProbeProvider(Provider):
    """Notes the time of each call in `file`, shared by all processes; asks the first attempt to wait if told to."""

    channels: ClassVar[tuple[str, ...]] = ("probe",)
    local: ClassVar[bool] = True

    file: str

    def send(self, message: Message) -> Receipt:
        note = NOTE.pack(message.delivery_id.bytes, time.monotonic(), time.time())
        with Path(self.file).open("ab", buffering=0) as notes:
            os.write(notes.fileno(), note)
        wait = Delivery.objects.values_list("notification__payload__again_after", flat=True).get(pk=message.delivery_id)
        if wait and sum(note[0] == message.delivery_id.bytes for note in notes_in(Path(self.file))) == 1:
            raise TemporaryError("Once more, please.", retry_after=timedelta(seconds=wait))
        return Receipt(delivery_id=message.delivery_id, provider=self.alias)


def notes_in(file: Path) -> list[tuple[bytes, float, float]]:
    """What has been noted so far: (id, monotonic clock, host's clock)."""
    return list(NOTE.iter_unpack(file.read_bytes())) if file.exists() else []
