"""Heartbeats: whether each lane has workers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications import clock, conf
from notifications.admin import words
from notifications.admin.base import LocalAdmin
from notifications.models import Heartbeat


@admin.register(Heartbeat)
class HeartbeatAdmin(LocalAdmin):
    """The last round of the workers of each lane and host. Only a host that is gone may be deleted from it."""

    list_display = ("lane", "host", "state", "ago", "beat_at", "waits_until", "pid")
    ordering = ("lane", "host")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    @admin.display(description=_("state"))
    def state(self, heartbeat: Heartbeat) -> SafeString:
        """Alive or late, as `cluster_alive` has it."""
        max_age = timedelta(seconds=conf.get().HEARTBEAT_MAX_AGE_SECONDS)
        alive = heartbeat.beat_at > clock.now() - max_age
        return words.badge(gettext("alive"), "good") if alive else words.badge(gettext("no sign of life"), "bad")

    @admin.display(description=_("last round"))
    def ago(self, heartbeat: Heartbeat) -> str:
        """How long ago."""
        return gettext("%(since)s ago") % {"since": timesince(heartbeat.beat_at, clock.now())}
