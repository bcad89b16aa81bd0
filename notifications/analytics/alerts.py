"""Alerts: operators are told when a channel has lost its last provider, and when it has one again.

An alert is a notification like any other. What a later change of a provider shows again is the same outage, with the
same key, so it is told once, whoever sees it; and what could not be told at once is told at the next change.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_noop

from notifications import clock, conf
from notifications.analytics.outages import WAITING_CAP, Outage, causes, last_outage, providers_of, waiting
from notifications.channels.registry import get_channel
from notifications.models import Notification
from notifications.pipeline import failover
from notifications.services import notify
from notifications.services.recipients import members_or_superusers
from notifications.signals import provider_changed
from notifications.templating.durations import in_words
from notifications.types import NotificationType, Priority, register
from notifications.variables import Variable

logger = logging.getLogger(__name__)

WORTH_TELLING = timedelta(hours=1)
"""later, who is told knows"""


def _configured(*names: str) -> tuple[str, ...]:
    """Those of the channels that the project has; all of them while its settings are wrong, which the checks say."""
    try:
        return tuple(name for name in names if name in conf.get().CHANNELS)
    except Exception:
        return names


class ChannelAlert(NotificationType):
    """What they have in common. It goes by several channels: the one that it tells of may be among them."""

    category = gettext_noop("operations")
    channels = _configured("in_app", "email", "sms")
    priority = Priority.CRITICAL
    mandatory = True
    expires_after = WORTH_TELLING
    variables = {
        "channel": Variable(example="sms", longest="in_app", about="the channel, as the settings name it"),
        "since": Variable(example=datetime(2030, 3, 4, 2, 14, 9, tzinfo=UTC), about="when the outage began"),
        "waiting": Variable(example=12, longest=1000, about="how many messages wait; 1000 where there are more"),
        "capped": Variable(example=False, longest=True, about="whether more wait than were counted"),
    }

    channel: str
    since: str
    """when the outage began, in ISO 8601"""

    def recipients(self) -> QuerySet[Any]:
        return operators()

    def outage(self) -> Outage | None:
        """The one it tells of, if the channel has had no other since."""
        found = last_outage(self.channel)
        return found if found is not None and found.since == self.began else None

    def context(self, recipient: AbstractBaseUser) -> dict[str, Any]:
        count = waiting(self.channel)
        return {**self.payload(), "since": self.began, "waiting": count, "capped": count == WAITING_CAP}

    def link(self, recipient: AbstractBaseUser) -> str:
        try:
            return reverse("admin:notify_providerhealth_changelist")
        except NoReverseMatch:  # a project without the admin
            return ""

    @property
    def began(self) -> datetime:
        """`since`, read."""
        return datetime.fromisoformat(self.since)


class ChannelDown(ChannelAlert):
    """Tells operators that no provider of a channel is in use: its deliveries are held."""

    key = "notify.channel_down"
    example = {
        "channel": "sms",
        "since": "2030-03-04T02:14:09+00:00",
        "providers": [
            {
                "alias": "twilio",
                "state": "open",
                "by": "",
                "reason": "8 requests in a row failed. It is probed in 30 s.",
                "error": "TemporaryError: 503 Service Unavailable",
            },
            {"alias": "sns", "state": "disabled", "by": "asha", "reason": "The contract has ended.", "error": ""},
        ],
    }
    variables = {
        **ChannelAlert.variables,
        "providers": Variable(
            example=example["providers"],
            longest=[
                {**each, "alias": alias, "state": "disabled", "by": "meera.nair@example.org", "error": "x" * 300}
                for each, alias in zip(example["providers"], ("twilio_india", "sns_mumbai"), strict=True)
            ],
            about="each with alias; state: open (out of use), half_open (being probed), disabled or draining; by whom; "
            "reason; error, its last",
        ),
    }

    providers: list[dict[str, str]]

    def still_valid(self) -> bool:
        outage = self.outage()
        return outage is not None and outage.until is None


class ChannelUp(ChannelAlert):
    """Tells those who heard of an outage that it is over."""

    key = "notify.channel_up"
    example = {
        "channel": "sms",
        "since": "2030-03-04T02:14:09+00:00",
        "until": "2030-03-04T02:51:30+00:00",
        "providers": ["twilio"],
    }
    variables = {
        **ChannelAlert.variables,
        "until": Variable(example=datetime(2030, 3, 4, 2, 51, 30, tzinfo=UTC), about="when the outage ended"),
        "lasted": Variable(example="37 minutes", longest="13 days and 22 hours", about="how long it lasted, in words"),
        "providers": Variable(
            example=["twilio"], longest=["twilio_india", "sns_mumbai"], about="the providers that are in use again"
        ),
    }

    until: str
    """when it ended, in ISO 8601"""
    providers: list[str]
    """the aliases of those in use again"""

    def still_valid(self) -> bool:
        outage = self.outage()
        return outage is not None and outage.until is not None

    def context(self, recipient: AbstractBaseUser) -> dict[str, Any]:
        ended = datetime.fromisoformat(self.until)
        return {**super().context(recipient), "until": ended, "lasted": in_words(ended - self.began)}


def connect() -> None:
    """Declare the types and listen. Autodiscovery skips our own package, so `NotifyConfig.ready` calls it."""
    if ChannelAlert.channels:
        register(ChannelDown)
        register(ChannelUp)
        provider_changed.connect(_look_at_its_channels, dispatch_uid="notifications.alerts")


def operators() -> QuerySet[Any]:
    """Who is told: the active members of the group that OPERATORS names; else, or if it has none, the superusers."""
    return members_or_superusers(conf.get().OPERATORS, "OPERATORS")


def _look_at_its_channels(*, alias: str, **kwargs: Any) -> None:
    """It is heard after commit: of two changes at once the later one sees both, and a failure here undoes nothing."""
    for channel in conf.get().CHANNELS:
        if alias in providers_of(channel):
            _tell_or_log(channel)


def _tell_or_log(channel: str) -> None:
    """Whoever changed the provider, a worker in mid-round perhaps, has to go on."""
    try:
        _tell(channel)
    except Exception:
        logger.exception("Operators could not be told how channel %s stands; the next change tries again", channel)


def _tell(channel: str) -> None:
    outage = last_outage(channel)
    if outage is None:
        return
    since = outage.since.isoformat()
    if outage.until is None:
        notify(ChannelDown(channel=channel, since=since, providers=causes(channel)), key=outage.key)
    elif clock.now() - outage.until < WORTH_TELLING:
        heard = Notification.objects.filter(key=outage.key, type=ChannelDown.key)
        in_use = [alias for alias, share in failover.shares(get_channel(channel), clock.now()).items() if share]
        notify(
            ChannelUp(channel=channel, since=since, until=outage.until.isoformat(), providers=in_use),
            to=get_user_model()._default_manager.filter(pk__in=heard.values("recipient")),
            key=outage.key,
        )
