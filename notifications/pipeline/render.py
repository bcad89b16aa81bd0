"""From a delivery to a message: the type's values, in the person's language and time zone, through its templates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.db import DatabaseError
from django.utils import timezone, translation

from notifications import conf, links
from notifications.channels.base import Content
from notifications.channels.registry import get_channel
from notifications.exceptions import AttachmentError, HeldOut, TemplateError
from notifications.messages import MEDIA_MAX, Attachment, Message
from notifications.models import Delivery, Notification
from notifications.preferences.locale import language_of, zone_of
from notifications.templating import texts
from notifications.types import NotificationType

LINK_SCHEMES = ("https", "http")


@contextmanager
def as_person(user: Any) -> Iterator[str]:
    """In the language and time zone of a person; gives the language."""
    language = language_of(user)
    with speaking(language, user):
        yield language


@contextmanager
def speaking(language: str, user: Any) -> Iterator[None]:
    """In a language, and in the time zone of a person."""
    with translation.override(language), timezone.override(zone_of(user)):
        yield


def render(delivery: Delivery, instance: NotificationType, reply_code: str = "", *, to_be_sent: bool = True) -> Message:
    """The message of a delivery. `reply_code` is what stands behind the words of an answer.

    The delivery is given the version and the variant that it is worded by. In memory: the caller stores it. What is not
    `to_be_sent` is not counted as a rendering of its version.

    Raises `TemplateError`, whatever it is that fails in the type or its templates, `AttachmentError`, and `HeldOut`.
    """
    user = delivery.notification.recipient
    channel = get_channel(delivery.channel)
    delivery.version_id, delivery.variant_id = None, None
    if instance.sensitive and not channel.secure:
        return channel.message(delivery, _neutral(texts.neutral(channel.name, language_of(user))))
    try:
        choice = _choice(instance, channel.name, user)
    except HeldOut as held_out:
        delivery.variant_id = held_out.variant
        raise
    wording, delivery.variant_id = choice.wording, choice.variant
    delivery.version_id = wording.version
    with speaking(wording.language, user):
        unsubscribe_url = "" if instance.mandatory or not channel.leaves_app else links.unsubscribe_url(delivery.pk)
        given = {"unsubscribe_url": unsubscribe_url, "reply_code": reply_code}
        context, link = values(instance, user)
        rendered = wording.render(given | context, counted=to_be_sent and instance.worded_by() is None)
        attachments = _attachments(instance, user) if channel.attaches else ()
        media = _media(instance, user) if channel.takes_media and not instance.sensitive else ()
    content = Content(
        parts=rendered,
        link=link,
        language=wording.language,
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


def _choice(instance: NotificationType, channel: str, user: Any) -> texts.Choice:
    version = instance.worded_by()
    if version is not None:
        return texts.Choice(texts.of_version(version, channel))
    return texts.choose(instance.key, channel, language_of(user), user.pk)


def _neutral(wording: texts.Wording) -> Content:
    """That there is a message, and where to sign in: nothing of the type, its payload or its person goes along."""
    rendered = wording.render(site_values())
    return Content(parts=rendered, link=conf.get().BASE_URL, language=wording.language, neutral=True)


def site_values() -> dict[str, Any]:
    """What every text sees of the site."""
    site_url = conf.get().BASE_URL
    return {"site_url": site_url, "site": urlsplit(site_url).netloc}


def values(instance: NotificationType, user: Any) -> tuple[dict[str, Any], str]:
    """The values that templates see, and the absolute link. Ours come first, so that a type may replace them."""
    try:
        link = instance.link(user)
        link = _absolute("link()", link) if link else ""
        ours = {
            "recipient_name": user.get_full_name() if hasattr(user, "get_full_name") else str(user),
            "link": link,
            **site_values(),
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
