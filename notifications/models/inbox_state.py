"""`InboxState`: how far a person has come in the inbox."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class InboxState(models.Model):
    """High-water marks, so that "mark all read" is one small write however many messages there are."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="notification_inbox"
    )
    read_through = models.UUIDField(null=True, blank=True, help_text="All up to this position count as read.")
    seen_through = models.UUIDField(null=True, blank=True, help_text="All up to this position count as seen.")

    class Meta:
        verbose_name = _("inbox state")
        verbose_name_plural = _("inbox states")

    def __str__(self) -> str:
        return f"Inbox of {self.user_id}"
