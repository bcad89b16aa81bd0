"""Words that answer a message, such as "C 47": found, stored once, and told to the app that asked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from notifications import keywords, triggers
from notifications.exceptions import NotificationError
from notifications.models import Delivery, Event, InboundMessage, Kind, Question
from notifications.pipeline.render import as_person
from notifications.services import forwarding
from notifications.services.replies import reply
from notifications.signals import notification_answered
from notifications.types import NotificationType

logger = logging.getLogger(__name__)

OPEN_AT_MOST = 100
"""questions to one address that are looked at: the newest"""
SHOWN_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that is open, and the type that asks it."""

    question: Question
    instance: NotificationType

    def answer(self, word: str) -> str:
        """What a word means here; "" for nothing."""
        return next((answer for answer, words in self.instance.answers.items() if word in words), "")


def take(message: InboundMessage, now: datetime) -> bool:
    """Apply an answer, or say why it is not clear. False: the message is no answer to anything that is open.

    Call it in a transaction, which holds what the answer caused.
    """
    said = keywords.word_and_code(message.text)
    if said is None:
        return False
    word, code = said
    fitting = [each for each in _open(message.channel, message.address, now) if each.answer(word)]
    if not fitting:
        return False
    meant = [each for each in fitting if code in ("", each.question.code)]
    recipient = (meant or fitting)[0].question.notification.recipient
    if len(meant) == 1:
        if _close(meant[0].question, meant[0].answer(word), now):
            _apply(message, meant[0], meant[0].answer(word), now)
        return True
    with as_person(recipient):
        reply(message, _which(fitting), to=recipient)
    return True


def _open(channel: str, address: str, now: datetime) -> list[Asked]:
    """The questions that an answer from an address may be meant for, the newest first."""
    rows = Question.objects.filter(
        channel=channel,
        address=address,
        closed_at__isnull=True,
        expires_at__gt=now,
        notification__cancelled_at__isnull=True,
    ).select_related("notification__recipient")
    found = []
    for row in rows.order_by("-asked_at")[:OPEN_AT_MOST]:
        try:
            instance = row.notification.instance()
            with transaction.atomic():
                still_valid = instance.still_valid()
        except NotificationError:  # its type was removed from the code, or changed
            continue
        except Exception:
            logger.exception("%s.still_valid() failed", row.notification.type)
            continue
        if still_valid:
            found.append(Asked(row, instance))
    return found


def _close(question: Question, answer: str, now: datetime) -> bool:
    """Whether this is the first answer."""
    unanswered = Question.objects.filter(pk=question.pk, closed_at__isnull=True)
    return bool(unanswered.update(answer=answer, answered_at=now, closed_at=now))


def _apply(message: InboundMessage, asked: Asked, answer: str, now: datetime) -> None:
    notification = asked.question.notification
    message.notification, message.user = notification, notification.recipient
    Event.objects.create(
        notification=notification,
        delivery=Delivery.objects.filter(
            notification=notification, channel=message.channel, address=message.address
        ).first(),
        kind=Kind.ANSWERED,
        at=now,
        data={"channel": message.channel, "answer": answer},
    )
    with as_person(notification.recipient):
        response = triggers.respond(asked.instance, notification.recipient, answer)
        if response.failed:
            text = _("Thank you. We could not do what you asked; our staff will be in touch.")
            forwarding.forward(message, now)
        else:
            text = " ".join(response.texts) or _("Thank you. Your answer has been noted.")
        reply(message, text, to=notification.recipient)
    told = {"notification": notification, "answer": answer, "by": message.channel}
    transaction.on_commit(partial(notification_answered.send_robust, type(asked.instance), **told))


def _which(fitting: Sequence[Asked]) -> str:
    """What may be answered, with the codes."""
    choices, either = [], _("or")
    for each in fitting[:SHOWN_AT_MOST]:
        words = [words[0] for words in each.instance.answers.values()]
        choices.append(f" {either} ".join(f"{word} {each.question.code}" for word in words))
    return _("Which message do you mean? Please reply with its code: %s.") % "; ".join(choices)
