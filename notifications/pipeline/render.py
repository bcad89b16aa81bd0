"""From a delivery to a message: the type's values, in the person's language and time zone, through its templates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.db import DatabaseError
from django.utils import timezone, translation

from notifications import conf, links
from notifications.channels.base import Content
from notifications.channels.registry import get_channel
from notifications.exceptions import AttachmentError, TemplateError
from notifications.messages import MEDIA_MAX, Attachment, Message
from notifications.models import Delivery, Notification
from notifications.preferences.locale import language_of, zone_of
from notifications.templating import files
from notifications.types import NotificationType

LINK_SCHEMES = ("https", "http")
NEUTRAL = "neutral"
"""the folder of the texts that a sensitive type has on channels that are not secure; a project may have its own"""


@contextmanager
def as_person(user: Any) -> Iterator[str]:
    """In the language and time zone of a person; gives the language."""
    language = language_of(user)
    with translation.override(language), timezone.override(zone_of(user)):
        yield language


def render(delivery: Delivery, instance: NotificationType, reply_code: str = "") -> Message:
    """The message of a delivery. `reply_code` is what stands behind the words of an answer.

    Raises `TemplateError`, whatever it is that fails in the type or its templates, and `AttachmentError`.
    """
    user = delivery.notification.recipient
    channel = get_channel(delivery.channel)
    parts = [(part.name, part.required, part.is_html) for part in channel.parts]
    with as_person(user) as language:
        if instance.sensitive and not channel.secure:
            return channel.message(delivery, _neutral(parts, language))
        context, link = values(instance, user, language)
        unsubscribe_url = "" if instance.mandatory or not channel.leaves_app else links.unsubscribe_url(delivery.pk)
        context.setdefault("unsubscribe_url", unsubscribe_url)
        context.setdefault("reply_code", reply_code)
        rendered = files.render_parts(instance.key, parts, language, context)
        attachments = _attachments(instance, user) if channel.attaches else ()
        media = _media(instance, user) if channel.takes_media and not instance.sensitive else ()
    content = Content(
        parts=rendered,
        link=link,
        language=language,
        unsubscribe_url=unsubscribe_url,
        open_url=None if instance.sensitive else partial(links.open_url, delivery.pk),
        click_url=None if instance.sensitive else partial(links.click_url, delivery.pk),
        stream=instance.stream,
        attachments=attachments,
        media=media,
        sms_smart=instance.sms_smart,
        sms_parts=instance.sms_parts,
    )
    return channel.message(delivery, content)


def _neutral(parts: Sequence[tuple[str, bool, bool]], language: str) -> Content:
    """That there is a message, and where to sign in: nothing of the type, its payload or its person goes along."""
    site_url = conf.get().BASE_URL
    context = {"site_url": site_url, "site": urlsplit(site_url).netloc, "LANGUAGE_CODE": language}
    rendered = files.render_parts(NEUTRAL, parts, language, context)
    return Content(parts=rendered, link=site_url, language=language, neutral=True)


def values(instance: NotificationType, user: Any, language: str) -> tuple[dict[str, Any], str]:
    """The values that templates see, and the absolute link. Ours come first, so that a type may replace them."""
    try:
        link = instance.link(user)
        link = _absolute("link()", link) if link else ""
        ours = {
            "recipient_name": user.get_full_name() if hasattr(user, "get_full_name") else str(user),
            "link": link,
            "site_url": conf.get().BASE_URL,
            "LANGUAGE_CODE": language,
            "LANGUAGE_BIDI": translation.get_language_bidi(),
        }
        return ours | instance.context(user), link
    except DatabaseError:
        raise
    except Exception as error:
        raise TemplateError(f"{instance.key}.context() or link() failed: {type(error).__name__}: {error}") from error


def _attachments(instance: NotificationType, user: Any) -> tuple[Attachment, ...]:
    try:
        attachments: tuple[Any, ...] = tuple(instance.attachments(user))
    except (DatabaseError, AttachmentError):
        raise
    except Exception as error:
        raise TemplateError(f"{instance.key}.attachments() failed: {type(error).__name__}: {error}") from error
    wrong = next((type(each).__name__ for each in attachments if not isinstance(each, Attachment)), "")
    if wrong:
        raise AttachmentError(f"{instance.key}.attachments() gave {wrong}; it gives Attachment only.")
    return attachments


def _media(instance: NotificationType, user: Any) -> tuple[str, ...]:
    try:
        given = instance.media(user)
        if isinstance(given, str):
            raise TypeError(f"media() gave the text {given!r}; it gives several addresses, such as a list.")
        media = tuple(_absolute("media()", each) for each in given)
        if len(media) > MEDIA_MAX:
            raise ValueError(f"media() gave {len(media)} addresses, more than {MEDIA_MAX}.")
    except DatabaseError:
        raise
    except Exception as error:
        raise TemplateError(f"{instance.key}.media() failed: {type(error).__name__}: {error}") from error
    return media


def _absolute(method: str, link: str) -> str:
    absolute = urljoin(conf.get().BASE_URL, link)
    if not link or urlsplit(absolute).scheme not in LINK_SCHEMES:
        raise ValueError(f"{method} gave {link!r}; a link starts with / or with {' or '.join(LINK_SCHEMES)}:")
    return absolute


def fill_inbox(notification: Notification, delivery: Delivery, instance: NotificationType) -> None:
    """Set the notification's inbox text from its in-app delivery. In memory: the caller stores it."""
    message = render(delivery, instance)
    notification.title = getattr(message, "title", "")
    notification.body = getattr(message, "text", "")
    notification.link = getattr(message, "link", "")[:500]
    notification.enter_inbox()
