"""Every error the app raises. The first argument is the message; it names what was wrong and what is valid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Protocol


class Place(Protocol):
    """Where something stands in a template."""

    @property
    def template(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


def known(names: Iterable[str]) -> str:
    """The end of an error text: the valid names, sorted."""
    return "Known: " + (", ".join(sorted(names)) or "none") + "."


class NotificationError(Exception):
    """Base class of everything this app raises."""


# What a caller did wrong. Nothing was stored.


class RegistrationError(NotificationError):
    """A notification type or trigger is declared wrongly. Raised at import."""


class UnknownTypeError(NotificationError, LookupError):
    """No notification type is registered under that key."""


class UnknownChannelError(NotificationError, LookupError):
    """No channel is configured under that name."""


class PayloadError(NotificationError, ValueError):
    """The payload has a missing, extra, mistyped, oversized or non-JSON value."""


class RecipientError(NotificationError, ValueError):
    """A recipient is of the wrong kind, or none of them can be reached on any channel."""


class ScheduleError(NotificationError, ValueError):
    """A time is naive, in the past, or contradicts another one."""


class KeyTooLongError(NotificationError, ValueError):
    """An idempotency key is empty or longer than its column."""


class SuppressionError(NotificationError, ValueError):
    """A suppression cannot be lifted."""


class ControlError(NotificationError, ValueError):
    """A provider cannot be controlled like that."""


class PhoneNumberError(NotificationError, ValueError):
    """A phone number is none, or of a kind or country that gets no SMS.

    `code` is one of `notifications.phone_numbers.CODES`. The text never holds the number: it may be logged.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class ContactPointError(NotificationError, ValueError):
    """An address of a person cannot be entered, or not be changed like that. The text is fit for that person.

    `code` is "limit", "invalid", "unverified", "disabled", "verified", "device", or "throttled"; with the last,
    `retry_after` says how long to wait.
    """

    def __init__(self, message: str, *, code: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


class TextTooLongError(NotificationError, ValueError):
    """An SMS cannot be cut to so many parts."""


class ConfigurationError(NotificationError):
    """A setting is wrong; the system checks name it."""


class TemplateError(NotificationError):
    """A template is missing, or failed while it was rendered.

    `template` is its name; `line` and `column` count from 1 and are None where nobody knows. The message holds nothing
    of the values that the template was given, for it is stored and logged; `explained` does, for who tries examples.
    """

    explained = ""

    def __init__(self, message: str, *, template: str = "", line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.template = template
        self.line = line
        self.column = column


class TemplateSyntaxError(TemplateError):
    """A template is not written as the language asks. `hint` is the message without the place; it says what to do."""

    def __init__(self, hint: str, *, template: str = "", line: int | None = None, column: int | None = None) -> None:
        where = f"{template}, line {line}, column {column}: " if line else f"{template}: " if template else ""
        super().__init__(where + hint, template=template, line=line, column=column)
        self.hint = hint

    @classmethod
    def at(cls, place: Place, hint: str) -> TemplateSyntaxError:
        """At that place of a text."""
        return cls(hint, template=place.template, line=place.line, column=place.column)


class HeldOut(NotificationError):
    """The recipient is in the hold-out of an A/B test, to whom nothing is sent. `variant` is its primary key."""

    def __init__(self, variant: int) -> None:
        super().__init__("Held out of an A/B test.")
        self.variant = variant


class TemplateStateError(NotificationError, ValueError):
    """A version of a template cannot take that step: it is in another state, or changed by somebody else meanwhile.

    `code` is "state", "changed", "running", "invalid", "reviewer" or "missing".
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class Complaint(Protocol):
    """What is wrong with a template: see `notifications.templating.validation`."""

    @property
    def part(self) -> str: ...
    @property
    def line(self) -> int | None: ...
    @property
    def message(self) -> str: ...


class TemplateInvalid(NotificationError, ValueError):
    """A version of a template has mistakes, so it is not published. `findings` are they, all of level "error"."""

    def __init__(self, findings: Sequence[Complaint]) -> None:
        told = [f"{each.part}{f', line {each.line}' if each.line else ''}: {each.message}" for each in findings[:3]]
        more = f" And {len(findings) - 3} more." if len(findings) > 3 else ""
        super().__init__(" ".join(told) + more)
        self.findings = findings


class ExchangeError(NotificationError, ValueError):
    """A folder or an archive of templates cannot be read, or not be written."""


class AttachmentError(NotificationError, ValueError):
    """An attachment is too large, of a type that is not allowed, not what it says it is, or has an unfit name."""


class DeviceError(NotificationError, ValueError):
    """The address of a device is of no known kind, or is not one."""


# What a provider answered. The pipeline decides by these types alone; any other exception counts as temporary.


class ProviderError(NotificationError):
    """The provider did not take the message. `code` is the provider's own code."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class TemporaryError(ProviderError):
    """Trying again may help. With `retry_after` the provider named the wait, and the attempt does not count."""

    def __init__(self, message: str, *, code: str = "", retry_after: timedelta | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class PermanentError(ProviderError):
    """Trying again will not help: the content or the configuration is refused."""


class AddressError(ProviderError):
    """The address is bad: this message fails, and later ones to the address are not tried."""


class OptedOutError(AddressError):
    """Its owner has told the provider to be sent nothing more: a STOP that we may not have heard of."""


class UnknownOutcome(ProviderError):
    """The request may have been accepted: a time-out after it was written, or an answer that makes no sense."""
