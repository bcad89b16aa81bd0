"""Ask providers about text messages that they took and told nothing of since: after a wait, and after twice that, …"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.db.models import Q

from notifications import clock, conf
from notifications.exceptions import ConfigurationError, TemporaryError
from notifications.messages import Receipt
from notifications.models import Delivery, PollMark, Status, outbox
from notifications.providers.base import Provider
from notifications.providers.registry import get_provider
from notifications.services.receipts import record_receipts

logger = logging.getLogger(__name__)

BATCH = 20
LONGEST_WAIT = timedelta(hours=24)
"""what is not known after a day is not asked for again"""
PAUSE = timedelta(minutes=1)
PAUSE_AFTER_ERROR = timedelta(minutes=5)
LEASE = timedelta(minutes=15)
"""how long others leave a provider to the worker that asks it"""


def poll_silent(*, seconds: float = 20) -> int:
    """Ask the providers that can be asked about what they took, for so long at the most. Returns how many told news.

    Any number of workers may call it at once: each mark is taken by one of them.
    """
    until = time.monotonic() + seconds
    news = 0
    try:
        for provider in _askable():
            _ensure_marks(provider.alias)
            for mark in PollMark.objects.take(provider.alias, LEASE):
                news += _poll(provider, mark, until)
    except (OperationalError, InterfaceError):
        logger.warning("The database is away; providers are asked later", exc_info=True)
        outbox.connection().close_if_unusable_or_obsolete()
    return news


def waits() -> list[timedelta]:
    """How long after it was sent a message is asked for: 10 minutes, 20, 40, … up to a day."""
    wait, found = timedelta(seconds=conf.get().POLL_AFTER_SECONDS), []
    while wait <= LONGEST_WAIT:
        found.append(wait)
        wait *= 2
    return found


def _askable() -> Iterator[Provider]:
    for alias in conf.get().PROVIDERS:
        try:
            provider = get_provider(alias)
        except ConfigurationError:
            logger.exception("%s cannot be asked", alias)
            continue
        if provider.can_poll:
            yield provider


def _ensure_marks(alias: str) -> None:
    now, seconds = clock.now(), {int(each.total_seconds()): each for each in waits()}
    marks = PollMark.objects.filter(alias=alias)
    known = set(marks.values_list("wait_seconds", flat=True))
    if known == set(seconds):
        return
    marks.exclude(wait_seconds__in=seconds).delete()
    PollMark.objects.bulk_create(
        # Each begins where the next longer one takes over.
        [PollMark(alias=alias, wait_seconds=n, through=now - 2 * seconds[n]) for n in set(seconds) - known],
        ignore_conflicts=True,
    )


def _poll(provider: Provider, mark: PollMark, until: float) -> int:
    """Ask about all that became due since the mark, and move it on. A failure leaves it where it is."""
    news = 0
    while True:
        ending = mark.ending(clock.now())
        batch = _silent(mark, ending)
        if batch and time.monotonic() >= until:
            _move(mark, due_at=clock.now())
            return news
        told, failed = _ask(provider, [(pk, provider_id) for pk, provider_id, _ in batch])
        news += record_receipts(told)
        if failed:
            _move(mark, due_at=clock.now() + PAUSE_AFTER_ERROR)
            return news
        if len(batch) < BATCH:
            mark.through, mark.through_id = ending, None
            _move(mark, due_at=clock.now() + PAUSE)
            return news
        mark.through_id, _, mark.through = batch[-1]
        _move(mark, due_at=clock.now() + LEASE)


def _silent(mark: PollMark, ending: datetime) -> Sequence[tuple[UUID, str, datetime]]:
    """(delivery, the provider's id, when it was sent) of the next ones that are still only sent."""
    after = Q(settled_at__gt=mark.through)
    if mark.through_id is not None:
        after |= Q(settled_at=mark.through, id__gt=mark.through_id)
    sent = Delivery.objects.filter(after, channel="sms", status=Status.SENT, provider=mark.alias)
    in_time = sent.filter(settled_at__gte=mark.through, settled_at__lte=ending).order_by("settled_at", "id")
    rows = in_time.exclude(provider_id="").values_list("id", "provider_id", "settled_at")[:BATCH]
    return [(pk, provider_id, at) for pk, provider_id, at in rows if at is not None]


def _ask(provider: Provider, sent: Sequence[tuple[UUID, str]]) -> tuple[list[Receipt], bool]:
    """What it told, and whether it failed on the way."""
    told: list[Receipt] = []
    try:
        if sent:
            told.extend(provider.poll(sent))
    except TemporaryError as error:
        logger.warning("%s could not be asked: %s", provider.alias, error)
        return told, True
    except Exception:
        logger.exception("%s could not be asked", provider.alias)
        return told, True
    return told, False


def _move(mark: PollMark, *, due_at: datetime) -> None:
    mark.due_at = due_at
    mark.save(update_fields=["through", "through_id", "due_at"])
