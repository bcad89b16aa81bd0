"""The provider that sends nothing on: it captures to the database, and fails when it is told to."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.db import InterfaceError, OperationalError, connections, router
from django.db.models import F

from notifications import clock
from notifications.exceptions import AddressError, PermanentError, TemporaryError, UnknownOutcome
from notifications.messages import Attachment, Message, Receipt, ReceiptState
from notifications.models import SandboxFault, SandboxMessage
from notifications.providers.base import Provider

RECEIPTS_AT_A_TIME = 500
Fault = SandboxFault.Fault

MAGIC_RECIPIENTS = {
    "temp-fail": Fault.ERROR,
    "+447700900003": Fault.ERROR,
    "perm-fail": Fault.REFUSE,
    "+447700900002": Fault.REFUSE,
    "bad-address": Fault.BAD_ADDRESS,
}
"""what stands before an email's @, a number or a device token → the fault that such a message always meets"""
BOUNCING_RECIPIENTS = ("bounce", "+447700900004")


@dataclass(kw_only=True)
class SandboxProvider(Provider):
    """Captures emails, text and push messages as `SandboxMessage` rows, and meets the faults of `SandboxFault`.

    Some recipients always fare the same, so that a caller can try each ending: `temp-fail@` any domain and
    +447700900003 meet a temporary error, `perm-fail@` and +447700900002 a permanent one, `bad-address@` is a bad
    address, and `bounce@` and +447700900004 are taken and reported as bounced. So are push tokens of these names.

    It works in the worker's own thread: a scripted delay holds up the whole worker.
    """

    channels: ClassVar[tuple[str, ...]] = ("email", "sms", "push")
    local: ClassVar[bool] = True

    receipts: bool = True
    """whether it tells later that a message was delivered"""
    look_ups: bool = True
    """whether it can be asked for a message by our delivery id"""
    receipt_delay_seconds: float = 1
    """how long after the message its receipt comes"""

    @property
    def gives_receipts(self) -> bool:
        return self.receipts

    @property
    def can_look_up(self) -> bool:
        return self.look_ups

    def send(self, message: Message) -> Receipt:
        fault, seconds = self._next_fault(message)
        match fault:
            case Fault.DELAY:
                time.sleep(seconds)
            case Fault.ERROR:
                raise TemporaryError("The sandbox was told to answer with an error.", code="500")
            case Fault.RATE_LIMIT:
                wait = timedelta(seconds=seconds)
                raise TemporaryError("The sandbox was told to limit the rate.", code="429", retry_after=wait)
            case Fault.REFUSE:
                raise PermanentError("The sandbox was told to refuse the message.", code="400")
            case Fault.BAD_ADDRESS:
                raise AddressError("The sandbox was told that the address is bad.", code="404")
            case Fault.TIMEOUT:
                raise UnknownOutcome("The sandbox was told to time out; it took nothing.")
        captured = self._capture(message)
        if fault == Fault.TIMEOUT_AFTER_ACCEPT:
            raise UnknownOutcome("The sandbox was told to time out; it took the message.")
        if fault == Fault.MALFORMED:
            raise UnknownOutcome("The sandbox was told to answer with nonsense; it took the message.")
        return self._receipt(captured, "sent")

    def look_up(self, delivery_id: UUID) -> Receipt | None:
        captured = SandboxMessage.objects.filter(delivery_id=delivery_id, provider=self.alias).first()
        return self._receipt(captured, "sent") if captured else None

    def fetch_receipts(self) -> Iterable[Receipt]:
        """Receipts of messages not yet reported, the oldest first; they come again until they are acknowledged."""
        if not self.receipts:
            return ()
        before = clock.now() - timedelta(seconds=self.receipt_delay_seconds)
        unreported = SandboxMessage.objects.filter(
            provider=self.alias, reported_at__isnull=True, captured_at__lte=before
        )
        columns = unreported.only("id", "delivery_id", "to", "captured_at").order_by("captured_at")
        return self._reports(columns[:RECEIPTS_AT_A_TIME])

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        taken = [each.provider_id for each in receipts]
        SandboxMessage.objects.filter(pk__in=taken, reported_at__isnull=True).update(reported_at=clock.now())

    def _next_fault(self, message: Message) -> tuple[str, float]:
        """The fault that this message meets, or "", and its seconds. Scripted ones are used up, a message each."""
        scripted = SandboxFault.objects.filter(
            provider=self.alias, channel__in=("", message.channel), times__gt=0
        ).order_by("pk")
        while (fault := scripted.first()) is not None:
            # Another worker may have taken the last one meanwhile.
            if SandboxFault.objects.filter(pk=fault.pk, times__gt=0).update(times=F("times") - 1):
                return fault.fault, fault.seconds
        return MAGIC_RECIPIENTS.get(_name(message.to), ""), 0

    def _capture(self, message: Message) -> SandboxMessage:
        try:
            return SandboxMessage.objects.create(
                delivery_id=message.delivery_id,
                provider=self.alias,
                channel=message.channel,
                to=message.to,
                content=_content(message),
            )
        except (OperationalError, InterfaceError) as error:
            # The connection may have broken after the commit. A new one serves the messages after this.
            connections[router.db_for_write(SandboxMessage)].close_if_unusable_or_obsolete()
            raise UnknownOutcome(f"The database went away during the capture ({type(error).__name__}).") from error

    def _reports(self, captured: Iterable[SandboxMessage]) -> Iterator[Receipt]:
        for each in captured:
            yield self._receipt(each, "bounced" if _name(each.to) in BOUNCING_RECIPIENTS else "delivered")

    def _receipt(self, captured: SandboxMessage, state: ReceiptState) -> Receipt:
        return Receipt(delivery_id=captured.delivery_id, state=state, provider=self.alias, provider_id=str(captured.pk))


def _name(to: str) -> str:
    return to.partition("@")[0]


def _content(message: Message) -> dict[str, Any]:
    values = {each.name: getattr(message, each.name) for each in fields(message)}
    content = {
        name: _plain(value)
        for name, value in values.items()
        if name not in ("delivery_id", "channel", "to", "attachments")
    }
    if attachments := values.get("attachments"):
        content["attachments"] = [_about(each) for each in attachments]
    return content


def _plain(value: Any) -> Any:
    """The value as JSON can hold it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return dict(value) if isinstance(value, Mapping) else value


def _about(attachment: Attachment) -> dict[str, Any]:
    """What tells files apart, without the file."""
    return {
        "name": attachment.name,
        "content_type": attachment.content_type,
        "method": attachment.method,
        "bytes": len(attachment.content),
        "sha256": hashlib.sha256(attachment.content).hexdigest(),
    }
