"""What goes in and out about a person's own addresses."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from notifications import devices as addresses
from notifications.api.serializers import StrictSerializer
from notifications.devices import FCM, WEBPUSH, Device
from notifications.exceptions import DeviceError
from notifications.models import ContactPoint
from notifications.models.contact_point import PUSH
from notifications.preferences.locale import zone_hint
from notifications.services.contact_points import EMAIL, LABEL_MAX_LENGTH, SMS

ADDRESS_MAX_LENGTH = 320


class NewSerializer(StrictSerializer):
    """An address that the person types in."""

    channel = serializers.ChoiceField(choices=[SMS, EMAIL])
    address = serializers.CharField(max_length=ADDRESS_MAX_LENGTH)
    label = serializers.CharField(max_length=LABEL_MAX_LENGTH, allow_blank=True, default="")  # type: ignore[assignment]


class ChangeSerializer(StrictSerializer):
    """What may be changed. No address ceases to be primary but by another one."""

    label = serializers.CharField(max_length=LABEL_MAX_LENGTH, allow_blank=True, required=False)  # type: ignore[assignment]
    is_primary = serializers.BooleanField(required=False)
    is_enabled = serializers.BooleanField(required=False)

    def validate_is_primary(self, value: bool) -> bool:
        """True."""
        if not value:
            raise serializers.ValidationError("Make another one primary instead.")
        return value


class CodeSerializer(StrictSerializer):
    """What the person read in the message."""

    code = serializers.CharField(max_length=40)


class GoneSerializer(StrictSerializer):
    """A device, by its kind and what it is known by there."""

    kind = serializers.ChoiceField(choices=[FCM, WEBPUSH])
    token = serializers.CharField(required=False)
    subscription = serializers.JSONField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """With the `device`."""
        name, other = ("token", "subscription") if attrs["kind"] == FCM else ("subscription", "token")
        if name not in attrs or other in attrs:
            raise serializers.ValidationError(
                {name: [f"A device of kind {attrs['kind']} has a {name}, and no {other}."]}
            )
        return {**attrs, "device": _device(name, attrs["kind"], attrs[name])}


class DeviceSerializer(GoneSerializer):
    """A device that is there; `replaces` is the token or the subscription that it had before."""

    label = serializers.CharField(max_length=LABEL_MAX_LENGTH, allow_blank=True, default="")  # type: ignore[assignment]
    replaces = serializers.JSONField(required=False)
    renew = serializers.BooleanField(default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """With the `device`, and what it `replaces`, as devices."""
        attrs = super().validate(attrs)
        given = attrs.get("replaces")
        return {**attrs, "replaces": None if given is None else _device("replaces", attrs["kind"], given)}


def _device(name: str, kind: str, given: Any) -> Device:
    try:
        return addresses.webpush(given) if kind == WEBPUSH else addresses.parse(f"{kind}:{given}")
    except DeviceError as error:
        raise serializers.ValidationError({name: [str(error)]}) from error


def item(point: ContactPoint, owner: Any) -> dict[str, Any]:
    """What its owner sees of it. The address of a device is a secret of that device, so it is left out.

    `time_zone_hint` is where a verified phone number is from, for an owner who has named no time zone; else None.
    """
    device = point.channel == PUSH
    phone = point.channel == SMS and not point.is_unverified
    return {
        "id": point.pk,
        "channel": point.channel,
        "kind": (addresses.kind_of(point.address) or "device") if device else "",
        "address": None if device else point.address,
        "label": point.label,
        "is_primary": point.is_primary,
        "is_verified": not point.is_unverified,
        "is_enabled": point.disabled_at is None,
        "disabled_by": (point.disabled_by or "system") if point.disabled_at else "",
        "seen_at": point.seen_at,
        "created_at": point.created_at,
        "time_zone_hint": zone_hint(owner, point.address) if phone else None,
    }
