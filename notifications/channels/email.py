"""Email: HTML with its styles inlined, and plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from inscriptis import get_text

from notifications import conf
from notifications.channels import attachments
from notifications.channels.base import Channel, Content, Part, envelope, one_line, text_of
from notifications.channels.tracked import with_pixel, with_tracked_links
from notifications.exceptions import ConfigurationError
from notifications.messages import EmailMessage
from notifications.models import Delivery

if TYPE_CHECKING:
    from css_inline import CSSInliner


@dataclass(kw_only=True)
class EmailChannel(Channel):
    """Sends to the primary email address."""

    parts = (
        Part(name="email.subject.txt"),
        Part(name="email.html"),
        Part(name="email.txt", required=False),  # made from the HTML when missing
    )

    attaches = True

    user_field: str = "email"
    reply_to: str = ""
    track_opens: bool = False
    """add a picture of our own whose loading is recorded; never for a sensitive type"""
    track_clicks: bool = False
    """lead web links through this site, where following them is recorded; never for a sensitive type"""
    max_attachment_bytes: int = 10_000_000
    max_attachments_bytes: int = 20_000_000
    """of all files of an email together, before they are encoded: on its way a file is a third larger"""
    attachment_types: Sequence[str] = tuple(attachments.TYPES)
    """the content types that may go along; files of other types than these are taken as they are"""

    def __post_init__(self) -> None:
        if wrong := [each for each in self.attachment_types if not attachments.is_content_type(each)]:
            raise ConfigurationError(
                f"attachment_types has {wrong[0]!r}; give content types such as application/pdf, without parameters."
            )

    def message(self, delivery: Delivery, content: Content) -> EmailMessage:
        html = _inliner().inline(content.parts["email.html"])
        text = text_of(content, "email.txt") or get_text(html).strip()
        if self.track_clicks and content.click_url:
            html = with_tracked_links(html, content.click_url, leave=content.unsubscribe_url)
        if self.track_opens and content.open_url:
            html = with_pixel(html, content.open_url)
        limits = attachments.Limits(
            each=self.max_attachment_bytes, total=self.max_attachments_bytes, types=self.attachment_types
        )
        attachments.check(content.attachments, limits)
        return EmailMessage(
            **envelope(delivery, content),
            subject=one_line(content.parts["email.subject.txt"]),
            html=html,
            text=text,
            from_email=conf.get().FROM_EMAIL or settings.DEFAULT_FROM_EMAIL,
            reply_to=self.reply_to,
            headers={
                "Auto-Submitted": "auto-generated",
                "X-Notification-Id": str(delivery.pk),
                "Feedback-ID": f"{delivery.notification.category}:{delivery.notification.type}:notifications",
                **_unsubscribe_headers(content.unsubscribe_url),
            },
            attachments=content.attachments,
        )


def _unsubscribe_headers(url: str) -> dict[str, str]:
    """One-click unsubscribing by the mail program: RFC 2369 and RFC 8058."""
    if not url:
        return {}
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


@cache
def _inliner() -> CSSInliner:
    from css_inline import CSSInliner

    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
