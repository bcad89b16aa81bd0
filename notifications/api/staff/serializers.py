"""What comes in about templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from notifications.api.serializers import StrictSerializer
from notifications.exceptions import known
from notifications.services.templates.editing import NOTE_MAX_LENGTH

VALUES = ("example", "longest")
FILE, PUBLISHED, DRAFT = "file", "published", "draft"
SIDES = (FILE, PUBLISHED, DRAFT)
NUMBER_MAX = 2**31 - 1


class PartsField(serializers.DictField):
    """Part → source. Which parts there are, the service asks."""

    child = serializers.CharField(allow_blank=True, trim_whitespace=False)


class NoteSerializer(StrictSerializer):
    """What is said of a step."""

    note = serializers.CharField(max_length=NOTE_MAX_LENGTH, allow_blank=True, default="")


class BeginSerializer(NoteSerializer):
    """A draft; without `parts`, of what readers get now."""

    parts = PartsField(required=False)


class SaveSerializer(StrictSerializer):
    """All parts of a draft. `changed_at` is that of the draft as it was read."""

    parts = PartsField()
    changed_at = serializers.DateTimeField()
    note = serializers.CharField(max_length=NOTE_MAX_LENGTH, allow_blank=True, required=False)


class ChangeSerializer(SaveSerializer):
    """Some parts of a draft."""

    parts = PartsField(required=False)


class PublishSerializer(NoteSerializer):
    """`version`: which one, else the open one. `changed_at`: as it was read. `replaces`: what is published now."""

    version = serializers.IntegerField(min_value=1, max_value=NUMBER_MAX, required=False)
    changed_at = serializers.DateTimeField(required=False)
    replaces = serializers.IntegerField(min_value=1, max_value=NUMBER_MAX, required=False)


class RollBackSerializer(NoteSerializer):
    """`to`: a version, or "file"; else what was published before. `replaces`: what is published now."""

    to = serializers.JSONField(required=False)
    replaces = serializers.IntegerField(min_value=1, max_value=NUMBER_MAX, required=False)

    def validate_to(self, value: Any) -> int | str:
        """A number, or "file"."""
        if value == FILE or (type(value) is int and 1 <= value <= NUMBER_MAX):
            return value  # type: ignore[no-any-return]
        raise serializers.ValidationError('Valid: the number of a version, or "file".')


class ArchiveSerializer(NoteSerializer):
    """`replaces`: what is published now."""

    replaces = serializers.IntegerField(min_value=1, max_value=NUMBER_MAX, required=False)


class ValidateSerializer(StrictSerializer):
    """A text that need not be stored."""

    parts = PartsField()


class PreviewSerializer(StrictSerializer):
    """Which text: `parts`, or a `version`, or else what readers get. With which values: `values`, or those of a
    `notification`.
    """

    parts = PartsField(required=False)
    version = serializers.IntegerField(min_value=1, max_value=NUMBER_MAX, required=False)
    values = serializers.ChoiceField(choices=VALUES, required=False)
    notification = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of each two."""
        for one, other in (("parts", "version"), ("values", "notification")):
            if one in attrs and other in attrs:
                raise serializers.ValidationError({other: [f"Give either {one} or {other}."]})
        return attrs


class TestSerializer(StrictSerializer):
    """`version`: which one, else the open one, else what is published. `longest`: with the longest values."""

    __test__ = False  # pytest: no test class

    version = serializers.IntegerField(min_value=1, max_value=NUMBER_MAX, required=False)
    longest = serializers.BooleanField(default=False)


def chosen(given: Mapping[str, str], valid: Mapping[str, set[str]]) -> dict[str, str]:
    """The query of a list, each parameter one of its names. Raises `ValidationError`."""
    # "format" chooses the renderer, where a project offers several.
    if unknown := sorted(set(given) - {*valid, "format"}):
        raise ValidationError({name: [f"Unknown parameter. {known(valid)}"] for name in unknown})
    for name, names in valid.items():
        if name in given and given[name] not in names:
            raise ValidationError({name: [f"Unknown {name} '{given[name][:100]}'. {known(names)}"]})
    return {name: given[name] for name in valid if name in given}


def whole_number(name: str, given: str, most: int = NUMBER_MAX) -> int:
    """A parameter that is a number from 1 to `most`. Raises `ValidationError`."""
    # Digits alone are not enough: int() refuses thousands of them.
    if not given.isascii() or not given.isdigit() or len(given) > 10 or not 1 <= int(given) <= most:
        raise ValidationError({name: [f"'{given[:60]}' is not valid. Valid: a whole number from 1 to {most}."]})
    return int(given)
