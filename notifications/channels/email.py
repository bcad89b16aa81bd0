"""Email: HTML and plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from django.conf import settings

from notifications import conf
from notifications.channels import attachments
from notifications.channels.base import Channel, Content, Part, envelope, one_line, text_of
from notifications.channels.plain_text import plain_text
from notifications.channels.tracked import with_pixel, with_tracked_links
from notifications.exceptions import ConfigurationError, PermanentError, TemplateError, known
from notifications.messages import EmailMessage
from notifications.models import Delivery
from notifications.providers.email import mailbox
from notifications.types import STREAMS

SUBJECT = "email.subject.txt"
SUBJECT_MAX_LENGTH = 998
"""a line of an email has no more: RFC 5322, 2.1.1"""
FEEDBACK_SENDER = "notifications"
"""how Gmail's postmaster tools name this sender: the same in all emails, 5 to 15 characters"""


@dataclass(kw_only=True)
class EmailChannel(Channel):
    """Sends to the primary email address."""

    parts = (
        Part(name=SUBJECT),
        Part(name="email.html", styled=True),
        Part(name="email.txt", required=False),  # made from the HTML when missing
    )
    secure = True
    attaches = True

    user_field: str = "email"
    reply_to: str = ""
    streams: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """stream → its own {"from_email": …, "reply_to": …}, each optional"""
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
        if unknown := sorted(set(self.streams) - set(STREAMS)):
            raise ConfigurationError(f"streams has the unknown stream {unknown[0]!r}. {known(STREAMS)}")
        _check_address("reply_to", self.reply_to)
        for stream, own in self.streams.items():
            if unknown := sorted(set(own) - {"from_email", "reply_to"}):
                raise ConfigurationError(f"streams[{stream!r}] has {unknown[0]!r}. {known(['from_email', 'reply_to'])}")
            for name, value in own.items():
                _check_address(f"streams[{stream!r}][{name!r}]", value)

    def message(self, delivery: Delivery, content: Content) -> EmailMessage:
        html = content.parts["email.html"]
        if content.stream == "marketing":
            _check_unsubscribe(delivery, content, html)
        text = text_of(content, "email.txt") or plain_text(html)
        if self.track_clicks and content.click_url:
            html = with_tracked_links(html, content.click_url, leave=content.unsubscribe_url)
        if self.track_opens and content.open_url and (picture := content.open_url()):
            html = with_pixel(html, picture)
        limits = attachments.Limits(
            each=self.max_attachment_bytes, total=self.max_attachments_bytes, types=self.attachment_types
        )
        attachments.check(content.attachments, limits)
        own = self.streams.get(content.stream, {})
        sender = own.get("from_email") or conf.get().FROM_EMAIL or settings.DEFAULT_FROM_EMAIL
        return EmailMessage(
            **envelope(delivery, content),
            subject=_subject(delivery, content),
            html=html,
            text=text,
            from_email=sender,
            reply_to=own.get("reply_to") or self.reply_to,
            headers={
                **_message_id(delivery, sender),
                "Auto-Submitted": "auto-generated",
                "X-Notification-Id": str(delivery.pk),
                "Feedback-ID": _feedback_id(delivery, content.stream),
                **_unsubscribe_headers(content.unsubscribe_url),
            },
            attachments=content.attachments,
        )


def _subject(delivery: Delivery, content: Content) -> str:
    subject = one_line(content.parts[SUBJECT])
    if len(subject) > SUBJECT_MAX_LENGTH:
        name = f"notifications/{delivery.notification.type}/{SUBJECT}"
        text = f"{name} gave {len(subject):,} characters; a subject has {SUBJECT_MAX_LENGTH} at most."
        raise TemplateError(text, template=name)
    return subject


def _message_id(delivery: Delivery, sender: str) -> dict[str, str]:
    """The same each time it is sent, so that mail programs show a repeated email once."""
    try:
        return {"Message-ID": f"<{delivery.pk}@{mailbox('from_email', sender)[1]}>"}
    except PermanentError:  # the provider refuses that sender, and says why
        return {}


def _feedback_id(delivery: Delivery, stream: str) -> str:
    named = (delivery.notification.type, delivery.notification.category, stream)
    return ":".join((*(each.replace(":", "-") for each in named), FEEDBACK_SENDER))


def _unsubscribe_headers(url: str) -> dict[str, str]:
    """One-click unsubscribing by the mail program: RFC 2369 and RFC 8058."""
    if not url:
        return {}
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _check_unsubscribe(delivery: Delivery, content: Content, html: str) -> None:
    """People see the link too: mail programs show the header's as they like."""
    where = f"{delivery.notification.type} is marketing"
    if not content.unsubscribe_url:
        raise TemplateError(f"{where}, and nobody could unsubscribe: put notifications.tracking.urls into the URLs.")
    if escape(content.unsubscribe_url) not in html:
        name = f"notifications/{delivery.notification.type}/email.html"
        raise TemplateError(f"{where}; its email.html must link to {{{{ unsubscribe_url }}}}.", template=name)


def _check_address(name: str, value: str) -> None:
    try:
        if value:
            mailbox(name, value)
    except PermanentError as error:
        raise ConfigurationError(str(error)) from error
    if not value.isprintable():
        raise ConfigurationError(f"{name} is {value!r}, which holds a line break or another control character.")
