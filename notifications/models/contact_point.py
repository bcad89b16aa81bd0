"""`ContactPoint`: where a person can be reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connections, models
from django.db.models import Q
from django.db.models.query import RawQuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from notifications import clock

PUSH = "push"
"""the channel whose addresses are devices"""


class DisabledBy(models.TextChoices):
    """Who disabled an address, and so who may enable it again. Its labels are English: `gettext` them."""

    SYSTEM = "", gettext_noop("the system: messages no longer get there")
    OWNER = "owner", gettext_noop("its owner")
    STAFF = "staff", gettext_noop("staff")


class ContactPointQuerySet(models.QuerySet["ContactPoint"]):
    """Queries with a name."""

    def of(self, user_ids: Sequence[Any], channels: Sequence[str]) -> RawQuerySet[ContactPoint]:
        """Those of some people on some channels, neither of them empty.

        In SQL, since every `notify` asks it: the ORM's query took a third of its time.
        """
        meta, connection = self.model._meta, connections[self.db]
        user_key = meta.get_field("user")
        users = [user_key.get_db_prep_value(each, connection) for each in user_ids]
        columns = ", ".join(str(each.column) for each in meta.concrete_fields)
        marks = [", ".join(["%s"] * len(each)) for each in (users, channels)]
        sql = f"SELECT {columns} FROM {meta.db_table} WHERE user_id IN ({marks[0]}) AND channel IN ({marks[1]})"  # noqa: S608
        return self.raw(sql, [*users, *channels])


class ContactPoint(models.Model):
    """An address of a person on a channel: an email address, a phone number, a device."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="contact_points", db_index=False, verbose_name=_("user")
    )
    channel = models.CharField(_("channel"), max_length=20)
    address = models.TextField(
        _("address"), help_text=_("An email address, an E.164 number, a device token or subscription.")
    )
    label = models.CharField(
        _("label"), max_length=100, blank=True, help_text=_("What its owner calls it, such as “Work phone”.")
    )
    is_primary = models.BooleanField(_("is primary"), default=False)
    self_entered = models.BooleanField(default=False, help_text="Its owner typed it in: it counts once verified.")
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)
    disabled_at = models.DateTimeField(_("disabled at"), null=True, blank=True)
    disabled_by = models.CharField(max_length=10, choices=DisabledBy.choices, blank=True)
    disabled_reason = models.CharField(_("disabled reason"), max_length=200, blank=True)
    seen_at = models.DateTimeField(
        _("seen at"), null=True, blank=True, help_text=_("A device: when it last said that it is there.")
    )
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)

    objects = ContactPointQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        constraints = [
            models.UniqueConstraint(fields=["user", "channel", "address"], name="notify_contact_point_address"),
            # A device that two people share shows the messages of one of them: who used it last.
            models.UniqueConstraint(
                fields=["address"],
                condition=Q(channel=PUSH, disabled_at__isnull=True),
                name="notify_contact_point_device",
            ),
        ]
        indexes = [models.Index(fields=["address", "channel"], name="notify_contact_point_owner")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.label or self.address}"

    @property
    def is_unverified(self) -> bool:
        """Whether nobody knows yet that its owner, who typed it in, holds it."""
        return self.self_entered and self.verified_at is None
