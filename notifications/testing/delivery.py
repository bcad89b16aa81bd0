"""All of the workers' work, in this process."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

from notifications import conf
from notifications.messages import Receipt
from notifications.pipeline import dispatch
from notifications.providers.base import Provider
from notifications.providers.registry import get_provider
from notifications.providers.sandbox import SandboxProvider
from notifications.services import apply_inbound, apply_waiting, record_receipts
from notifications.types import LANES


def deliver_all(*, timeout_seconds: float = 60) -> int:
    """Deliver what is due in every lane, and take in receipts and posted events, until nothing is left to do.

    No Django Q is needed. What is due later stays: advance a frozen clock and call it again. The sandbox gives its
    receipts at once. Returns how many deliveries were settled. Raises `TimeoutError`.
    """
    until = time.monotonic() + timeout_seconds
    settled = 0
    while time.monotonic() < until:
        done = sum(dispatch.run(lane, until=until) for lane in LANES)
        settled += done
        if not done and not _take_receipts() and not apply_waiting() and not apply_inbound():
            return settled
    raise TimeoutError(f"Deliveries were still due after {timeout_seconds} s; {settled} were settled.")


def _take_receipts() -> int:
    applied = 0
    for alias in conf.get().PROVIDERS:
        provider = get_provider(alias)
        receipts = _receipts(provider)
        if receipts:
            applied += record_receipts(receipts)
            provider.acknowledge(receipts)
    return applied


def _receipts(provider: Provider) -> Sequence[Receipt]:
    if isinstance(provider, SandboxProvider):
        provider = dataclasses.replace(provider, receipt_delay_seconds=0)
    return list(provider.fetch_receipts())
