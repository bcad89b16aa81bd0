"""Topics for roles: the phones of a Django group's members are subscribed to an FCM topic, and others are not.

`NOTIFICATIONS["PUSH_TOPICS"]` names the topic of each group. The minute's round of the bulk lane brings FCM in step
every ten minutes, and `manage.py push_topics` at once: only changes are asked for. One who leaves the group, loses the
account, signs out or hands the phone on is unsubscribed by the next round; until then that phone shows what the topic
is sent, so an app should also unsubscribe by itself when somebody signs out.

A message to all of a role is one delivery and one request, however many they are: to a user that stands for the role.

    role = User.objects.create(username="role-doctors")
    ContactPoint.objects.create(user=role, channel="push", address="topic:doctors")
    notify(WardRound(ward=7), to=role)

It is worded in that user's language and time zone, and asks for the preferences and quiet hours of that user only: for
what everybody in the role must see. What is sensitive says no more than that there is a message, as in every push.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db import InterfaceError, OperationalError
from django.db.models import Exists, OuterRef, QuerySet

from notifications import clock, conf
from notifications.devices import FCM
from notifications.exceptions import AddressError, ConfigurationError, ProviderError
from notifications.models import ContactPoint, PollMark, TopicSubscription, outbox
from notifications.models.contact_point import PUSH
from notifications.providers.fcm import FcmProvider
from notifications.providers.registry import get_provider

logger = logging.getLogger(__name__)

Change = Callable[[Sequence[str], str], list[ProviderError | None]]

CHUNK = 32
PAUSE = timedelta(minutes=10)
LEASE = timedelta(minutes=15)
"""how long others leave it to the worker that is at it"""


@dataclass
class TopicChanges:
    """What a run did about a topic, or would do. Numbers of devices."""

    topic: str
    subscribed: int = 0
    unsubscribed: int = 0
    given_up: int = 0
    """gone, as FCM says: nothing is sent to them any more"""
    failed: int = 0
    """left to the next run"""

    @property
    def done(self) -> int:
        """How many are as they should be now."""
        return self.subscribed + self.unsubscribed + self.given_up


def sync_topics(*, seconds: float = math.inf) -> list[TopicChanges]:
    """Bring FCM in step with the groups, for so long at the most. Returns what was done about each topic.

    The minute's rounds leave it alone meanwhile. A run that ends in the middle is gone on with by the next: what it
    asked for may be asked for twice, which is harmless. Raises `ConfigurationError` if nothing is sent through FCM.
    """
    provider = _provider()
    mark = _mark(provider)
    _put_off(mark, LEASE)
    return _run(provider, mark, time.monotonic() + seconds)


def sync_topics_in_turn(*, seconds: float = 10) -> list[TopicChanges]:
    """The same, at most once in ten minutes whatever the number of workers; nothing at all without `PUSH_TOPICS`.

    What time was short for is gone on with in the next minute.
    """
    if not conf.get().PUSH_TOPICS:
        return []
    until = time.monotonic() + seconds
    try:
        provider = _provider()
        _mark(provider)
        return [each for mark in PollMark.objects.take(provider.alias, LEASE) for each in _run(provider, mark, until)]
    except ConfigurationError:
        logger.exception("Nobody is subscribed to the topics of PUSH_TOPICS")
    except (OperationalError, InterfaceError):
        logger.warning("The database is away; topics are brought in step later", exc_info=True)
        outbox.connection().close_if_unusable_or_obsolete()
    return []


def planned_changes() -> list[TopicChanges]:
    """What a run would do about each topic."""
    return [
        TopicChanges(topic, subscribed=_missing(topic).count(), unsubscribed=_stale(topic).count())
        for topic in _topics()
    ]


def _provider() -> FcmProvider:
    """The first of push: an app's token is of one Firebase project. Raises `ConfigurationError`."""
    aliases = conf.get().CHANNELS.get(PUSH, {}).get("PROVIDERS", ())
    found = [each for each in map(get_provider, aliases) if isinstance(each, FcmProvider)]
    if not found:
        raise ConfigurationError("No provider of the channel push is an FcmProvider, so there are no topics.")
    return found[0]


def _mark(provider: FcmProvider) -> PollMark:
    seconds = int(PAUSE.total_seconds())
    mark, _ = PollMark.objects.get_or_create(
        alias=provider.alias, wait_seconds=seconds, defaults={"through": clock.now()}
    )
    return mark


def _put_off(mark: PollMark, wait: timedelta) -> None:
    mark.due_at = clock.now() + wait
    mark.save(update_fields=["through", "due_at"])


def _topics() -> list[str]:
    """Those of the settings, and those of earlier settings that devices may still be subscribed to."""
    earlier = TopicSubscription.objects.values_list("topic", flat=True).distinct()
    return sorted({*conf.get().PUSH_TOPICS.values(), *earlier})


