"""Notification types: what a sibling app declares in its own `notifications.py`, and the registry of them all."""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

from django.db.models import IntegerChoices

from notifications import conf
from notifications.exceptions import PayloadError, RecipientError, RegistrationError, UnknownTypeError, known

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import AbstractBaseUser
    from django.db.models import Model

KEY_MAX_LENGTH = 100


class Priority(IntegerChoices):
    """How urgent a type is. Smaller is sooner."""

    CRITICAL = 0, "critical"
    HIGH = 1, "high"
    NORMAL = 2, "normal"
    LOW = 3, "low"


LANES: dict[str, tuple[Priority, ...]] = {
    "urgent": (Priority.CRITICAL, Priority.HIGH),
    "default": (Priority.NORMAL,),
    "bulk": (Priority.LOW,),
}
"""Each lane has workers of its own, so that what is large never delays what is urgent."""


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
    sensitive: ClassVar[bool] = False
    """its texts stay out of SMS, push and logs"""
    example: ClassVar[Mapping[str, Any]] = {}
    """a payload for previews and tests"""

    _fields: ClassVar[dict[str, tuple[type, ...]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        annotated = inspect.get_annotations(cls)
        if clash := sorted(name for name in annotated if hasattr(NotificationType, name) or name == "key"):
            raise RegistrationError(
                f"{cls.__qualname__}: {', '.join(clash)} is configuration; write it without an annotation. "
                "Annotated names are the payload."
            )
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)
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

    # What the app uses.

    def payload(self) -> dict[str, Any]:
        """The annotated names and their values, as JSON holds them."""
        return {name: getattr(self, name) for name in self._fields}

    def prime(self, subject: Model | None) -> None:
        """Give the subject that `subject()` would load."""
        object.__setattr__(self, "_subject", subject)

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> NotificationType:
        """The inverse of `payload()`. Raises `PayloadError`."""
        return cls(**payload)

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
    cls._fields = _payload_fields(cls, where)
    _registry[key] = cls
    return cls


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


# Payload

_JSON = {
    str: (str,),
    int: (int,),
    float: (float, int),
    bool: (bool,),
    list: (list,),
    dict: (dict,),
    type(None): (type(None),),
}


def _is_path_safe(key: str) -> bool:
    return (
        ".." not in key
        and key[0] not in ".-"
        and all(each.isalnum() or each in "._-" for each in key)
        and key.isascii()
    )


def _payload_fields(cls: type[NotificationType], where: str) -> dict[str, tuple[type, ...]]:
    """Field name → the Python types its value may have."""
    try:
        hints = typing.get_type_hints(cls)
    except NameError as error:
        raise RegistrationError(f"{where}: {error}; a payload annotation must be importable.") from error
    return {each.name: _json_types(hints[each.name], f"{where}.{each.name}") for each in dataclasses.fields(cls)}  # type: ignore[arg-type]


def _json_types(annotation: Any, where: str) -> tuple[type, ...]:
    if annotation is Any:
        return (object,)
    origin = typing.get_origin(annotation) or annotation
    if origin in (typing.Union, types.UnionType):
        return tuple(each for part in typing.get_args(annotation) for each in _json_types(part, where))
    if origin is typing.Literal:
        return tuple(type(each) for each in typing.get_args(annotation))
    if origin not in _JSON:
        raise RegistrationError(
            f"{where} is annotated {annotation!r}, which JSON cannot hold. "
            "Use str, int, float, bool, list, dict, None or a union of them: an id rather than an object."
        )
    return _JSON[origin]


def _checked(init: Callable[..., None]) -> Callable[..., None]:
    """Turn the dataclass's `__init__` into one that checks names, types and JSON, and says what is valid."""

    @wraps(init)
    def __init__(self: NotificationType, *args: Any, **values: Any) -> None:
        declared = {each.name: each for each in dataclasses.fields(self)}  # type: ignore[arg-type]
        fields = f"Its payload: {', '.join(declared) or 'empty'}."
        if args:
            raise PayloadError(f"{self.key}: give the payload by name. {fields}")
        if extra := sorted(values.keys() - declared.keys()):
            raise PayloadError(f"{self.key}: unknown payload field {', '.join(extra)}. {fields}")
        needed = {
            name
            for name, each in declared.items()
            if each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
        }
        if missing := sorted(needed - values.keys()):
            raise PayloadError(f"{self.key}: missing payload field {', '.join(missing)}. {fields}")
        for name, value in values.items():
            _check_value(self, name, value)
        init(self, **values)
        _check_json(self)

    return __init__


def _check_value(instance: NotificationType, name: str, value: Any) -> None:
    allowed = instance._fields.get(name, (object,))
    if object in allowed or (isinstance(value, allowed) and not (isinstance(value, bool) and bool not in allowed)):
        return
    wanted = " or ".join("None" if each is type(None) else each.__name__ for each in dict.fromkeys(allowed))
    raise PayloadError(
        f"{instance.key}: payload field {name} must be {wanted}, not {type(value).__name__}: {value!r:.80}"
    )


def _check_json(instance: NotificationType) -> None:
    values = {each.name: getattr(instance, each.name) for each in dataclasses.fields(instance)}  # type: ignore[arg-type]
    try:
        text = json.dumps(values, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise PayloadError(
            f"{instance.key}: the payload is not JSON ({error}). Use str, int, float, bool, list, dict or None."
        ) from error
    if len(text) > (limit := conf.get().PAYLOAD_MAX_BYTES):
        raise PayloadError(f"{instance.key}: the payload has {len(text)} bytes; at most {limit} are allowed.")
    if "\\u0000" in text:
        raise PayloadError(f"{instance.key}: the payload holds a NUL character, which PostgreSQL cannot store.")


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
