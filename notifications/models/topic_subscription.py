"""`TopicSubscription`: which apps FCM has been told to give what is sent to a topic."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

NAME_MAX_LENGTH = 200
"""of a topic of ours; FCM takes up to 900 characters, but with an address they would not fit an index of PostgreSQL"""


class TopicSubscription(models.Model):
    """One for each topic and device address, from before FCM is asked to subscribe it until it has unsubscribed it.

    By the address, not by the contact point: that may go, change hands or take another address, and FCM would still
    give the old one what is sent to the topic.
    """

    topic = models.CharField(max_length=NAME_MAX_LENGTH)
    address = models.TextField(help_text="Of the device, as in its contact point.")
    subscribed_at = models.DateTimeField(
        null=True, blank=True, help_text="Empty while a change is under way: FCM may or may not have made it."
    )

    class Meta:
        verbose_name = _("topic subscription")
        verbose_name_plural = _("topic subscriptions")
        constraints = [models.UniqueConstraint(fields=["address", "topic"], name="notify_topic_subscription_once")]
        indexes = [models.Index(fields=["topic", "id"], name="notify_topic_subscription_page")]

    def __str__(self) -> str:
        return f"{self.topic}: {'subscribed' if self.subscribed_at else 'under way'}"
