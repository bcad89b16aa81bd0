"""Notification types: what a sibling app declares in its own `notifications.py`, and the registry of them all."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

from django.db.models import IntegerChoices
from django.utils.translation import gettext_noop

from notifications.exceptions import PayloadError, RecipientError, RegistrationError, UnknownTypeError, known
from notifications.keywords import RESERVED
from notifications.messages import Attachment
from notifications.payload import Schema
from notifications.variables import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import AbstractBaseUser
    from django.db.models import Model

KEY_MAX_LENGTH = 100
ANSWER = re.compile("[a-z_]{1,20}")
ANSWERABLE = timedelta(days=3)


class Priority(IntegerChoices):
    """How urgent a type is. Smaller is sooner. Its labels are English: `gettext` them."""

    CRITICAL = 0, gettext_noop("critical")
    HIGH = 1, gettext_noop("high")
    NORMAL = 2, gettext_noop("normal")
    LOW = 3, gettext_noop("low")


LANES: dict[str, tuple[Priority, ...]] = {
    "urgent": (Priority.CRITICAL, Priority.HIGH),
    "default": (Priority.NORMAL,),
    "bulk": (Priority.LOW,),
}
"""Each lane has workers of its own, so that what is large never delays what is urgent."""


STREAMS = ("transactional", "marketing")
"""The kinds of mail. Each may have a sender of its own, so that the one does not suffer from what people think of the
other; from what is marketing everybody can unsubscribe."""


def lane_of(priority: int) -> str:
    """The lane of a priority."""
    return next(lane for lane, priorities in LANES.items() if priority in priorities)


@dataclass_transform(kw_only_default=True, frozen_default=True)
class NotificationType:
    """One kind of notification. A subclass is a frozen, keyword-only dataclass.

    Annotated names are its payload: plain JSON values, stored with each notification. Names without annotation are
    its configuration, below.
    """

    key: ClassVar[str]
    """`<app>.<event>`, for ever: stored with each notification, and the folder of its templates"""
    category: ClassVar[str] = "general"
    """what people choose by in their preferences"""
    channels: ClassVar[tuple[str, ...]] = ("in_app",)
    """all of these are sent"""
    fallback: ClassVar[tuple[str, ...]] = ()
    """these in order, each when those before it (in-app apart) have failed for good"""
    fallback_after: ClassVar[timedelta | None] = None
    """the next fallback is also sent when the recipient has not seen the notification for so long"""
    priority: ClassVar[Priority] = Priority.NORMAL
    expires_after: ClassVar[timedelta | None] = None
    """how long after its time it is still worth sending"""
    resend_if_unknown: ClassVar[bool | None] = None
    """send again when nobody can tell whether it was sent; `None`: yes for critical and high"""
    mandatory: ClassVar[bool] = False
    """nobody can unsubscribe from it: what a contract or the law demands"""
    stream: ClassVar[str] = "transactional"
    """one of `STREAMS`: what a person's own doings call for, or what advertises"""
    sensitive: ClassVar[bool] = False
    """its texts stay out of SMS, push and logs: there, people read that there is a message, and sign in to read it"""
    answers: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """what a person may answer by SMS → the words for it, in capitals: {"confirm": ("C", "CONFIRM")}. Its text says
    which, with {{ reply_code }} behind the word: "Reply C {{ reply_code }} to confirm". `on_response` acts on it."""
    sms_smart: ClassVar[bool] = True
    """characters that make its SMS dearer, such as “ and …, are replaced where that saves parts"""
    sms_parts: ClassVar[int | None] = None
    """its SMS are shortened to so many parts, though never inside a link; None: as the channel says"""
    example: ClassVar[Mapping[str, Any]] = {}
    """a payload for previews and tests"""
    variables: ClassVar[Mapping[str, Variable]] = {}
    """the values that `context()` gives to its templates, each with an example: for the people who write texts, and for
    the checks of these. A type without a `context()` of its own has those of its payload, with the example's values"""

    _schema: ClassVar[Schema]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        annotated = inspect.get_annotations(cls)
        if clash := sorted(name for name in annotated if hasattr(NotificationType, name) or name == "key"):
            raise RegistrationError(
                f"{cls.__qualname__}: {', '.join(clash)} is configuration; write it without an annotation. "
                "Annotated names are the payload."
            )
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        cls._schema = Schema.of(cls)
        cls.__init__ = _checked(cls.__init__)  # type: ignore[method-assign]
        if "subject" in cls.__dict__:
            cls.subject = _remembered(cls.subject)  # type: ignore[assignment, method-assign]

    # What a subclass may define.

    def subject(self) -> Model | None:
        """The domain object this is about. Called once at most: the pipeline loads the subjects of a batch together."""
        return None

    def recipients(self) -> Iterable[Any]:
        """Whom to notify when the caller of `notify` does not say."""
        raise RecipientError(f"{self.key}: no recipients. Pass to=…, or define recipients() on the type.")

    def still_valid(self) -> bool:
        """Asked just before sending. False: what the notification says is no longer true, so it is skipped."""
        return True

    def context(self, recipient: AbstractBaseUser) -> dict[str, Any]:
        """The values its templates see: plain values only. Default: the payload."""
        return self.payload()

    def link(self, recipient: AbstractBaseUser) -> str:
        """What a click opens: a path on this site, or a whole URL."""
        return ""

    def attachments(self, recipient: AbstractBaseUser) -> Iterable[Attachment]:
        """The files that go along where a channel takes any. Asked for at each attempt to send, and never stored."""
        return ()

    def media(self, recipient: AbstractBaseUser) -> Iterable[str]:
        """Addresses of pictures that go along with an SMS, 10 at most: paths on this site, or whole URLs.

        The provider fetches them, so they are public; one that carries no pictures is passed over. A sensitive type
        is never asked.
        """
        return ()

    def worded_by(self) -> int | None:
        """The primary key of the version of a template that words it, whether published or not; None: its own text."""
        return None

    def answers_until(self, asked_at: datetime) -> datetime:
        """How long an answer counts."""
        return asked_at + ANSWERABLE

    # What the app uses.

    def payload(self) -> dict[str, Any]:
        """The annotated names and their values, as JSON holds them."""
        return {name: getattr(self, name) for name in self._schema.fields}

    def prime(self, subject: Model | None) -> None:
        """Give the subject that `subject()` would load."""
        object.__setattr__(self, "_subject", subject)

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> NotificationType:
        """The inverse of `payload()`. Raises `PayloadError`."""
        try:
            return cls(**payload)
        except PayloadError:
            raise
        except Exception as error:  # no mapping, or refused by the type's own rules
            raise PayloadError(f"{cls.key}: the payload does not fit: {type(error).__name__}: {error}") from error

    @classmethod
    def declared_variables(cls) -> Mapping[str, Variable] | None:
        """What its templates see besides what all do; None: it has a `context()` of its own and does not say."""
        if cls.variables or cls.context is not NotificationType.context:
            return cls.variables or None
        return {name: Variable(example=cls.example.get(name)) for name in cls._schema.fields}

    @classmethod
    def resends_if_unknown(cls) -> bool:
        """`resend_if_unknown` with its default applied."""
        if cls.resend_if_unknown is None:
            return cls.priority <= Priority.HIGH
        return cls.resend_if_unknown


