"""What goes in and out."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from notifications.exceptions import known
from notifications.models import Notification
from notifications.realtime import protocol
from notifications.realtime.client_messages import MAX_IDS


class ItemSerializer(serializers.ModelSerializer[Notification]):
    """A notification, exactly as the WebSocket sends it."""

    class Meta:
        model = Notification
        fields = tuple(protocol.Item.__annotations__)
        read_only_fields = fields

    def to_representation(self, instance: Notification) -> dict[str, Any]:
        """One function makes the shape, here and for the WebSocket."""
        return dict(protocol.item(instance))


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know: a misspelt one would silently do nothing."""

    def to_internal_value(self, data: Any) -> Any:
        """The validated values."""
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            text = f"Unknown field. {known(self.fields)}"
            raise serializers.ValidationError({name: [text] for name in unknown})
        return super().to_internal_value(data)


class IdsSerializer(StrictSerializer):
    """Which notifications."""

    ids = serializers.ListField(child=serializers.UUIDField(), max_length=MAX_IDS)


class OptionalIdsSerializer(StrictSerializer):
    """Which notifications; without `ids`, all that stand in the inbox."""

    ids = serializers.ListField(child=serializers.UUIDField(), max_length=MAX_IDS, required=False)
