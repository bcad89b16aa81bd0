"""The suppression list: who must not be sent to, and how that ends."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from notifications import clock
from notifications.exceptions import SuppressionError
from notifications.models import Cause, Suppression
from notifications.models.suppression import normal


def suppress(channel: str, address: str, cause: Cause, *, category: str = "", detail: str = "") -> bool:
    """Send nothing more to an address, in one category or in all. Returns False if that was so already.

    What is queued or claimed for it is stopped too: the gate asks again just before each message is sent.
    """
    try:
        with transaction.atomic():
            Suppression.objects.create(
                channel=channel, address=normal(address), category=category, cause=cause, detail=detail
            )
    except IntegrityError:
        return False
    return True


def lift(suppression: Suppression, *, by: str, reason: str) -> None:
    """Allow sending again. Raises `SuppressionError` without a reason, or if it was lifted before."""
    if not reason.strip():
        raise SuppressionError(f"Lifting the suppression of {suppression.address} needs a reason.")
    lifted = Suppression.objects.active().filter(pk=suppression.pk)
    if not lifted.update(lifted_at=clock.now(), lifted_by=by, lifted_reason=reason.strip()[:300]):
        raise SuppressionError(f"The suppression of {suppression.address} was lifted before.")
