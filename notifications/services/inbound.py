"""What people write to us: a keyword holds as soon as it is stored, everything else is done by a worker afterwards."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet

from notifications import clock, keywords
from notifications.models import InboundMessage, Meaning, bulk, outbox
from notifications.pipeline.render import as_person
from notifications.services import answers, forwarding, opt_out, replies

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
"""between two tries to deal with a message: as long as it has waited already, within these"""
GIVE_UP_AFTER = timedelta(days=3)


def accept(message: InboundMessage, confirmation: Callable[[Meaning], str]) -> str:
    """Store a new message; STOP and START hold once this is committed. Returns what is to be answered, or "".

    `confirmation` gives the text that answers a keyword. It is told once: not for a post that comes again, nor for a
    STOP where nothing was sent any more.
    """
    with transaction.atomic():
        message.meaning = _keyword(message)
        if not bulk.insert_new([message]):
            return ""
        news = True
        if message.meaning == Meaning.STOP:
            news = opt_out.stop(message.channel, message.address, wording=message.text)
        elif message.meaning == Meaning.START:
            opt_out.start(message.channel, message.address, wording=message.text)
        text = _confirmation(message, confirmation) if message.meaning and news else ""
        if text and not replies.may_answer(message):
            return ""
        if text:
            message.data[replies.ANSWERED] = text
            message.save(update_fields=["data"])
    return text


def apply_inbound(*, until: float = math.inf) -> int:
    """Deal with the messages that wait, until none does or `time.monotonic()` reaches `until`. Returns how many.

    One that cannot be dealt with waits, and holds up no other.
    """
    applied = 0
    try:
        # A look alone takes no lock: on SQLite a transaction would take the only one there is.
        while time.monotonic() < until and _due(clock.now()).exists():
            done = _apply_next()
            if done is None:
                break
            applied += done
    except (OperationalError, InterfaceError):
        logger.warning("The database is away; what people wrote waits", exc_info=True)
        outbox.connection().close_if_unusable_or_obsolete()
    return applied


def _confirmation(message: InboundMessage, confirmation: Callable[[Meaning], str]) -> str:
    """In the language of the number's owner; of a number that is nobody's, in the site's."""
    owner = next(iter(opt_out.owners(message.channel, message.address)), None)
    with as_person(owner):
        return confirmation(Meaning(message.meaning))


def _due(now: datetime) -> QuerySet[InboundMessage]:
    return InboundMessage.objects.filter(due_at__lte=now).order_by("due_at")


def _keyword(message: InboundMessage) -> str:
    """The meaning of a message that is a keyword, or "". What the provider has understood wins."""
    told = {"STOP": Meaning.STOP, "START": Meaning.START, "HELP": Meaning.HELP}.get(
        message.data.get("opt_out_type", "")
    )
    if told is not None:
        return told
    word = keywords.keyword(message.text)
    if word in keywords.STOP_WORDS:
        return Meaning.STOP
    if word in keywords.HELP_WORDS:
        return Meaning.HELP
    if word in keywords.START_WORDS:
        return Meaning.START
    is_start = word == keywords.YES and opt_out.is_stopped(message.channel, message.address)
    return Meaning.START if is_start else ""


def _apply_next() -> bool | None:
    """Deal with one message: whether it worked; None if other workers have all that are due."""
    now, message = clock.now(), None
    try:
        with transaction.atomic():
            message = _due(now).select_for_update(of=("self",), skip_locked=True).first()
            if message is None:
                return None
            _deal_with(message, now)
            message.due_at, message.applied_at = None, now
            message.save(update_fields=["user", "notification", "meaning", "data", "due_at", "applied_at"])
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if message is None:
            raise
        logger.exception("Message %s could not be dealt with", message.pk)
        _put_off(message.pk, message.received_at, now)
        return False
    return True


def _deal_with(message: InboundMessage, now: datetime) -> None:
    message.user = next(iter(opt_out.owners(message.channel, message.address)), None)
    message.save(update_fields=["user"])  # what is told of it now names the person
    if message.meaning == Meaning.STOP:
        opt_out.skip_waiting(message.channel, message.address)
    elif not message.meaning:
        message.meaning = Meaning.ANSWER if answers.take(message, now) else Meaning.TEXT
        if message.meaning == Meaning.TEXT:
            forwarding.forward(message, now)


def _put_off(pk: UUID, received_at: datetime, now: datetime) -> None:
    waited = now - received_at
    due_at = None if waited > GIVE_UP_AFTER else now + min(max(waited, FIRST_PAUSE), LONGEST_PAUSE)
    InboundMessage.objects.filter(pk=pk).update(due_at=due_at)
    if due_at is None:
        logger.error("Gave up message %s: it could not be dealt with for %s", pk, GIVE_UP_AFTER)