def _wanted(topic: str) -> QuerySet[ContactPoint]:
    """The devices that FCM reaches of the active members of the topic's groups."""
    groups = [group for group, name in conf.get().PUSH_TOPICS.items() if name == topic]
    people = get_user_model()._default_manager.filter(is_active=True, groups__name__in=groups)
    return ContactPoint.objects.filter(
        channel=PUSH, address__startswith=f"{FCM}:", disabled_at__isnull=True, user__in=people.values("pk")
    )


def _missing(topic: str) -> QuerySet[ContactPoint]:
    known = TopicSubscription.objects.filter(topic=topic, address=OuterRef("address"), subscribed_at__isnull=False)
    return _wanted(topic).exclude(Exists(known))


def _stale(topic: str) -> QuerySet[TopicSubscription]:
    return TopicSubscription.objects.filter(topic=topic).exclude(
        Exists(_wanted(topic).filter(address=OuterRef("address")))
    )


def _run(provider: FcmProvider, mark: PollMark, until: float) -> list[TopicChanges]:
    """First those that must not get it any more, then those that should."""
    found = [TopicChanges(topic) for topic in _topics()]
    in_time = all(
        _through(rows(each.topic), partial(change, provider, each), mark, until)
        for rows, change in ((_stale, _unsubscribe), (_missing, _subscribe))
        for each in found
    )
    mark.through = clock.now()
    _put_off(mark, PAUSE if in_time else timedelta())
    if failed := sum(each.failed for each in found):
        logger.warning("%d devices could not be subscribed to their topics, or unsubscribed; again later", failed)
    return found


def _through(rows: QuerySet[Any], change: Callable[[list[str]], bool], mark: PollMark, until: float) -> bool:
    """Change all of them, a chunk at a time, unless FCM can change none now. Returns False when time was too short."""
    last = 0
    while chunk := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", "address")[:CHUNK]):
        if time.monotonic() >= until:
            return False
        last = chunk[-1][0]
        if not change([address for _, address in chunk]):
            break
        _put_off(mark, LEASE)
    return True


def _subscribe(provider: FcmProvider, changes: TopicChanges, addresses: list[str]) -> bool:
    """Returns False when FCM can do it for none now. The rows come first: what FCM was asked for is not forgotten."""
    rows = [TopicSubscription(topic=changes.topic, address=each) for each in addresses]
    TopicSubscription.objects.bulk_create(rows, ignore_conflicts=True)
    results = _ask(provider.subscribe, changes, addresses)
    gone = _count(changes, results)
    done = [address for address, error in results.items() if error is None]
    changes.subscribed += len(done)
    now = clock.now()
    TopicSubscription.objects.bulk_create(
        [TopicSubscription(topic=changes.topic, address=each, subscribed_at=now) for each in done],
        update_conflicts=True,
        unique_fields=["address", "topic"],
        update_fields=["subscribed_at"],
    )
    TopicSubscription.objects.filter(topic=changes.topic, address__in=gone).delete()
    return bool(done or gone)


def _unsubscribe(provider: FcmProvider, changes: TopicChanges, addresses: list[str]) -> bool:
    """Returns False when FCM can do it for none now. The rows go last."""
    rows = TopicSubscription.objects.filter(topic=changes.topic)
    rows.filter(address__in=addresses).update(subscribed_at=None)
    results = _ask(provider.unsubscribe, changes, addresses)
    gone = _count(changes, results)
    done = [address for address, error in results.items() if error is None]
    changes.unsubscribed += len(done)
    rows.filter(address__in=[*done, *gone]).delete()
    return bool(done or gone)


def _ask(change: Change, changes: TopicChanges, addresses: list[str]) -> dict[str, ProviderError | None]:
    """What came of each address."""
    try:
        errors = change([each.removeprefix(f"{FCM}:") for each in addresses], changes.topic)
    except ProviderError as error:
        logger.warning("The topic %s could not be changed: %s", changes.topic, error)
        return dict.fromkeys(addresses, error)
    return dict(zip(addresses, errors, strict=True))


def _count(changes: TopicChanges, results: dict[str, ProviderError | None]) -> list[str]:
    """Count what failed. Returns the devices that are gone, to which nothing is sent any more."""
    gone = {address: error for address, error in results.items() if isinstance(error, AddressError)}
    changes.given_up += len(gone)
    changes.failed += sum(error is not None for error in results.values()) - len(gone)
    for address, error in gone.items():
        ContactPoint.objects.filter(channel=PUSH, address=address, disabled_at__isnull=True).update(
            disabled_at=clock.now(), disabled_reason=str(error)[:200]
        )
    return list(gone)
