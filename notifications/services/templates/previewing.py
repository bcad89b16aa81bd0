"""A text as its readers would see it, without sending anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from django.db import transaction

from notifications import clock, conf
from notifications.channels import sms_segments
from notifications.channels.base import Content
from notifications.channels.registry import get_channel
from notifications.channels.sms import SmsChannel
from notifications.exceptions import NotificationError, TemplateError
from notifications.messages import Message
from notifications.models import Delivery, Notification, Template, TemplateChange
from notifications.pipeline.render import site_values, speaking, values
from notifications.services.templates.catalogue import Place, place
from notifications.services.templates.editing import check_parts, log
from notifications.templating import texts
from notifications.templating.validation import Finding, validate
from notifications.variables import COMMON

Values = Literal["example", "longest"]
ONE_LOOK = timedelta(minutes=10)
"""for so long further previews with the same person's data are not written down again"""


@dataclass(frozen=True, kw_only=True, slots=True)
class TextPreview:
    """What there is to see. `message` is None where it cannot be made, and `error` says why."""

    findings: Sequence[Finding]
    language: str
    is_bidi: bool
    message: Message | None = None
    sms_text: str = ""
    """of an SMS, as it is sent"""
    segments: sms_segments.Segments | None = None
    error: str = ""
    part: str = ""
    line: int | None = None


def example_values(type_: Any, *, longest: bool = False) -> dict[str, Any]:
    """The declared examples of a type's values, or the longest of each, besides what every text sees."""
    declared = {**COMMON, **(type_.declared_variables() or {})}
    shown = {name: each.worst if longest else each.example for name, each in declared.items()}
    site = {**site_values(), "link": conf.get().BASE_URL + "/"}
    return {**shown, **{name: value for name, value in site.items() if name not in type_.variables}}


def preview_text(
    type_key: str,
    channel: str,
    language: str,
    parts: Mapping[str, str],
    *,
    shown: Values = "example",
    reader: Any = None,
    notification: Notification | None = None,
    by: Any = None,
) -> TextPreview:
    """A text with example values, or, given a `notification` of the type, with those of its recipient.

    `reader` is whose time zone counts. A look at a recipient's data by `by` is written down.
    Raises `UnknownTypeError` and `TemplateStateError`.
    """
    found = place(type_key, channel, language)
    check_parts(channel, parts)
    findings = validate(found.type, channel, language, parts)
    spoken = texts.spoken_language(language, language or texts.default_language())
    told: dict[str, Any] = {"findings": findings, "language": spoken, "is_bidi": texts.is_bidi(spoken)}
    part = ""
    try:
        compiled = {}
        for each in texts.parts_of(channel):
            if each.name in parts and (each.required or parts[each.name].strip()):
                part = each.name
                compiled[part] = texts.compile_part(parts[part], each, spoken, name=part)
        user = notification.recipient if notification else reader
        if notification is not None:  # before, and apart from it: how a text fails tells of the data, too
            _write_down(found, language, notification, by)
        with speaking(spoken, user), transaction.atomic():
            if notification is not None:
                seen, link = values(notification.instance(), user)
                seen = {"unsubscribe_url": "", "reply_code": "", **seen}
            else:
                seen = example_values(found.type, longest=shown == "longest")
                link = str(seen.get("link", ""))
            rendered = {}
            for part, text in compiled.items():
                rendered[part] = text.render(seen)
        told |= _message(found, rendered, link, spoken, seen, user)
    except TemplateError as error:
        return TextPreview(**told, error=str(error), part=part, line=error.line)
    except NotificationError as error:
        return TextPreview(**told, error=str(error))
    except KeyError as error:  # a required part is not there; the findings say so
        return TextPreview(**told, error=f"The part {error.args[0]} is missing.", part=str(error.args[0]))
    return TextPreview(**told)


def _message(
    found: Place, rendered: Mapping[str, str], link: str, language: str, seen: Mapping[str, Any], user: Any
) -> dict[str, Any]:
    type_, channel = found.type, get_channel(found.channel)
    content = Content(
        parts=rendered,
        link=link,
        language=language,
        unsubscribe_url=str(seen.get("unsubscribe_url", "")),
        stream=type_.stream,
        sms_smart=type_.sms_smart,
        sms_parts=type_.sms_parts,
    )
    if isinstance(channel, SmsChannel):
        text, _ = channel.fitted(rendered[channel.parts[0].name].strip(), content)
        return {"sms_text": text, "segments": sms_segments.count(text)}
    notification = Notification(type=type_.key, category=type_.category, recipient=user, created_at=clock.now())
    delivery = Delivery(notification=notification, channel=found.channel, address="reader@example.org")
    return {"message": channel.message(delivery, content)}


def _write_down(found: Place, language: str, notification: Notification, by: Any) -> None:
    if notification.type != found.type.key:
        raise TemplateError(f"That notification is of the type {notification.type}, not {found.type.key}.")
    template, _ = Template.objects.get_or_create(type=found.type.key, channel=found.channel, language=language)
    note = f"notification {notification.pk}"
    looks = template.changes.filter(action=TemplateChange.Action.VIEWED, by=by, note=note)
    if not looks.filter(at__gt=clock.now() - ONE_LOOK).exists():  # a preview that is live looks at each pause in typing
        log(template, TemplateChange.Action.VIEWED, by=by, note=note)