_registry: dict[str, type[NotificationType]] = {}
_T = TypeVar("_T", bound=type[NotificationType])


def register(cls: _T) -> _T:
    """Class decorator: makes a type known. Raises `RegistrationError` for a mistake in its declaration."""
    where = f"{cls.__module__}.{cls.__qualname__}"
    key = getattr(cls, "key", None)
    if not isinstance(key, str) or not key or len(key) > KEY_MAX_LENGTH or not _is_path_safe(key):
        raise RegistrationError(
            f"{where}.key is {key!r}; it must be 1 to {KEY_MAX_LENGTH} letters, digits, '.', '_' or '-', "
            "such as 'clinic.appointment_reminder'."
        )
    other = _registry.get(key)
    if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
        raise RegistrationError(f"Two types have the key '{key}': {other.__module__}.{other.__qualname__} and {where}.")
    for name in ("channels", "fallback"):
        value = getattr(cls, name)
        if isinstance(value, str) or not all(isinstance(each, str) for each in value):
            raise RegistrationError(f"{where}.{name} is {value!r}; it must be a tuple of channel names.")
    if not cls.channels:
        raise RegistrationError(f"{where}.channels is empty; name at least one channel.")
    if twice := set(cls.channels) & set(cls.fallback):
        raise RegistrationError(f"{where}: {', '.join(sorted(twice))} stands in both channels and fallback.")
    if not isinstance(cls.priority, Priority):
        raise RegistrationError(
            f"{where}.priority is {cls.priority!r}. {known('Priority.' + p.name for p in Priority)}"
        )
    if cls.stream not in STREAMS:
        raise RegistrationError(f"{where}.stream is {cls.stream!r}. {known(STREAMS)}")
    if cls.sms_parts is not None and cls.sms_parts < 1:
        raise RegistrationError(f"{where}.sms_parts is {cls.sms_parts!r}; it must be None, or 1 or more.")
    if cls.stream == "marketing" and cls.mandatory:
        raise RegistrationError(
            f"{where} is marketing and mandatory; everybody can unsubscribe from marketing. Leave one of them out."
        )
    _check_answers(cls, where)
    _registry[key] = cls
    return cls


