"""In-app: a row in the person's inbox, pushed to open pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from notifications.channels.base import Address, Channel, Content, Part, envelope, one_line, text_of
from notifications.messages import InAppMessage
from notifications.models import ContactPoint, Delivery, Reason


@dataclass(kw_only=True)
class InAppChannel(Channel):
    """Needs no provider: it is complete when it is stored."""

    leaves_app = False
    secure = True
    parts = (Part(name="in_app.title.txt"), Part(name="in_app.txt"))

    def addresses(self, user: Any, contact_points: Sequence[ContactPoint]) -> tuple[list[Address], Reason, str]:
        return [Address(address=str(user.pk))], Reason.NONE, ""

    def message(self, delivery: Delivery, content: Content) -> InAppMessage:
        return InAppMessage(
            **envelope(delivery, content),
            title=one_line(content.parts["in_app.title.txt"])[:200],
            text=text_of(content, "in_app.txt"),
            link=content.link,
        )
