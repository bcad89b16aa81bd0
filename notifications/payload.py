"""The payload of a notification type: which fields it has, and whether given values fit and are JSON."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from typing import Any

from notifications import conf
from notifications.exceptions import PayloadError, RegistrationError

_JSON: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    float: (float, int),
    bool: (bool,),
    list: (list,),
    dict: (dict,),
    type(None): (type(None),),
}


@dataclasses.dataclass(frozen=True)
class Schema:
    """The fields of a payload: name → the Python types its value may have, and those that must be given."""

    fields: Mapping[str, tuple[type, ...]]
    required: frozenset[str]

    @classmethod
    def of(cls, declared: type) -> Schema:
        """The schema of a dataclass. Raises `RegistrationError` for an annotation that JSON cannot hold."""
        where = f"{declared.__module__}.{declared.__qualname__}"
        try:
            hints = typing.get_type_hints(declared)
        except NameError as error:
            raise RegistrationError(f"{where}: {error}; a payload annotation must be importable.") from error
        found = dataclasses.fields(declared)
        missing = dataclasses.MISSING
        return cls(
            fields={each.name: _json_types(hints[each.name], f"{where}.{each.name}") for each in found},
            required=frozenset(
                each.name for each in found if each.default is missing and each.default_factory is missing
            ),
        )

    def check(self, key: str, values: Mapping[str, Any]) -> None:
        """Raises `PayloadError`, for the type of that key, if the values do not fit."""
        valid = f"Its payload: {', '.join(self.fields) or 'empty'}."
        if extra := values.keys() - self.fields.keys():
            raise PayloadError(f"{key}: unknown payload field {', '.join(sorted(extra))}. {valid}")
        if missing := self.required - values.keys():
            raise PayloadError(f"{key}: missing payload field {', '.join(sorted(missing))}. {valid}")
        for name, value in values.items():
            if not _fits(value, self.fields[name]):
                wanted = " or ".join(_word(each) for each in dict.fromkeys(self.fields[name]))
                raise PayloadError(
                    f"{key}: payload field {name} must be {wanted}, not {type(value).__name__}: {value!r:.80}"
                )
        _check_json(key, values)


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


def _fits(value: Any, allowed: tuple[type, ...]) -> bool:
    if isinstance(value, bool):  # Python counts it among the ints
        return bool in allowed or object in allowed
    return isinstance(value, allowed)


def _word(kind: type) -> str:
    return "None" if kind is type(None) else kind.__name__


def _check_json(key: str, values: Mapping[str, Any]) -> None:
    try:
        text = json.dumps(values, allow_nan=False, ensure_ascii=False).encode()  # refuses half a surrogate pair
    except (TypeError, ValueError, RecursionError) as error:
        raise PayloadError(
            f"{key}: the payload is not JSON ({error}). Use str, int, float, bool, list, dict or None."
        ) from error
    if len(text) > (limit := conf.get().PAYLOAD_MAX_BYTES):
        raise PayloadError(f"{key}: the payload has {len(text)} bytes; at most {limit} are allowed.")
    if b"\\u0000" in text:
        raise PayloadError(f"{key}: the payload holds a NUL character, which PostgreSQL cannot store.")