def _check_answers(cls: type[NotificationType], where: str) -> None:
    """A word that the law takes for STOP, START or HELP never reaches the type; YES does where nothing was stopped."""
    said: dict[str, str] = {}
    declared: Mapping[str, Any] = cls.answers
    for answer, words in declared.items():
        if not ANSWER.fullmatch(answer) or not isinstance(words, tuple) or not words:
            raise RegistrationError(
                f"{where}.answers has {answer!r}: {words!r}. An answer is 1 to 20 small letters, with a tuple of words."
            )
        for word in words:
            if not (isinstance(word, str) and word.isalpha() and word == word.upper() and len(word) <= 20):
                raise RegistrationError(
                    f"{where}.answers['{answer}'] has {word!r}; a word is 1 to 20 letters, in capitals."
                )
            if word in RESERVED:
                raise RegistrationError(
                    f"{where}.answers['{answer}'] has {word}, which ends, resumes or explains all messages to a "
                    f"number. Choose another word than {', '.join(sorted(RESERVED))}."
                )
            if word in said:
                raise RegistrationError(f"{where}.answers: {word} means both '{said[word]}' and '{answer}'.")
            said[word] = answer


def unregister(key: str) -> None:
    """Forget a type; for tests that declare their own."""
    _registry.pop(key, None)


def get_type(key: str) -> type[NotificationType]:
    """The type with that key. Raises `UnknownTypeError`."""
    try:
        return _registry[key]
    except KeyError:
        raise UnknownTypeError(f"Unknown notification type '{key}'. {known(_registry)}") from None


def all_types() -> list[type[NotificationType]]:
    """All registered types, by key."""
    return [_registry[key] for key in sorted(_registry)]


def _is_path_safe(key: str) -> bool:
    return (
        ".." not in key
        and key[0] not in ".-"
        and all(each.isalnum() or each in "._-" for each in key)
        and key.isascii()
    )


def _checked(init: Callable[..., None]) -> Callable[..., None]:
    """The dataclass's `__init__`, after a check of what it is given."""

    @wraps(init)
    def __init__(self: NotificationType, *args: Any, **values: Any) -> None:
        if args:
            raise PayloadError(f"{self.key}: give the payload by name. Its payload: {', '.join(self._schema.fields)}.")
        self._schema.check(self.key, values)
        init(self, **values)

    return __init__


def _remembered(
    method: Callable[[NotificationType], Model | None],
) -> Callable[[NotificationType], Model | None]:
    @wraps(method)
    def subject(self: NotificationType) -> Model | None:
        if "_subject" not in self.__dict__:
            self.prime(method(self))
        found: Model | None = self.__dict__["_subject"]
        return found

    return subject
