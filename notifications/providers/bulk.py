"""What email services have in common that take several emails, each of its own wording, in one request."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.checks import CheckMessage, Error

from notifications.exceptions import AddressError, PermanentError, ProviderError
from notifications.messages import EmailMessage, Message, Receipt
from notifications.providers.email import addresses
from notifications.providers.esp import EspProvider


@dataclass(kw_only=True)
class BulkEspProvider(EspProvider):
    """Emails that have a sender, a type and their form in common share a request; any other goes alone.

    What people get is what `send` would have sent them, and nobody gets anything of another.
    """

    batch_max: ClassVar[int]
    """how many emails the service takes in one request"""

    batch_size: int = 1
    """how many emails of the bulk lane share a request at the most; 1: each goes alone"""

    @abstractmethod
    def fit(self, messages: Sequence[EmailMessage]) -> list[Sequence[Message]]:
        """Cut emails of one form, no two of them to one address, into requests that the service takes."""

    @abstractmethod
    def send_together(self, backend: Any, messages: Sequence[EmailMessage]) -> Sequence[Receipt | ProviderError]:
        """Make the request through the open backend: `send_batch` without what all services have in common."""

    def form(self, message: EmailMessage) -> Hashable:
        """What must be the same for all emails of a request; None if this one cannot share any."""
        try:
            found = addresses(message)
        except ProviderError:  # `send` says why
            return None
        has_words = message.subject and (message.text or message.html)
        if message.attachments or not has_words or not found.recipient.isascii():
            return None
        return (message.type, message.from_email, message.reply_to, not message.text, not message.html)

    def together(self, messages: Sequence[Message]) -> list[Sequence[Message]]:
        if self.batch_size < 2 or _are_watched():
            return super().together(messages)
        found: list[Sequence[Message]] = []
        groups: dict[Hashable, list[EmailMessage]] = defaultdict(list)
        seen: Counter[Hashable] = Counter()
        for each in messages:
            form = self.form(each) if isinstance(each, EmailMessage) else None
            if not isinstance(each, EmailMessage) or form is None:
                found.append([each])
                continue
            person = (form, each.to.lower())
            groups[form, seen[person]].append(each)
            seen[person] += 1
        for group in groups.values():
            found += self.fit(group)
        return found

    def send_batch(self, messages: Sequence[Message]) -> Sequence[Receipt | ProviderError]:
        emails = [each for each in messages if isinstance(each, EmailMessage)]
        if len(emails) < len(messages):
            raise PermanentError(f"{type(self).__name__} sends EmailMessage only.")
        try:
            return self.send_together(self._open(), emails)
        except AddressError as error:  # it is one person's, and nobody's was taken
            raise PermanentError(str(error), code=error.code) from error

    def check(self) -> list[CheckMessage]:
        found = super().check()
        size = self.batch_size
        if type(size) is not int or not 1 <= size <= self.batch_max:
            text = f"{self.where}['batch_size'] is {size!r}."
            hint = f"Give a whole number from 1, which sends each email alone, to {self.batch_max:,}."
            found.append(Error(text, hint=hint, id="notifications.email.E003"))
        return found


def _are_watched() -> bool:
    """Whether a receiver of Anymail's signals wants to see, change or cancel each email. Without Anymail too."""
    try:
        from anymail.signals import post_send, pre_send
    except ImportError:  # `send` says so
        return True
    return bool(pre_send.receivers or post_send.receivers)
